/** Lists of organisations and tokens, as every engine reads them: oldest first, in slices. */
import type { CreatedAfter } from "../commands/access-pages.ts";
import type { Slice } from "../commands/pages.ts";
import { isOfNoRemovedOrg } from "./removed-orgs.ts";
import { orgColumns } from "./rows.ts";
import { listedTokensSql } from "./token-rows.ts";

/** What the lists ask for, by name: SQL of one engine names them in its own way. */
export interface CreatedSliceValues {
  readonly afterDate: number;
  readonly afterId: string;
  /** So many rows. */
  readonly limit: number;
}

/** What the list of tokens asks for. */
export interface TokenSliceValues extends CreatedSliceValues {
  /** 1 where those that were revoked are listed too, else 0. */
  readonly showRevoked: number;
}

/** How an engine names a value in SQL. */
type Named<Values> = (name: keyof Values & string) => string;

/** Where a slice begins, as values of its SQL. */
export function sliceStart(
  after: CreatedAfter | undefined,
  limit: number,
): CreatedSliceValues {
  return {
    afterDate: after?.creationDate ?? Number.MIN_SAFE_INTEGER,
    afterId: after?.id ?? "",
    limit,
  };
}

/** A slice of what was read. */
export function toSlice<Item>(
  items: readonly Item[],
  limit: number,
): Slice<Item, Item> {
  return { items, next: items.length < limit ? undefined : items.at(-1) };
}

/** The next organisations. */
export function orgSliceSql(named: Named<CreatedSliceValues>): string {
  return `SELECT ${orgColumns} FROM orgs WHERE removal_date IS NULL AND ${isAfter(named)} ${inOrder(named)}`;
}

/** The next tokens, with the names of their organisations. */
export function tokenSliceSql(named: Named<TokenSliceValues>): string {
  const slice = `SELECT * FROM (SELECT ${ownColumns}, old_expiration_date, CAST(NULL AS bigint) AS revoke_date
        FROM tokens WHERE ${isAfter(named)} AND ${isOfNoRemovedOrg("org_id")} ${inOrder(named)}) AS valid
      UNION ALL SELECT * FROM (SELECT ${ownColumns}, CAST(NULL AS bigint) AS old_expiration_date, revoke_date
        FROM revoked_tokens WHERE ${named("showRevoked")} = 1 AND ${isAfter(named)} ${inOrder(named)}) AS revoked`;
  return `${listedTokensSql(slice)} ORDER BY t.creation_date, t.id LIMIT ${named("limit")}`;
}

const ownColumns =
  "id, name, org_id, roles, creation_date, expiration_date, last_use_date, account_id";

function isAfter(named: Named<CreatedSliceValues>): string {
  return `(creation_date, id) > (${named("afterDate")}, ${named("afterId")})`;
}

function inOrder(named: Named<CreatedSliceValues>): string {
  return `ORDER BY creation_date, id LIMIT ${named("limit")}`;
}
