import type { Database } from "better-sqlite3";
import { LockoutError } from "../../lockout/errors/errors.ts";

/** How many users each organisation has. Changes are made inside a transaction. */
export interface UserCounts {
  /** Counts a user who is about to be registered. @throws LockoutError `usersTooMany` */
  add(orgId: string): void;
  subtract(orgId: string): void;
}

/** @param max users of an organisation; 0 for any number */
export function prepareUserCounts(database: Database, max: number): UserCounts {
  const count = database
    .prepare<[string], number>("SELECT count FROM user_counts WHERE org_id = ?")
    .pluck();
  const step = database.prepare<[string, number]>(
    `INSERT INTO user_counts (org_id, count) VALUES (?, ?)
     ON CONFLICT (org_id) DO UPDATE SET count = count + excluded.count`,
  );
  return {
    add: (orgId) => {
      if (max > 0 && (count.get(orgId) ?? 0) >= max) {
        throw new LockoutError("usersTooMany");
      }
      step.run(orgId, 1);
    },
    subtract: (orgId) => {
      step.run(orgId, -1);
    },
  };
}
