/** The part of the port that is about who may call: organisations and tokens. What `store.ts` says of every method holds here too. */
import type { Awaitable } from "./awaitable.ts";

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
  /** The organisations, oldest first. */
  listOrgs(): Promise<readonly Org[]>;
  orgExists(orgId: string): Awaitable<boolean>;
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
  /** The token is valid before this time. */
  readonly expirationDate: number | undefined;
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

/** The part of the port that is about tokens. */
export interface TokenStore {
  /** Creates a token, with its event: of the aggregate `user` with the token's id. */
  createToken(token: NewToken, editor: string): Promise<TokenRecord>;
  /** The token with this hash, expired or not. Sees what other processes changed: a revoked one is gone at once. */
  findToken(hash: Uint8Array): Awaitable<TokenRecord | undefined>;
  /** The tokens, oldest first. */
  listTokens(): Promise<readonly TokenRecord[]>;
  /** Removes a token; its last event says so. Says whether there was one. */
  revokeToken(tokenId: string, editor: string): Promise<boolean>;
}
