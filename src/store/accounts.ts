/** The part of the port that is about service accounts. What `store.ts` says of every method holds here too. */
import type { DecideAccount } from "../lockout/account/account.ts";
import type { Account, AccountKey } from "../lockout/account/account-record.ts";
import type { Awaitable } from "./awaitable.ts";
import type { Changed, RecordedEvent } from "./events.ts";
import type { NewId } from "./ids.ts";
import type { Page, PageRequest } from "./pages.ts";

/** An account that is to be created. */
export type NewAccount = Pick<
  Account,
  "orgId" | "loginName" | "name" | "roles"
> &
  Partial<Pick<Account, "description">>;

/** What is read of an account before its secret is compared. */
export interface StoredClient {
  readonly accountId: string;
  /** SHA-256 of the secret; 32 zeros, which is that of nothing, where there is none. */
  readonly secretHash: Uint8Array;
}

/** The part of the port that is about service accounts. */
export interface AccountStore {
  /**
   * Creates an account, with its event: of the aggregate `user` with the account's id, of which {@link mayBeAccountId} is true.
   *
   * @throws LockoutError where another one has the login name, or the organisation has too many
   */
  createAccount(account: NewAccount, editor: string): Promise<Changed<Account>>;
  /** Sees what other processes changed: a removed one is gone at once, and so are its keys and its secret. */
  findAccount(accountId: string): Awaitable<Account | undefined>;
  /** The account with a login name that folds to this. */
  findAccountByName(foldedName: string): Promise<Account | undefined>;
  /** Whose login name folds to this. To look for a name that nobody has takes as long. */
  findClient(foldedName: string): Awaitable<StoredClient | undefined>;
  /** A key of an account, expired or not. */
  findAccountKey(
    accountId: string,
    keyId: string,
  ): Awaitable<AccountKey | undefined>;
  /** The keys of an account, oldest first. */
  listAccountKeys(accountId: string): Promise<readonly AccountKey[]>;
  /** The accounts of an organisation, or of all, oldest first. */
  listAccounts(
    orgId: string | undefined,
    page: PageRequest,
  ): Promise<Page<Account>>;
  /**
   * Changes an account, with the events; undefined where there is none. Its personal tokens are called by its login name.
   *
   * @throws LockoutError `accountNameTaken` where another one has the login name, and what `decide` throws
   */
  changeAccount(
    accountId: string,
    editor: string,
    decide: DecideAccount,
  ): Promise<Changed<Account> | undefined>;
  /** Whether an access token of an account was revoked, as long as it has not expired. */
  isTokenRevoked(accountId: string, tokenId: string): Awaitable<boolean>;
  /** The first and the last event of an account. */
  findAccountEvents(account: Pick<Account, "id" | "orgId">): Promise<{
    readonly first: RecordedEvent | undefined;
    readonly last: RecordedEvent | undefined;
  }>;
}

/** Of so many ids one may be an account's. */
const share = 97n;

/**
 * Whether an account may have an id: one in a hundred may. Calls about users look for an account of the same id in these cases alone, so that
 * an attempt costs no more.
 */
export function mayBeAccountId(id: string): boolean {
  return /^\d{18}$/.test(id) && BigInt(id) % share === 0n;
}

/** Makes ids of accounts. */
export function accountIds(newId: NewId): NewId {
  return () => {
    for (;;) {
      const id = newId();
      if (mayBeAccountId(id)) {
        return id;
      }
    }
  };
}
