/**
 * The port: what the rest of the code may ask of a store, in words. Each engine (`sqlite/`, …) keeps to it,
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
 *   nothing was written; or, where a connection to a remote store broke during the commit, perhaps everything.
 * - Times are milliseconds since 1970 UTC, by the store's one clock. Dates of events, and of policies, which are those of their events,
 *   are microseconds: each later than the one before it, also where many events come in a millisecond, or the clock goes back.
 */
import type { AccountStore } from "./accounts.ts";
import type { ActivityStore } from "./activity.ts";
import type { PolicyDecision } from "../lockout/policy/policy.ts";
import type { PolicyStore } from "./policies.ts";
import type { EventStore } from "./events.ts";
import type { FigureStore } from "./figures.ts";
import type { OrgStore, TokenStore, NewToken } from "./access.ts";
import type { HookStore } from "./hooks.ts";
import type { Clock, NewId } from "./ids.ts";
import type { UserStore, AttemptStore } from "./users.ts";
import type { UserLookupStore } from "./user-lookups.ts";
import type { VaultStore } from "./vault.ts";

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

/** A database URL is malformed: the message says how to write it. */
export class DatabaseUrlError extends StoreRefusedError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DatabaseUrlError";
  }
}

/** What the first start creates, all in one transaction, each with its event. */
export interface InstanceInit {
  readonly orgName: string;
  readonly policy: PolicyDecision;
  /** The administrator's token; its organisation is the first one. */
  readonly token: Omit<NewToken, "orgId">;
}

/** What is created once, at the first start: all organisations belong to it. */
export interface Instance {
  readonly id: string;
  /** The organisation that the first start created: the own organisation of callers without another. */
  readonly firstOrgId: string;
}

/** All that an engine does. Times are in milliseconds since 1970 UTC. */
export interface Store
  extends
    PolicyStore,
    EventStore,
    OrgStore,
    TokenStore,
    AccountStore,
    UserStore,
    UserLookupStore,
    AttemptStore,
    VaultStore,
    FigureStore,
    HookStore,
    ActivityStore {
  /** The store's one clock. For a remote store an estimate, off by no more than a round trip takes. */
  readonly now: Clock;
  /** Makes ids that are unique among all processes that use the same store. @throws StoreUnavailableError where that cannot be guaranteed now */
  readonly newId: NewId;
  /** The instance, if one was created. */
  findInstance(): Promise<Instance | undefined>;
  /**
   * Creates the instance, unless there is one: `created` says so. Of two at once, one creates.
   *
   * @throws StoreRefusedError where there are organisations without an instance: a copy that was broken off (`transfer.ts`)
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
