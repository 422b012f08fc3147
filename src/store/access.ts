/** The part of the port that is about who may call: organisations and tokens. What `store.ts` says of every method holds here too. */
import type { Account } from "../lockout/account/account-record.ts";
import type { Awaitable } from "./awaitable.ts";
import type { Changed, RecordedEvent } from "./events.ts";
import type { Page, PageRequest } from "./pages.ts";

/** An organisation. `creationDate` is in milliseconds since 1970 UTC. */
export interface Org {
  readonly id: string;
  readonly name: string;
  readonly creationDate: number;
}

/** The part of the port that is about organisations. */
export interface OrgStore {
  /** Creates an organisation, with its event; the store gives the id: 18 decimal digits. */
  createOrg(name: string, editor: string): Promise<Org>;
  /**
   * Gives an organisation another name; returns the event. Undefined where there is no such organisation.
   *
   * @throws LockoutError `organizationNotChanged`
   */
  renameOrg(
    orgId: string,
    name: string,
    editor: string,
  ): Promise<RecordedEvent | undefined>;
  /** The organisations, oldest first. */
  listOrgs(page: PageRequest): Promise<Page<Org>>;
  findOrg(orgId: string): Promise<Org | undefined>;
  /** Sees what other processes changed: a removed one is gone at once. */
  orgExists(orgId: string): Awaitable<boolean>;
  /**
   * Removes an organisation, with its event, which is the last of the organisation's; undefined where there was none. From then on nobody finds it, nor its
   * users, accounts, tokens, policy, rules and hooks, and commands on them are refused or find nothing. Their rows are removed later, some
   * at a time (`settleAttempts`).
   *
   * @throws LockoutError `firstOrganizationStays`
   */
  removeOrg(orgId: string, editor: string): Promise<RecordedEvent | undefined>;
}

/** A token without its secret: of that only the SHA-256 is stored. */
export interface TokenRecord {
  /** Also the caller's id: the editor of the events. 18 decimal digits. */
  readonly id: string;
  /** What people call it. */
  readonly name: string;
  /** The caller's own organisation; roles named ORG_… hold there. */
  readonly orgId: string;
  readonly roles: readonly string[];
  readonly creationDate: number;
  /** The token is valid before this time; where it was found by a secret that a rotation replaced, that secret is. */
  readonly expirationDate: number | undefined;
  /** The hour in which it was used last. */
  readonly lastUseDate: number | undefined;
  /** The service account that it is of: then its roles are that one's, and none of its own. */
  readonly accountId: string | undefined;
}

/** A token in a list. */
export interface ListedToken extends TokenRecord {
  readonly orgName: string;
  /** The secret that the last rotation replaced is valid before this time. */
  readonly oldSecretExpirationDate: number | undefined;
  readonly revokeDate: number | undefined;
}

/** A token that is to be created. `expirationDate` is in milliseconds since 1970 UTC; without it the token never expires. */
export interface NewToken {
  /** SHA-256 of the secret, 32 bytes. */
  readonly hash: Uint8Array;
  readonly name: string;
  readonly orgId: string;
  readonly roles: readonly string[];
  readonly expirationDate: number | undefined;
}

/** A token that a service account gets: it has the account's login name for a name. */
export type NewAccountToken = Pick<NewToken, "hash" | "expirationDate">;

/** What is stored of a token that an account gets. */
export function newTokenOf(
  { loginName, orgId }: Account,
  token: NewAccountToken,
): NewToken {
  return { ...token, name: loginName, orgId, roles: [] };
}

/** What a rotation gives to a token. */
export interface NewSecret {
  /** SHA-256 of the new secret, 32 bytes. */
  readonly hash: Uint8Array;
  /** The secret before is valid before this time: milliseconds since 1970 UTC. */
  readonly oldExpirationDate: number;
}

/** The part of the port that is about tokens. */
export interface TokenStore {
  /** Creates a token, with its event: of the aggregate `user` with the token's id. */
  createToken(token: NewToken, editor: string): Promise<TokenRecord>;
  /**
   * Creates a token of a service account, with its event, of the aggregate of the account. Undefined where there is no such account.
   *
   * @param check throws where the account must not have it
   */
  createAccountToken(
    accountId: string,
    token: NewAccountToken,
    editor: string,
    check: (account: Account) => void,
  ): Promise<Changed<TokenRecord> | undefined>;
  /** The tokens of an account, oldest first, expired ones too. */
  listAccountTokens(accountId: string): Promise<readonly TokenRecord[]>;
  /** The token with this hash, expired or not. Sees what other processes changed: a revoked one is gone at once. */
  findToken(hash: Uint8Array): Awaitable<TokenRecord | undefined>;
  /** The name of a token, or the login name of an account, of one that is gone too; undefined where none has this id. */
  tokenName(tokenId: string): Promise<string | undefined>;
  /** The tokens, oldest first. */
  listTokens(
    showRevoked: boolean,
    page: PageRequest,
  ): Promise<Page<ListedToken>>;
  /**
   * Gives a token another secret, with its event; the one before is valid until a time, and those before it no more. Undefined where
   * there is no such token.
   *
   * @param check throws where the token must not be rotated
   */
  rotateToken(
    tokenId: string,
    secret: NewSecret,
    editor: string,
    check: (token: TokenRecord) => void,
  ): Promise<ListedToken | undefined>;
  /** Notes that a token was used in the hour that begins at this time, unless a later use is noted. */
  noteTokenUse(tokenId: string, hour: number): Promise<void>;
  /** Removes a token, of which the list of the revoked ones remains; its last event says so. Returns that one; undefined where there was no token. */
  revokeToken(
    tokenId: string,
    editor: string,
  ): Promise<RecordedEvent | undefined>;
}
