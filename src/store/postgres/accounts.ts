import { accountAdded } from "../../lockout/account/account-events.ts";
import { maxAccountsPerOrg } from "../../lockout/account/account.ts";
import type { AccountChange } from "../../lockout/account/account.ts";
import type { Account } from "../../lockout/account/account-record.ts";
import { foldName } from "../../lockout/user/alias.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { accountIds } from "../accounts.ts";
import type { AccountStore } from "../accounts.ts";
import { readAccountPage } from "../commands/access-pages.ts";
import { userAggregate } from "../commands/tables.ts";
import type { NewId } from "../ids.ts";
import { sliceStart, toSlice } from "../shared/access-lists.ts";
import {
  accountColumns,
  accountSliceSql,
  changedValues,
  clientSql,
  keyColumns,
  toAccount,
  toAccountKey,
  toClient,
} from "../shared/account-rows.ts";
import type {
  AccountKeyRow,
  AccountRow,
  ClientRow,
} from "../shared/account-rows.ts";
import { isOfNoRemovedOrg, isOfRemovedOrg } from "../shared/removed-orgs.ts";
import { keepRevokedTokensSql } from "../shared/token-rows.ts";
import type { PostgresDatabase } from "./database.ts";
import { readEnds } from "./event-ends.ts";
import { withFreeId } from "./free-id.ts";
import { createLookups } from "./lookups.ts";
import type { Call, Statement } from "./pipeline.ts";
import { requirePresentOrg } from "./present-orgs.ts";
import type { Change, Recorder } from "./recorder.ts";

const columns = accountColumns("string_agg");

// One at a time, so that no two have the last free place.
const lockOrg: Statement = {
  name: "lock_org",
  text: "SELECT id FROM orgs WHERE id = $1 FOR UPDATE",
};
const count: Statement = {
  name: "count_accounts",
  text: "SELECT count(*) AS count FROM accounts WHERE org_id = $1",
};
// The id of one that was removed is not free: it stays among those.
const insert: Statement = {
  name: "insert_account",
  text: `INSERT INTO accounts (id, org_id, login_name, folded_name, name, description, roles, creation_date, account)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8::bigint, 'active' WHERE NOT EXISTS (SELECT 1 FROM removed_accounts WHERE id = $1)
    ON CONFLICT (id) DO NOTHING`,
};
const find: Statement = {
  name: "find_accounts",
  text: `SELECT ${columns} FROM accounts a WHERE a.id = ANY ($1::text[]) AND ${isOfNoRemovedOrg("a.org_id")}`,
};
const findByName: Statement = {
  name: "find_account_by_name",
  text: `SELECT ${columns} FROM accounts a WHERE a.folded_name = $1 AND ${isOfNoRemovedOrg("a.org_id")}`,
};
// Also of an organisation that was removed: nobody has it any more.
const freeName: Statement = {
  name: "free_account_name",
  text: `SELECT id FROM accounts WHERE folded_name = $1 AND ${isOfRemovedOrg("org_id")} FOR UPDATE`,
};
const findClient: Statement = {
  name: "find_client",
  text: clientSql("$1", "decode(repeat('00', 32), 'hex')"),
};
const lockAccount: Statement = {
  name: "lock_account",
  text: "SELECT id FROM accounts WHERE id = $1 FOR UPDATE",
};
const findKey: Statement = {
  name: "find_account_key",
  text: `SELECT ${keyColumns} FROM account_keys WHERE account_id = $1 AND id = $2`,
};
const listKeys: Statement = {
  name: "list_account_keys",
  text: `SELECT ${keyColumns} FROM account_keys WHERE account_id = $1 ORDER BY id`,
};
const sliceValues = ["afterDate", "afterId", "limit", "orgId"] as const;
const list: Statement = {
  name: "list_accounts",
  text: accountSliceSql(columns, (name) => `$${sliceValues.indexOf(name) + 1}`),
};
const update: Statement = {
  name: "update_account",
  text: `UPDATE accounts SET name = $1, description = $2, roles = $3, account = $4, lock_time = $5, lock_by = $6, secret_id = $7, secret_hash = $8
    WHERE id = $9`,
};
const rename: Statement = {
  name: "rename_account",
  text: "UPDATE accounts SET login_name = $1, folded_name = $2 WHERE id = $3",
};
const renameTokens: Statement = {
  name: "rename_tokens_of_account",
  text: "UPDATE tokens SET name = $1 WHERE account_id = $2",
};
const insertKey: Statement = {
  name: "insert_account_key",
  text: `INSERT INTO account_keys (account_id, id, algorithm, public_key, creation_date, expiration_date)
    VALUES ($1, $2, $3, $4, $5, $6)`,
};
const removeKey: Statement = {
  name: "remove_account_key",
  text: "DELETE FROM account_keys WHERE account_id = $1 AND id = $2",
};
const forgetRevoked: Statement = {
  name: "forget_revoked_access_tokens",
  text: "DELETE FROM revoked_access_tokens WHERE expire_time <= $1",
};
const revoke: Statement = {
  name: "revoke_access_token",
  text: "INSERT INTO revoked_access_tokens (account_id, id, expire_time) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
};
const findRevoked: Statement = {
  name: "find_revoked_access_token",
  text: "SELECT 1 FROM revoked_access_tokens WHERE account_id = $1 AND id = $2",
};
const keepRemoved: Statement = {
  name: "keep_removed_account",
  text: "INSERT INTO removed_accounts (id, login_name) SELECT id, login_name FROM accounts WHERE id = $1",
};
const keepTokens: Statement = {
  name: "keep_tokens_of_account",
  text: keepRevokedTokensSql("$1::bigint", "account_id = $2"),
};
const remove: Statement = {
  name: "remove_account",
  text: "DELETE FROM accounts WHERE id = $1",
};

