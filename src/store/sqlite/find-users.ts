import type { Database } from "better-sqlite3";
import type { FindPhase } from "../commands/found-pages.ts";
import {
  aliasesFromSql,
  findValues,
  foundByAliases,
  foundByIds,
  foundByParts,
  idsFromSql,
  partsSql,
  searchedSql,
} from "../shared/find-users.ts";
import type { FindValues, FoundRow, FoundRows } from "../shared/find-users.ts";
import type { TextsOfUser } from "../users.ts";

/** Reads the next rows of a phase, behind a place. */
export type FindRows = (
  orgId: string,
  text: TextsOfUser,
  phase: FindPhase,
  after: string | undefined,
) => FoundRows<FoundRow>;

/** Prepares the statements of {@link FindRows}. */
export function prepareFinding(database: Database): FindRows {
  const named = (name: string) => `@${name}`;
  const prepare = <Row>(write: (name: typeof named) => string) =>
    database.prepare<[FindValues], Row>(write(named));
  const idsFrom = prepare<FoundRow>(idsFromSql);
  const aliasesFrom = prepare<FoundRow>(aliasesFromSql);
  const parts = prepare<FoundRow>(partsSql);
  const searched = prepare<{ last: string | null; count: number }>(searchedSql);
  return (orgId, text, phase, after) => {
    const values = findValues(orgId, text, phase, after);
    const { limit } = values;
    switch (phase) {
      case "ids":
        return foundByIds(idsFrom.all(values), text, after, limit);
      case "aliases":
        return foundByAliases(aliasesFrom.all(values), text, after, limit);
      case "parts":
        return foundByParts(parts.all(values), searched.get(values), limit);
    }
  };
}
