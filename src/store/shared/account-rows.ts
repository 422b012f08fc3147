/** Service accounts as every engine stores them. */
import type {
  Account,
  AccountKey,
  KeyAlgorithm,
} from "../../lockout/account/account-record.ts";
import type { AccountState } from "../../lockout/user/user-events.ts";
import type { StoredClient } from "../accounts.ts";
import type { CreatedSliceValues } from "./access-lists.ts";
import { isOfNoRemovedOrg } from "./removed-orgs.ts";

/** A row of {@link accountColumns}. */
export interface AccountRow {
  readonly id: string;
  readonly org_id: string;
  readonly login_name: string;
  readonly name: string;
  readonly description: string;
  readonly roles: string;
  readonly creation_date: number;
  readonly account: string;
  readonly lock_time: number | null;
  readonly lock_by: string | null;
  readonly secret_id: string | null;
  readonly secret_hash: Uint8Array | null;
  /** Between blanks. */
  readonly key_ids: string | null;
  /** Between blanks. */
  readonly token_ids: string | null;
  readonly revoked: number;
}

/** A row of {@link keyColumns}. */
export interface AccountKeyRow {
  readonly id: string;
  readonly algorithm: string;
  readonly public_key: Uint8Array;
  readonly creation_date: number;
  readonly expiration_date: number | null;
}

/** The columns of {@link toAccount} but for the keys and the tokens. */
export const ownAccountColumns =
  "id, org_id, login_name, name, description, roles, creation_date, account, lock_time, lock_by, secret_id, secret_hash";

/** The columns of {@link toAccount}, of a table `a`. @param join the engine's function that joins texts */
export function accountColumns(join: "group_concat" | "string_agg"): string {
  return `${ownAccountColumns.replaceAll(/\w+/g, "a.$&")},
    (SELECT ${join}(k.id, ' ') FROM account_keys k WHERE k.account_id = a.id) AS key_ids,
    (SELECT ${join}(t.id, ' ') FROM tokens t WHERE t.account_id = a.id) AS token_ids,
    CASE WHEN EXISTS (SELECT 1 FROM revoked_access_tokens r WHERE r.account_id = a.id) THEN 1 ELSE 0 END AS revoked`;
}

/** The columns of {@link toAccountKey}. */
export const keyColumns =
  "id, algorithm, public_key, creation_date, expiration_date";

/** A row of {@link clientSql}. */
export interface ClientRow {
  readonly id: string;
  readonly secret_hash: Uint8Array;
}

/** The id in a row of no account: as long as one, and none. */
const nobody = "0".repeat(18);

/**
 * Always has one row, with as many bytes whether there is an account and a secret or not: the time that it takes to read less would tell.
 *
 * @param noHash an expression of the dialect, of 32 zero bytes
 */
export function clientSql(name: string, noHash: string): string {
  return `SELECT id, coalesce(secret_hash, ${noHash}) AS secret_hash FROM accounts WHERE folded_name = ${name}
    UNION ALL SELECT '${nobody}', ${noHash} LIMIT 1`;
}

/** Reads a row of {@link clientSql}. */
export function toClient(row: ClientRow | undefined): StoredClient | undefined {
  return row === undefined || row.id === nobody
    ? undefined
    : { accountId: row.id, secretHash: row.secret_hash };
}

/** The next accounts: of an organisation, or of all where `orgId` is empty. */
export function accountSliceSql(
  columns: string,
  named: (name: keyof CreatedSliceValues | "orgId") => string,
): string {
  return `SELECT ${columns} FROM accounts a
    WHERE (a.creation_date, a.id) > (${named("afterDate")}, ${named("afterId")}) AND (${named("orgId")} = '' OR a.org_id = ${named("orgId")})
      AND ${isOfNoRemovedOrg("a.org_id")}
    ORDER BY a.creation_date, a.id LIMIT ${named("limit")}`;
}

/** Reads a row of {@link accountColumns}. */
export function toAccount(row: AccountRow): Account {
  const { secret_id: id, secret_hash: hash } = row;
  return {
    id: row.id,
    orgId: row.org_id,
    loginName: row.login_name,
    name: row.name,
    description: row.description,
    roles: JSON.parse(row.roles) as readonly string[],
    creationDate: row.creation_date,
    state: {
      account: row.account as AccountState,
      lock:
        row.lock_time === null
          ? undefined
          : {
              reason: "administrator",
              time: row.lock_time,
              by: row.lock_by ?? "",
            },
    },
    secret: id === null || hash === null ? undefined : { id, hash },
    keyIds: toIds(row.key_ids),
    tokenIds: toIds(row.token_ids),
    hasRevokedTokens: row.revoked === 1,
  };
}

function toIds(joined: string | null): readonly string[] {
  return joined === null ? [] : joined.split(" ").sort();
}

/** Reads a row of {@link keyColumns}. */
export function toAccountKey(row: AccountKeyRow): AccountKey {
  return {
    id: row.id,
    algorithm: row.algorithm as KeyAlgorithm,
    publicKey: row.public_key,
    creationDate: row.creation_date,
    expirationDate: row.expiration_date ?? undefined,
  };
}

/** What a change may set, in the order of the columns: name, description, roles, account, lock_time, lock_by, secret_id, secret_hash. */
export function changedValues({
  name,
  description,
  roles,
  state,
  secret,
}: Account) {
  return [
    ...[name, description, JSON.stringify(roles), state.account],
    ...[state.lock?.time ?? null, state.lock?.by ?? null],
    ...[secret?.id ?? null, secret?.hash ?? null],
  ] as const;
}
