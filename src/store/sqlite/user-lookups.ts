import type { Database } from "better-sqlite3";
import {
  countAllUsersSql,
  countUsersSql,
  namedUsersSql,
  toUserKey,
} from "../shared/user-lookups.ts";
import type { NamedUserRow } from "../shared/user-lookups.ts";
import type { UserLookupStore } from "../user-lookups.ts";

/** The part of the store that finds users of several organisations. @param read runs a query */
export function createUserLookups(
  database: Database,
  read: <T>(query: () => T) => T,
): UserLookupStore {
  const named = database.prepare<
    [{ readonly orgs: string; readonly names: string }],
    NamedUserRow
  >(
    namedUsersSql(
      (column, name) => `${column} IN (SELECT value FROM json_each(@${name}))`,
    ),
  );
  const count = database.prepare<[string], number>(countUsersSql("?")).pluck();
  const countAll = database
    .prepare<[], number | null>(countAllUsersSql)
    .pluck();
  return {
    findUsersNamed: async (orgs, names) =>
      read(() =>
        named
          .all({ orgs: JSON.stringify(orgs), names: JSON.stringify(names) })
          .map(toUserKey),
      ),
    countUsers: async (orgId) =>
      read(
        () => (orgId === undefined ? countAll.get() : count.get(orgId)) ?? 0,
      ),
  };
}
