import type { AccountStore } from "../accounts.ts";
import type { Awaitable } from "../awaitable.ts";
import { readAccountPage } from "../commands/access-pages.ts";
import { sliceStart, toSlice } from "../shared/access-lists.ts";
import type { Accounts } from "./accounts.ts";
import type { CommitMark } from "./commit-mark.ts";
import { rememberUntilCommit } from "./committed-reads.ts";
import type { Events } from "./events.ts";

/** How many accounts are remembered until the next commit: far more than call at a time. */
const maxRemembered = 1000;

/** How the store reads and writes. */
export interface AccountAccess {
  readonly read: <T>(query: () => T) => T;
  readonly readOrReject: <T>(query: () => T) => Awaitable<T>;
  /** Runs a command in a transaction. */
  readonly write: <T>(command: () => T) => Promise<T>;
  readonly mark: CommitMark | undefined;
}

/** The part of the store that is about service accounts. */
export function createAccountStore(
  accounts: Accounts,
  events: Pick<Events, "endsOf">,
  { read, readOrReject, write, mark }: AccountAccess,
): AccountStore {
  const findAccount = rememberUntilCommit(
    mark,
    maxRemembered,
    (accountId: string) => accounts.find(accountId),
  );
  return {
    createAccount: (account, editor) =>
      write(() => accounts.create(account, editor)),
    findAccount: (accountId) =>
      readOrReject(() => findAccount(accountId, accountId)),
    isTokenRevoked: (...token) =>
      readOrReject(() => accounts.isTokenRevoked(...token)),
    findAccountByName: async (foldedName) =>
      read(() => accounts.findByName(foldedName)),
    findClient: (foldedName) =>
      readOrReject(() => accounts.findClient(foldedName)),
    findAccountKey: (...key) => readOrReject(() => accounts.findKey(...key)),
    listAccountKeys: async (accountId) =>
      read(() => accounts.listKeys(accountId)),
    listAccounts: async (orgId, page) =>
      readAccountPage(page, (after, limit) =>
        read(() =>
          toSlice(accounts.list(orgId, sliceStart(after, limit)), limit),
        ),
      ),
    changeAccount: (...change) => write(() => accounts.change(...change)),
    findAccountEvents: async ({ id, orgId }) =>
      read(() => events.endsOf({ orgId, userId: id })),
  };
}
