/** How users are found by a text, as every engine reads them: see `found-pages.ts` for the order. */
import {
  aliasesAtOnce,
  foundAtOnce,
  searchedAtOnce,
} from "../commands/found-pages.ts";
import type { FindPhase } from "../commands/found-pages.ts";
import type { TextsOfUser } from "../users.ts";
import { subjectColumns } from "./rows.ts";
import type { SubjectRow } from "./rows.ts";

/** What the statements ask for, by name: SQL of one engine names them in its own way. */
export interface FindValues {
  readonly orgId: string;
  /** The text that is looked for in ids. */
  readonly id: string;
  /** The text that is looked for in aliases. */
  readonly folded: string;
  /** Where the slice begins: an id or a folded alias. */
  readonly place: string;
  /** So many rows are looked through. */
  readonly limit: number;
  /** So many users are found among them. */
  readonly found: number;
}

/** The values of a slice of a phase. @param after the place behind which it begins */
export function findValues(
  orgId: string,
  text: TextsOfUser,
  phase: FindPhase,
  after: string | undefined,
): FindValues {
  const start = { ids: text.id, aliases: text.folded, parts: "" }[phase];
  return {
    ...{ orgId, ...text, place: after ?? start },
    limit: {
      // One more, since the slice begins with the place itself.
      ...{ ids: foundAtOnce + 1, aliases: aliasesAtOnce + 1 },
      parts: searchedAtOnce,
    }[phase],
    found: foundAtOnce,
  };
}

/** How an engine names a value in SQL. */
type Named = (name: keyof FindValues) => string;

/** A user who may be found. */
export interface FoundRow extends SubjectRow {
  /** The folded alias, where it was found by one. */
  readonly folded: string | null;
  /** Whether an alias that comes first, or begins with the text, has found the user too. */
  readonly is_again: number | boolean;
}

/** Users from an id on. */
export function idsFromSql(named: Named): string {
  return `SELECT ${subjectColumns}, NULL AS folded, 0 AS is_again FROM subjects
    WHERE org_id = ${named("orgId")} AND user_id >= ${named("place")} ORDER BY user_id LIMIT ${named("limit")}`;
}

/** Users from an alias on. Between the text and an alias that begins with it are no others than such. */
export function aliasesFromSql(named: Named): string {
  return `SELECT ${subjectColumns}, folded, EXISTS (
      SELECT 1 FROM aliases b WHERE b.subject = a.subject AND b.folded >= ${named("folded")} AND b.folded < a.folded) AS is_again
    FROM (SELECT folded, subject FROM aliases WHERE org_id = ${named("orgId")} AND folded >= ${named("place")}
      ORDER BY folded LIMIT ${named("limit")}) AS a
    JOIN subjects s ON s.key = a.subject ORDER BY folded`;
}

/** Of the next users by id, the first who have the text somewhere and begin with it nowhere: the database stops looking behind them. */
export function partsSql(named: Named): string {
  const [id, folded] = [text(named("id")), text(named("folded"))];
  const hasAlias = (condition: string) =>
    `EXISTS (SELECT 1 FROM aliases a WHERE a.subject = s.key AND ${condition})`;
  return `SELECT ${subjectColumns}, NULL AS folded, 0 AS is_again FROM subjects s
    WHERE org_id = ${named("orgId")} AND user_id > ${named("place")}
      AND user_id <= (SELECT max(user_id) FROM (${windowSql(named)}) AS w)
      AND (replace(user_id, ${id}, '') <> user_id OR ${hasAlias(`replace(a.folded, ${folded}, '') <> a.folded`)})
      AND ${beginsNot("user_id", id)}
      AND NOT ${hasAlias(`NOT ${beginsNot("a.folded", folded)}`)}
    ORDER BY user_id LIMIT ${named("found")}`;
}

/** The last of those next users, and how many they are. */
export function searchedSql(named: Named): string {
  return `SELECT max(user_id) AS last, count(*) AS count FROM (${windowSql(named)}) AS w`;
}

function windowSql(named: Named): string {
  return `SELECT user_id FROM subjects WHERE org_id = ${named("orgId")} AND user_id > ${named("place")}
    ORDER BY user_id LIMIT ${named("limit")}`;
}

function beginsNot(column: string, prefix: string): string {
  return `substr(${column}, 1, length(${prefix})) <> ${prefix}`;
}

function text(name: string): string {
  return `CAST(${name} AS text)`;
}

/** What of a slice of rows belongs to its phase. */
export interface FoundRows<Row> {
  readonly rows: readonly { readonly place: string; readonly row: Row }[];
  readonly next: string | undefined;
}

/**
 * The users whose ids begin with the text, of rows from the place on.
 *
 * @param after the place behind which the slice begins
 * @param limit how many rows were asked for
 */
export function foundByIds<Row extends FoundRow>(
  rows: readonly Row[],
  { id }: TextsOfUser,
  after: string | undefined,
  limit: number,
): FoundRows<Row> {
  return firstOf(
    foundByPrefix(rows, id, after, limit, (row) => row.user_id ?? ""),
  );
}

/** The users of whom an alias begins with the text, and not the id. The parameters are those of {@link foundByIds}. */
export function foundByAliases<Row extends FoundRow>(
  rows: readonly Row[],
  { id, folded }: TextsOfUser,
  after: string | undefined,
  limit: number,
): FoundRows<Row> {
  const { rows: found, next } = foundByPrefix(
    ...([rows, folded, after, limit] as const),
    (row) => row.folded ?? "",
  );
  return firstOf({
    rows: found.filter(
      ({ row }) => !row.is_again && !(row.user_id ?? "").startsWith(id),
    ),
    next,
  });
}

/**
 * Those who have the text elsewhere.
 *
 * @param window the last of the users who were looked through, and how many they were
 * @param limit how many of them were asked for
 */
export function foundByParts<Row extends FoundRow>(
  rows: readonly Row[],
  window: { readonly last: string | null; readonly count: number } | undefined,
  limit: number,
): FoundRows<Row> {
  const { last = null, count = 0 } = window ?? {};
  return firstOf({
    rows: rows.map((row) => ({ place: row.user_id ?? "", row })),
    next: count < limit ? undefined : (last ?? undefined),
  });
}

/** As many as are described at once: behind the last of them, the next slice begins. */
function firstOf<Row>({ rows, next }: FoundRows<Row>): FoundRows<Row> {
  const first = rows.slice(0, foundAtOnce);
  return {
    rows: first,
    next: first.length < foundAtOnce ? next : first.at(-1)?.place,
  };
}

function foundByPrefix<Row>(
  rows: readonly Row[],
  prefix: string,
  after: string | undefined,
  limit: number,
  placeOf: (row: Row) => string,
): FoundRows<Row> {
  const placed = rows.map((row) => ({ place: placeOf(row), row }));
  const end = placed.findIndex(({ place }) => !place.startsWith(prefix));
  const fitting = end < 0 ? placed : placed.slice(0, end);
  return {
    rows: fitting.filter(({ place }) => place !== after),
    next: end < 0 && rows.length === limit ? placed.at(-1)?.place : undefined,
  };
}
