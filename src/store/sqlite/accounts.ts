import type { Database } from "better-sqlite3";
import { accountAdded } from "../../lockout/account/account-events.ts";
import { maxAccountsPerOrg } from "../../lockout/account/account.ts";
import type { DecideAccount } from "../../lockout/account/account.ts";
import type {
  Account,
  AccountKey,
} from "../../lockout/account/account-record.ts";
import { foldName } from "../../lockout/user/alias.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { accountIds } from "../accounts.ts";
import type { NewAccount, StoredClient } from "../accounts.ts";
import type { Changed } from "../events.ts";
import { requireOrg, userAggregate } from "../commands/tables.ts";
import type { EventTable, OrgTable } from "../commands/tables.ts";
import type { Clock, NewId } from "../ids.ts";
import type { CreatedSliceValues } from "../shared/access-lists.ts";
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
import { withFreeId } from "./free-id.ts";

/** The service accounts. */
export interface Accounts {
  /** Inside a transaction. @throws LockoutError */
  create(account: NewAccount, editor: string): Changed<Account>;
  find(accountId: string): Account | undefined;
  findByName(foldedName: string): Account | undefined;
  findClient(foldedName: string): StoredClient | undefined;
  findKey(accountId: string, keyId: string): AccountKey | undefined;
  isTokenRevoked(accountId: string, tokenId: string): boolean;
  listKeys(accountId: string): readonly AccountKey[];
  /** The next ones, oldest first: of an organisation, or of all. */
  list(
    orgId: string | undefined,
    values: CreatedSliceValues,
  ): readonly Account[];
  /** Inside a transaction. */
  change(
    accountId: string,
    editor: string,
    decide: DecideAccount,
  ): Changed<Account> | undefined;
}

const columns = accountColumns("group_concat");