/**
 * The service accounts. Each change is a transaction of its own.
 *
 * @param readTime the time of changes
 */
export function createAccounts(
  database: PostgresDatabase,
  recorder: Recorder,
  newId: NewId,
  readTime: () => Promise<number>,
): AccountStore {
  const newAccountId = accountIds(newId);
  const lookUp = createLookups(async (ids) => {
    const { rows } = await database.query(find, ids);
    const accounts = rows.map((row) => toAccount(row as unknown as AccountRow));
    return new Map(accounts.map((account) => [account.id, account]));
  });
  const findNamed = async (foldedName: string) => {
    const { rows } = await database.query(findByName, foldedName);
    const row = rows[0] as unknown as AccountRow | undefined;
    return row && toAccount(row);
  };
  return {
    createAccount: async (account, editor) => {
      const { orgId, loginName, name, description = "", roles } = account;
      const folded = foldName(loginName);
      const time = await readTime();
      const create = async (change: Change) => {
        await requirePresentOrg(change, orgId);
        const [, counted] = await change.send([lockOrg, orgId], [count, orgId]);
        if (Number(counted?.rows[0]?.["count"]) >= maxAccountsPerOrg) {
          throw new LockoutError("accountsTooMany");
        }
        await freeLoginName(change.send, folded, time);
        const id = await withFreeId(newAccountId, change, (free) => [
          insert,
          ...[free, orgId, loginName, folded, name, description],
          ...[JSON.stringify(roles), time],
        ]);
        const event = change.append(
          userAggregate(orgId, id),
          accountAdded(account),
        );
        return { id, events: [event] };
      };
      if ((await findNamed(folded)) !== undefined) {
        throw new LockoutError("accountNameTaken");
      }
      const { id, events } = await refuseTakenName(() =>
        recorder.record(editor, time, create),
      );
      const result: Account = {
        ...{ ...account, description, id, creationDate: time },
        ...{ keyIds: [], tokenIds: [] },
        hasRevokedTokens: false,
        ...{ secret: undefined, state: { account: "active", lock: undefined } },
      };
      return { result, events };
    },
    findAccount: (accountId) => lookUp(accountId),
    findAccountByName: findNamed,
    findClient: async (foldedName) => {
      const { rows } = await database.query(findClient, foldedName);
      return toClient(rows[0] as unknown as ClientRow | undefined);
    },
    findAccountKey: async (accountId, keyId) => {
      const { rows } = await database.query(findKey, accountId, keyId);
      const row = rows[0] as unknown as AccountKeyRow | undefined;
      return row && toAccountKey(row);
    },
    isTokenRevoked: async (accountId, tokenId) => {
      const { rows } = await database.query(findRevoked, accountId, tokenId);
      return rows.length > 0;
    },
    listAccountKeys: async (accountId) => {
      const { rows } = await database.query(listKeys, accountId);
      return rows.map((row) => toAccountKey(row as unknown as AccountKeyRow));
    },
    listAccounts: (orgId = "", page) =>
      readAccountPage(page, async (after, limit) => {
        const asked = { ...sliceStart(after, limit), orgId };
        const { rows } = await database.query(
          list,
          ...sliceValues.map((name) => asked[name]),
        );
        const accounts = rows.map((row) =>
          toAccount(row as unknown as AccountRow),
        );
        return toSlice(accounts, limit);
      }),
    changeAccount: async (accountId, editor, decide) => {
      const time = await readTime();
      const run = async ({ send, append }: Change) => {
        const before = await lockAndFindAccount(accountId, send);
        if (before === undefined) {
          return undefined;
        }
        const change = decide(before, time);
        if (change.loginName !== undefined) {
          await freeLoginName(send, foldName(change.loginName), time);
        }
        const results = await send(...writes(accountId, change, time), [
          find,
          [accountId],
        ]);
        const aggregate = userAggregate(before.orgId, accountId);
        const events = change.events.map((event) => append(aggregate, event));
        const after = results.at(-1)?.rows[0] as unknown as
          AccountRow | undefined;
        return {
          result: after === undefined ? before : toAccount(after),
          events,
        };
      };
      return refuseTakenName(() => recorder.record(editor, time, run));
    },
    findAccountEvents: ({ id, orgId }) =>
      readEnds(database, { orgId, userId: id }),
  };
}

