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
import type { PostgresDatabase } from "./database.ts";
import { namedCall, namedStatement } from "./named-statement.ts";
import type { Result } from "./pipeline.ts";

const idsFrom = namedStatement<FindValues>("find_ids", idsFromSql);
const aliasesFrom = namedStatement<FindValues>("find_aliases", aliasesFromSql);
const parts = namedStatement<FindValues>("find_parts", partsSql);
const searched = namedStatement<FindValues>("find_searched", searchedSql);

/** Reads the next rows of a phase, behind a place. */
export async function findRows(
  database: PostgresDatabase,
  orgId: string,
  text: TextsOfUser,
  phase: FindPhase,
  after: string | undefined,
): Promise<FoundRows<FoundRow>> {
  const values = findValues(orgId, text, phase, after);
  const { limit } = values;
  if (phase !== "parts") {
    const [statement, found] =
      phase === "ids"
        ? ([idsFrom, foundByIds] as const)
        : ([aliasesFrom, foundByAliases] as const);
    const rows = await database.query(...namedCall(statement, values));
    return found(rowsOf(rows), text, after, limit);
  }
  const [rows, window] = await database.use(({ send }) =>
    send(namedCall(parts, values), namedCall(searched, values)),
  );
  const [{ last, count } = { last: null, count: 0 }] = window?.rows ?? [];
  return foundByParts(
    rowsOf(rows),
    { last: last as string | null, count: Number(count) },
    limit,
  );
}

function rowsOf(result: Result | undefined): readonly FoundRow[] {
  return (result?.rows ?? []) as unknown as readonly FoundRow[];
}
