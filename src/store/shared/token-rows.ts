/** Tokens as every engine stores them. */
import type { ListedToken, TokenRecord } from "../access.ts";
import { isOfNoRemovedOrg } from "./removed-orgs.ts";

/** A row of {@link tokenColumns}. */
export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly org_id: string;
  readonly roles: string;
  readonly creation_date: number;
  readonly expiration_date: number | null;
  readonly last_use_date: number | null;
  readonly old_expiration_date: number | null;
  readonly account_id: string | null;
}

/** A row of {@link listedTokensSql}. */
export interface ListedTokenRow extends TokenRow {
  readonly revoke_date: number | null;
  readonly org_name: string | null;
}

/** The columns of {@link toToken}. */
export const tokenColumns =
  "id, name, org_id, roles, creation_date, expiration_date, last_use_date, old_expiration_date, account_id";

/** Reads tokens `t` as in a list: with the names of their organisations, and the roles of their accounts. */
export function listedTokensSql(tokens: string): string {
  return `SELECT t.id, t.name, t.org_id, coalesce(a.roles, t.roles) AS roles, t.creation_date, t.expiration_date, t.last_use_date,
    t.old_expiration_date, t.account_id, t.revoke_date, o.name AS org_name
    FROM (${tokens}) AS t LEFT JOIN orgs o ON o.id = t.org_id LEFT JOIN accounts a ON a.id = t.account_id`;
}

/** Reads a row of {@link tokenColumns}. */
export function toToken(row: TokenRow): TokenRecord {
  return {
    id: row.id,
    name: row.name,
    orgId: row.org_id,
    roles: JSON.parse(row.roles) as readonly string[],
    creationDate: row.creation_date,
    expirationDate: row.expiration_date ?? undefined,
    lastUseDate: row.last_use_date ?? undefined,
    accountId: row.account_id ?? undefined,
  };
}

/** A token as in a list, by its id. */
export function findListedTokenSql(id: string): string {
  return listedTokensSql(
    `SELECT *, CAST(NULL AS bigint) AS revoke_date FROM tokens WHERE id = ${id} AND ${isOfNoRemovedOrg("org_id")}`,
  );
}

/** The name of a token or of an account, of one that is gone too. */
export function tokenNameSql(id: string): string {
  return `SELECT name FROM tokens WHERE id = ${id} UNION ALL SELECT name FROM revoked_tokens WHERE id = ${id}
    UNION ALL SELECT login_name FROM accounts WHERE id = ${id} UNION ALL SELECT login_name FROM removed_accounts WHERE id = ${id} LIMIT 1`;
}

/** Notes the hour of a use, unless a later one is noted. */
export function noteTokenUseSql(
  hour: string,
  id: string,
  same: string,
): string {
  return `UPDATE tokens SET last_use_date = ${hour} WHERE id = ${id} AND (last_use_date IS NULL OR last_use_date < ${same})`;
}

/** Keeps what a list says of tokens that are about to be removed: of those that fit the condition. */
export function keepRevokedTokensSql(time: string, which: string): string {
  const kept =
    "id, name, org_id, roles, creation_date, expiration_date, last_use_date, account_id";
  return `INSERT INTO revoked_tokens (${kept}, revoke_date)
    SELECT ${kept}, ${time} FROM tokens WHERE ${which}`;
}

/** A token that was found by the secret that a rotation replaced: valid no longer than that one. */
export function toTokenOfOldSecret(row: TokenRow): TokenRecord {
  const token = toToken(row);
  const { expirationDate = Infinity } = token;
  return {
    ...token,
    expirationDate: Math.min(expirationDate, row.old_expiration_date ?? 0),
  };
}

/** Reads a row of a list. */
export function toListedToken(row: ListedTokenRow): ListedToken {
  return {
    ...toToken(row),
    orgName: row.org_name ?? "",
    oldSecretExpirationDate: row.old_expiration_date ?? undefined,
    revokeDate: row.revoke_date ?? undefined,
  };
}
