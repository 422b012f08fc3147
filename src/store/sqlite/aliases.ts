import type { Database } from "better-sqlite3";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { AliasTable } from "../commands/tables.ts";

/** Changes are made inside a transaction. */
export function prepareAliases(database: Database): AliasTable {
  const find = database
    .prepare<[string, string], number>(
      "SELECT subject FROM aliases WHERE org_id = ? AND folded = ?",
    )
    .pluck();
  const list = database
    .prepare<[number], string>(
      "SELECT name FROM aliases WHERE subject = ? ORDER BY place",
    )
    .pluck();
  const clear = database.prepare<[number]>(
    "DELETE FROM aliases WHERE subject = ?",
  );
  const insert = database.prepare<[string, string, string, number, number]>(
    `INSERT INTO aliases (org_id, folded, name, subject, place) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (org_id, folded) DO NOTHING`,
  );
  return {
    find: (orgId, folded) => find.get(orgId, folded),
    list: (subject) => list.all(subject),
    replace: (orgId, subject, aliases) => {
      clear.run(subject);
      for (const [place, { name, folded }] of aliases.entries()) {
        if (insert.run(orgId, folded, name, subject, place).changes > 0) {
          continue;
        }
        throw new LockoutError("aliasTaken");
      }
    },
  };
}
