import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { usePostgres } from "../support/use-postgres.ts";
import { describeStore } from "./store.ts";

const postgres = usePostgres();

describeStore("PostgreSQL", async () => {
  const { url, drop } = await postgres.createMigrated();
  return {
    open: (role, context) =>
      openPostgresStore({ url, exclusive: role === "server", ...context }),
    destroy: drop,
  };
});
