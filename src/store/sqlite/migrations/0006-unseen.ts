import { foldedAnew } from "../../shared/alias-folding.ts";
import type { StoredAlias } from "../../shared/alias-folding.ts";
import type { Migration } from "../migrate.ts";

/**
 * Aliases that have characters which nobody sees are folded anew, without them: those of older users first. One that another
 * user has then already stays as it was, and leads to its user if it is typed as it was given; `check` names it.
 */
export const unseen: Migration = {
  number: 6,
  name: "unseen",
  sql: "",
  run: (database) => {
    const update = database.prepare<[string, string, string]>(
      "UPDATE OR IGNORE aliases SET folded = ? WHERE org_id = ? AND folded = ?",
    );
    const rows = database
      .prepare<[], StoredAlias>(
        "SELECT org_id, folded, name FROM aliases ORDER BY subject, place",
      )
      .iterate();
    const changes: (readonly [string, string, string])[] = [];
    for (const row of rows) {
      const folded = foldedAnew(row);
      if (folded !== undefined) {
        changes.push([folded, row.org_id, row.folded]);
      }
    }
    for (const change of changes) {
      update.run(...change);
    }
  },
};
