/**
 * The port: what the rest of the house may ask of a store, in words. Each engine (`sqlite/`, …) keeps to it,
 * and one suite (`test/contract/`) holds every engine to it.
 *
 * What holds for every method:
 * - A command resolves only after what it wrote is durable: on disk, and not lost by `kill -9`.
 * - A command is atomic. It is given to the store as a function from the current state to what shall be
 *   written, and the store runs that function inside the transaction, so that no caller can come between
 *   reading and writing. The function is pure: it may be run more than once, when a transaction is retried.
 * - What the function throws is thrown on to the caller, and nothing is written.
 * - Each change appends its events and updates the current state in the same transaction.
 * - A store that cannot be used (locked, full, read-only, broken, away) throws StoreUnavailableError, and
 *   nothing was written; or, where the store is elsewhere and the way to it broke during the commit, perhaps all.
 * - Times are milliseconds since 1970 UTC, by the store's one clock.
 */
import type {
  AggregateType,
  EventPayload,
  EventType,
} from "../lockout/event.ts";
import type {
  DecidePolicy,
  Limits,
  PolicyDecision,
} from "../lockout/policy.ts";

import type { NewId } from "./ids.ts";
import type { AttemptStore, UserStore } from "./users.ts";

/** The store cannot be used: locked, full, read-only, broken or away. `cause` says what happened. */
export class StoreUnavailableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreUnavailableError";
  }
}

/** The store refuses to open: another server holds it, it comes from a newer version, or it is not ours. */
export class StoreRefusedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreRefusedError";
  }
}

/** The URL of a database is none that a store could be opened by: whoever wrote it can mend it. */
export class DatabaseUrlError extends StoreRefusedError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DatabaseUrlError";
  }
}

/**
 * What an engine may have at hand: for what every call asks, a promise would cost more than the answer. A failure is a rejection all
 * the same.
 */
export type Answer<T> = T | Promise<T>;

/** The time in milliseconds since 1970 UTC. */
export type Clock = () => number;

/** An event as it was written. */
export interface RecordedEvent {
  /** Its place in the order of all events: later events have greater ones; there may be gaps. */
  readonly position: number;
  readonly aggregateType: AggregateType;
  readonly aggregateId: string;
  /** The instance's id or the organisation's. */
  readonly resourceOwner: string;
  /** Counts from 1 per aggregate (type, resource owner and id), without gaps. */
  readonly sequence: number;
  readonly type: EventType;
  /** The id of the caller; `SYSTEM` where the server or an operator at the command line did it. */
  readonly editor: string;
  readonly creationDate: number;
  readonly payload: EventPayload | undefined;
}

/** Whose policy is meant. */
export type PolicyOwner =
  | { readonly kind: "instance" }
  | { readonly kind: "org"; readonly orgId: string };

/** A policy as it is stored. */
export interface StoredPolicy extends Limits {
  /** The instance's id or the organisation's. */
  readonly resourceOwner: string;
  /** The sequence of the policy's last event. */
  readonly sequence: number;
  readonly creationDate: number;
  readonly changeDate: number;
}

export interface PolicyStore {
  /** The policy that this owner has of its own. */
  findPolicy(owner: PolicyOwner): Answer<StoredPolicy | undefined>;
  /** Runs a policy command. An organisation need not exist: callers check that first. */
  changePolicy(
    owner: PolicyOwner,
    editor: string,
    decide: DecidePolicy,
  ): Promise<RecordedEvent>;
}

/** Which events are wanted; what is undefined or empty does not filter. */
export interface EventFilter {
  /** Oldest first; else newest first. */
  readonly ascending: boolean;
  /** At least 1. */
  readonly limit: number;
  /** Only events with a greater sequence. */
  readonly sequenceAfter?: number;
  /** Only events with a smaller sequence. */
  readonly sequenceBefore?: number;
  /** Only events created at this time or later. */
  readonly since?: number;
  /** Only events created before this time. */
  readonly until?: number;
  /** Only events with a greater position. */
  readonly positionAfter?: number;
  readonly editor?: string;
  readonly types?: readonly string[];
  readonly aggregateId?: string;
  readonly aggregateTypes?: readonly string[];
  readonly resourceOwner?: string;
}

export interface EventStore {
  /** The events that fit, in the order of their positions. */
  listEvents(filter: EventFilter): Promise<readonly RecordedEvent[]>;
  /** The greatest position there is; 0 before the first event. */
  lastPosition(): Promise<number>;
  /**
   * Calls the listener soon after events were appended, by this process or another; perhaps also when none were.
   * Returns what ends that.
   */
  onAppended(listener: () => void): () => void;
}

export interface Org {
  readonly id: string;
  readonly name: string;
  readonly creationDate: number;
}

export interface OrgStore {
  /** Creates an organisation, with its event; the store gives the id: 18 decimal digits. */
  createOrg(name: string, editor: string): Promise<Org>;
  /** The organisations, oldest first. */
  listOrgs(): Promise<readonly Org[]>;
  orgExists(orgId: string): Answer<boolean>;
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

export interface NewToken {
  /** SHA-256 of the secret, 32 bytes. */
  readonly hash: Uint8Array;
  readonly name: string;
  readonly orgId: string;
  readonly roles: readonly string[];
  readonly expirationDate: number | undefined;
}

export interface TokenStore {
  /** Creates a token, with its event: of the aggregate `user` with the token's id. */
  createToken(token: NewToken, editor: string): Promise<TokenRecord>;
  /** The token with this hash, expired or not. Sees what other processes changed: a revoked one is gone at once. */
  findToken(hash: Uint8Array): Answer<TokenRecord | undefined>;
  /** The tokens, oldest first. */
  listTokens(): Promise<readonly TokenRecord[]>;
  /** Removes a token; its last event says so. Says whether there was one. */
  revokeToken(tokenId: string, editor: string): Promise<boolean>;
}

/** What the first start creates, all in one transaction, each with its event. */
export interface InstanceInit {
  readonly orgName: string;
  readonly policy: PolicyDecision;
  /** The administrator's token; its organisation is the first one. */
  readonly token: Omit<NewToken, "orgId">;
}

export interface Instance {
  readonly id: string;
  /** The organisation that the first start created: the own organisation of callers without another. */
  readonly firstOrgId: string;
}

export interface Store
  extends
    PolicyStore,
    EventStore,
    OrgStore,
    TokenStore,
    UserStore,
    AttemptStore {
  /** The store's one clock. Where the store is elsewhere an estimate, off by no more than an answer from there takes. */
  readonly now: Clock;
  /** Ids that nobody else makes who works on the same store. Throws StoreUnavailableError where that is not sure now. */
  readonly newId: NewId;
  /** The instance, if one was created. */
  findInstance(): Promise<Instance | undefined>;
  /**
   * Creates the instance, unless there is one: `created` says so. Of two at once, one creates. Throws
   * StoreRefusedError where there are organisations without an instance: a copy that was broken off (`transfer.ts`).
   */
  initialise(
    init: InstanceInit,
  ): Promise<Instance & { readonly created: boolean }>;
  /** Writes something that changes nothing, and throws StoreUnavailableError if the store cannot be written now. */
  ping(): Promise<void>;
  /** Finishes what runs, then lets go of the store. */
  close(): Promise<void>;
}

/** What a check of a database found. */
export interface CheckReport {
  readonly events: number;
  readonly users: number;
  /** A line each; not all, where there are many. */
  readonly problems: readonly string[];
  /** How many there are. */
  readonly count: number;
}
