import { join } from "node:path";
import { createLockoutClient, withLockout } from "../../client/src/index.ts";
import { startLockoutd } from "../support/lockoutd-server.ts";
import type { Contestant } from "./guard.ts";

const userId = "399999999999999999";

/** Our server in a process of its own, asked by our helper for login code over gRPC. */
export const lockoutd: Contestant = {
  title: "lockoutd, by `withLockout`: begin, verify, complete",
  store: "SQLite",
  start: async (directory, limit) => {
    const server = await startLockoutd({
      database: join(directory, "lockoutd.db"),
      passwordLimit: limit,
    });
    const { url, token } = server;
    const client = createLockoutClient({ url, token });
    return {
      login: async (compare) => {
        const result = await withLockout(
          client,
          { userId },
          "password",
          compare,
        );
        const { outcome, error } = result.private;
        if (outcome === "unavailable") {
          throw error;
        }
      },
      close: async () => {
        client.close();
        await server.stop();
      },
    };
  },
};
