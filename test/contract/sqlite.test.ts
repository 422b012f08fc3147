import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { describeStore } from "./store.ts";

describeStore("SQLite", async () => {
  const dir = await makeTempDir();
  return {
    open: (role, context) =>
      openSqliteStore({
        path: dir.file("lockoutd.db"),
        exclusive: role === "server",
        ...context,
      }),
    destroy: dir.remove,
  };
});
