import type { UserState } from "../user/user.ts";

/** What of a secret is stored. */
export interface AccountSecret {
  /** Tokens that were got by the secret, or by those that it replaced, have it: they end where the secret is removed. */
  readonly id: string;
  /** SHA-256, 32 bytes. */
  readonly hash: Uint8Array;
}

/** A service account: a program that signs in. */
export interface Account {
  /** Also the caller's id: the editor of its events. 18 decimal digits. */
  readonly id: string;
  /** Its organisation; roles named ORG_… hold there. */
  readonly orgId: string;
  /** As it was given: the client id. No two accounts of an installation have one that folds alike. */
  readonly loginName: string;
  /** What people call it. */
  readonly name: string;
  /** What it is for; empty where nobody said. */
  readonly description: string;
  readonly roles: readonly string[];
  /** Milliseconds since 1970 UTC. */
  readonly creationDate: number;
  /** Whether it may sign in: locked and inactive ones may not. */
  readonly state: UserState;
  readonly secret: AccountSecret | undefined;
  /** The ids of its keys, oldest first. */
  readonly keyIds: readonly string[];
  /** The ids of its personal access tokens, oldest first, expired ones too. */
  readonly tokenIds: readonly string[];
  /** Whether access tokens of it were revoked that may not have expired yet. */
  readonly hasRevokedTokens: boolean;
}

/** By which algorithms assertions may be signed. */
export type KeyAlgorithm = "RSA" | "P-256" | "Ed25519";

/** A public key of an account. Dates are in milliseconds since 1970 UTC. */
export interface AccountKey {
  readonly id: string;
  readonly algorithm: KeyAlgorithm;
  /** DER, SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly creationDate: number;
  /** The key is good before this time; undefined: for ever. */
  readonly expirationDate: number | undefined;
}

/** Whether an account may sign in and call. */
export function isActive({ state }: Account): boolean {
  return state.account === "active" && state.lock === undefined;
}