/** An account that nobody else changes until the end of the change. */
export async function lockAndFindAccount(
  accountId: string,
  send: Change["send"],
): Promise<Account | undefined> {
  // Read after the lock, so as to see what was committed while it was waited for.
  const [, found] = await send([lockAccount, accountId], [find, [accountId]]);
  const row = found?.rows[0] as unknown as AccountRow | undefined;
  return row && toAccount(row);
}

/** Removes the account of a removed organisation that still has the name. */
async function freeLoginName(
  send: Change["send"],
  foldedName: string,
  time: number,
): Promise<void> {
  const [gone] = await send([freeName, foldedName]);
  for (const row of gone?.rows ?? []) {
    await send(...removal(String(row["id"]), time));
  }
}

function writes(
  accountId: string,
  change: AccountChange,
  time: number,
): readonly Call[] {
  const { account, loginName, addedKey, removedKeyId, revokedToken } = change;
  const calls: Call[] = [];
  if (loginName !== undefined) {
    calls.push(
      [rename, loginName, foldName(loginName), accountId],
      [renameTokens, loginName, accountId],
    );
  }
  if (account !== undefined) {
    calls.push([update, ...changedValues(account), accountId]);
  }
  if (addedKey !== undefined) {
    const { id, algorithm, publicKey, creationDate, expirationDate } = addedKey;
    calls.push([
      insertKey,
      ...[accountId, id, algorithm, publicKey, creationDate],
      expirationDate ?? null,
    ]);
  }
  if (removedKeyId !== undefined) {
    calls.push([removeKey, accountId, removedKeyId]);
  }
  if (revokedToken !== undefined) {
    const { id, expireTime } = revokedToken;
    calls.push([forgetRevoked, time], [revoke, accountId, id, expireTime]);
  }
  if (change.isRemoved === true) {
    calls.push(...removal(accountId, time));
  }
  return calls;
}

function removal(accountId: string, time: number): readonly Call[] {
  return [
    [keepRemoved, accountId],
    [keepTokens, time, accountId],
    [remove, accountId],
  ];
}

/** @throws LockoutError `accountNameTaken` where another account was given the login name first */
async function refuseTakenName<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (isNameTaken(error)) {
      throw new LockoutError("accountNameTaken", { cause: error });
    }
    throw error;
  }
}

function isNameTaken(error: unknown): boolean {
  return (
    error instanceof Error &&
    "constraint" in error &&
    error.constraint === "accounts_folded_name_key"
  );
}
