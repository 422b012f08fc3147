import {
  countAllUsersSql,
  countUsersSql,
  namedUsersSql,
  toUserKey,
} from "../shared/user-lookups.ts";
import type { NamedUserRow } from "../shared/user-lookups.ts";
import type { UserLookupStore } from "../user-lookups.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";

const named: Statement = {
  name: "find_users_named",
  text: namedUsersSql(
    (column, name) => `${column} = ANY ($${name === "orgs" ? 1 : 2}::text[])`,
  ),
};
const count: Statement = { name: "count_users", text: countUsersSql("$1") };
const countAll: Statement = { name: "count_all_users", text: countAllUsersSql };

/** The part of the store that finds users of several organisations. */
export function createUserLookups(database: PostgresDatabase): UserLookupStore {
  return {
    findUsersNamed: async (orgs, names) => {
      const { rows } = await database.query(named, orgs, names);
      return rows.map((row) => toUserKey(row as unknown as NamedUserRow));
    },
    countUsers: async (orgId) => {
      const { rows } =
        orgId === undefined
          ? await database.query(countAll)
          : await database.query(count, orgId);
      return Number(rows[0]?.["count"] ?? 0);
    },
  };
}