/** Prepares the statements of {@link Accounts}. */
export function prepareAccounts(
  database: Database,
  events: EventTable,
  orgs: OrgTable,
  now: Clock,
  newId: NewId,
): Accounts {
  const newAccountId = accountIds(newId);
  const count = database
    .prepare<[string], number>("SELECT count(*) FROM accounts WHERE org_id = ?")
    .pluck();
  // The id of one that was removed is not free: it stays among those.
  const insert = database.prepare(
    `INSERT INTO accounts (id, org_id, login_name, folded_name, name, description, roles, creation_date, account)
     SELECT ?, ?, ?, ?, ?, ?, ?, ?, 'active' WHERE NOT EXISTS (SELECT 1 FROM removed_accounts WHERE id = ?)
     ON CONFLICT (id) DO NOTHING`,
  );
  const find = database.prepare<[string], AccountRow>(
    `SELECT ${columns} FROM accounts a WHERE a.id = ? AND ${isOfNoRemovedOrg("a.org_id")}`,
  );
  const findByName = database.prepare<[string], AccountRow>(
    `SELECT ${columns} FROM accounts a WHERE a.folded_name = ? AND ${isOfNoRemovedOrg("a.org_id")}`,
  );
  const findGone = database
    .prepare<[string], string>(
      `SELECT id FROM accounts WHERE folded_name = ? AND ${isOfRemovedOrg("org_id")}`,
    )
    .pluck();
  const findClient = database.prepare<[string], ClientRow>(
    clientSql("?", "zeroblob(32)"),
  );
  const findKey = database.prepare<[string, string], AccountKeyRow>(
    `SELECT ${keyColumns} FROM account_keys WHERE account_id = ? AND id = ?`,
  );
  const listKeys = database.prepare<[string], AccountKeyRow>(
    `SELECT ${keyColumns} FROM account_keys WHERE account_id = ? ORDER BY id`,
  );
  const list = database.prepare<
    [CreatedSliceValues & { readonly orgId: string }],
    AccountRow
  >(accountSliceSql(columns, (name) => `@${name}`));
  const update = database.prepare(
    `UPDATE accounts SET name = ?, description = ?, roles = ?, account = ?, lock_time = ?, lock_by = ?, secret_id = ?, secret_hash = ? WHERE id = ?`,
  );
  const rename = database.prepare(
    "UPDATE accounts SET login_name = ?, folded_name = ? WHERE id = ?",
  );
  const renameTokens = database.prepare(
    "UPDATE tokens SET name = ? WHERE account_id = ?",
  );
  const insertKey = database.prepare(
    "INSERT INTO account_keys (account_id, id, algorithm, public_key, creation_date, expiration_date) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const removeKey = database.prepare(
    "DELETE FROM account_keys WHERE account_id = ? AND id = ?",
  );
  const forgetRevoked = database.prepare(
    "DELETE FROM revoked_access_tokens WHERE expire_time <= ?",
  );
  const revoke = database.prepare(
    "INSERT INTO revoked_access_tokens (account_id, id, expire_time) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const findRevoked = database.prepare(
    "SELECT 1 FROM revoked_access_tokens WHERE account_id = ? AND id = ?",
  );
  const keepRemoved = database.prepare(
    "INSERT INTO removed_accounts (id, login_name) SELECT id, login_name FROM accounts WHERE id = ?",
  );
  const keepTokens = database.prepare(
    keepRevokedTokensSql("?", "account_id = ?"),
  );
  const remove = database.prepare("DELETE FROM accounts WHERE id = ?");
  const findAccount = (id: string) => {
    const row = find.get(id);
    return row && toAccount(row);
  };
  const removeRow = (id: string, time: number) => {
    keepRemoved.run(id);
    keepTokens.run(time, id);
    remove.run(id);
  };
  /** Removes the account of a removed organisation that still has the name. */
  const freeLoginName = (foldedName: string, time: number) => {
    const gone = findGone.get(foldedName);
    if (gone !== undefined) {
      removeRow(gone, time);
    }
  };
  return {
    create: (account, editor) => {
      const { orgId, loginName, name, description = "", roles } = account;
      const folded = foldName(loginName);
      requireOrg(orgs, orgId);
      if (findByName.get(folded) !== undefined) {
        throw new LockoutError("accountNameTaken");
      }
      if ((count.get(orgId) ?? 0) >= maxAccountsPerOrg) {
        throw new LockoutError("accountsTooMany");
      }
      const creationDate = now();
      freeLoginName(folded, creationDate);
      const id = withFreeId(newAccountId, (candidate) =>
        insert.run(
          ...[candidate, orgId, loginName, folded, name, description],
          ...[JSON.stringify(roles), creationDate, candidate],
        ),
      );
      const event = events.append(
        userAggregate(orgId, id),
        editor,
        accountAdded(account),
        creationDate,
      );
      const created = findAccount(id);
      if (created === undefined) {
        throw new Error("an account is gone in its own transaction");
      }
      return { result: created, events: [event] };
    },
    find: findAccount,
    findByName: (foldedName) => {
      const row = findByName.get(foldedName);
      return row && toAccount(row);
    },
    findClient: (foldedName) => toClient(findClient.get(foldedName)),
    findKey: (...key) => {
      const row = findKey.get(...key);
      return row && toAccountKey(row);
    },
    isTokenRevoked: (...token) => findRevoked.get(...token) !== undefined,
    listKeys: (accountId) => listKeys.all(accountId).map(toAccountKey),
    list: (orgId = "", values) => list.all({ ...values, orgId }).map(toAccount),
    change: (accountId, editor, decide) => {
      const before = findAccount(accountId);
      if (before === undefined) {
        return undefined;
      }
      const time = now();
      const change = decide(before, time);
      const { account, addedKey, removedKeyId, revokedToken } = change;
      if (change.loginName !== undefined) {
        const folded = foldName(change.loginName);
        if ((findByName.get(folded)?.id ?? accountId) !== accountId) {
          throw new LockoutError("accountNameTaken");
        }
        freeLoginName(folded, time);
        rename.run(change.loginName, folded, accountId);
        renameTokens.run(change.loginName, accountId);
      }
      if (account !== undefined) {
        update.run(...changedValues(account), accountId);
      }
      if (addedKey !== undefined) {
        const { id, algorithm, publicKey, expirationDate } = addedKey;
        insertKey.run(
          ...[accountId, id, algorithm, publicKey, addedKey.creationDate],
          expirationDate ?? null,
        );
      }
      if (removedKeyId !== undefined) {
        removeKey.run(accountId, removedKeyId);
      }
      if (revokedToken !== undefined) {
        forgetRevoked.run(time);
        revoke.run(accountId, revokedToken.id, revokedToken.expireTime);
      }
      if (change.isRemoved === true) {
        removeRow(accountId, time);
      }
      const aggregate = userAggregate(before.orgId, accountId);
      const written = change.events.map((event) =>
        events.append(aggregate, editor, event, time),
      );
      return { result: findAccount(accountId) ?? before, events: written };
    },
  };
}
