import { foldedAnew } from "../../shared/alias-folding.ts";
import type { StoredAlias } from "../../shared/alias-folding.ts";
import { unnamed } from "../database.ts";
import type { Migration } from "../migrate.ts";

const batchSize = 1000;

/**
 * Aliases that have characters which nobody sees are folded anew, without them: those of older users first. One that another
 * user has then already stays as it was, and leads to its user if it is typed as it was given; `check` names it.
 */
export const unseen: Migration = {
  number: 5,
  name: "unseen",
  sql: "",
  run: async ({ send }) => {
    let after: readonly [number, number] = [-1, -1];
    for (;;) {
      const [read] = await send([
        unnamed(`SELECT org_id, folded, name, subject, place FROM aliases WHERE (subject, place) > ($1::bigint, $2::bigint)
          ORDER BY subject, place LIMIT ${batchSize}`),
        ...after,
      ]);
      const rows = (read?.rows ?? []) as unknown as readonly (StoredAlias & {
        readonly subject: number;
        readonly place: number;
      })[];
      for (const row of rows) {
        const folded = foldedAnew(row);
        if (folded === undefined) {
          continue;
        }
        await send([
          unnamed(`UPDATE aliases SET folded = $1 WHERE org_id = $2 AND folded = $3
            AND NOT EXISTS (SELECT 1 FROM aliases WHERE org_id = $2 AND folded = $1)`),
          ...[folded, row.org_id, row.folded],
        ]);
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < batchSize) {
        return;
      }
      after = [last.subject, last.place];
    }
  },
};
