/** The part of the port that is about hooks: to whom events are sent, and how far that is. What `store.ts` says of every method holds here too. */
import type { AggregateType } from "../lockout/events/event.ts";
import type { DisableReason, HookSettings } from "../lockout/hook.ts";
import type { Awaitable } from "./awaitable.ts";
import type { Page, PageRequest } from "./pages.ts";

/** How many hooks an organisation may have, and the instance. */
export const maxHooks = { org: 10, instance: 100 } as const;

/** How many deliveries of a hook are kept, and for how long, in milliseconds. */
export const keptDeliveries = { count: 1000, ageMs: 7 * 86_400_000 } as const;

/** Whose a hook is: the id of an organisation, or undefined for the instance. */
export type HookOwner = string | undefined;

/** A secret that a rotation replaced. */
export interface OldHookSecret {
  readonly sealed: string;
  /** It signs before this time. */
  readonly expirationDate: number;
}

/** A hook. */
export interface HookRecord extends HookSettings {
  /** 18 decimal digits. */
  readonly id: string;
  readonly owner: HookOwner;
  /** The secret as it is kept: the store does not read it. */
  readonly sealedSecret: string;
  readonly oldSecret: OldHookSecret | undefined;
  /** Undefined where it is enabled. */
  readonly disableReason: DisableReason | undefined;
  readonly creationDate: number;
  /** Of the last change. */
  readonly changeDate: number;
  /** It gets events with greater positions: that of the event of its creation, or of that which enabled it last. */
  readonly since: number;
  /** How far it is: events up to here were accepted, given up, or are among its retries. */
  readonly position: number;
  /** When the receiver accepted an event last; undefined where it never did. */
  readonly lastSuccess: number | undefined;
}

/** A hook that gets events. */
export interface SendingHook extends HookRecord {
  /** Whether something waits at it. */
  readonly hasRetries: boolean;
}

/** A hook that is to be created. */
export interface NewHook extends HookSettings {
  readonly owner: HookOwner;
  /** Gives the secret as it is to be kept, for the id that the hook gets; may be asked more than once. */
  readonly sealSecret: (hookId: string) => string;
}

/** What is to be different about a hook; what is undefined stays. */
export interface HookChange {
  readonly settings?: HookSettings;
  readonly isEnabled?: boolean;
  readonly secret?: {
    readonly sealed: string;
    readonly oldExpirationDate: number;
  };
}

/** Whose events wait for each other at a hook: those of one aggregate. */
export interface HookStream {
  readonly aggregateType: AggregateType;
  readonly resourceOwner: string;
  readonly aggregateId: string;
}

/** An event that a receiver has not accepted yet: it, and all later ones of its stream, wait. */
export interface HookRetry extends HookStream {
  /** Of the event; no earlier one of its stream is waiting. */
  readonly position: number;
  /** How often it was tried; 0 where the one before it was accepted or given up. */
  readonly attempts: number;
  /** When it was tried first. */
  readonly firstTime: number;
  /** When it is tried next. */
  readonly nextTime: number;
}

/** How a try ended. */
export type DeliveryOutcome =
  "delivered" | "refused" | "unreachable" | "given_up";

/** A try to send an event. */
export interface NewDelivery {
  readonly eventId: string;
  /** Of the event; undefined of a test, which sends none. */
  readonly position: number | undefined;
  /** From 1 on. */
  readonly attempt: number;
  /** When it began. */
  readonly time: number;
  /** 0 where there was no response. */
  readonly status: number;
  readonly error: string;
  readonly response: string;
  /** When the event is tried again by itself. */
  readonly nextTime: number | undefined;
  readonly outcome: DeliveryOutcome;
}

/** A try that is kept. */
export interface DeliveryRecord extends NewDelivery {
  /** 18 decimal digits, later ones greater. */
  readonly id: string;
}

/** What sending has come to at a hook. */
export interface HookProgress {
  readonly hookId: string;
  /** As it was when this began: of a hook that was disabled since nothing is written but deliveries. */
  readonly since: number;
  readonly position: number;
  /** When an event was accepted; undefined where none was. */
  readonly lastSuccess: number | undefined;
  /** Waiting events that are new or have changed. */
  readonly retries: readonly HookRetry[];
  /** Streams in which nothing waits any more. */
  readonly done: readonly HookStream[];
  readonly deliveries: readonly NewDelivery[];
}

/** The part of the port that is about hooks. */
export interface HookStore {
  /**
   * Creates a hook, with its event, unless the owner has as many as may be.
   *
   * @throws LockoutError `hooksTooMany`
   */
  createHook(hook: NewHook, editor: string): Promise<HookRecord>;
  /** The hook with this id, whoever's; sees what other processes changed at once. */
  findHook(hookId: string): Awaitable<HookRecord | undefined>;
  /** The hooks of an owner, oldest first. */
  listHooks(owner: HookOwner, page: PageRequest): Promise<Page<HookRecord>>;
  /**
   * Changes a hook, with its events; undefined where the owner has no such hook. Who is enabled again starts anew: nothing waits.
   *
   * @param decide says what is to be different; where that is nothing, nothing is written
   */
  changeHook(
    owner: HookOwner,
    hookId: string,
    editor: string,
    decide: (hook: HookRecord) => HookChange,
  ): Promise<HookRecord | undefined>;
  /** Disables a hook that is enabled since this position, with an event of the editor SYSTEM: what waits is forgotten. Says whether it was. */
  disableHook(
    hookId: string,
    since: number,
    reason: DisableReason,
  ): Promise<boolean>;
  /** Removes a hook with its deliveries, with an event; says whether the owner had it. */
  removeHook(
    owner: HookOwner,
    hookId: string,
    editor: string,
  ): Promise<boolean>;
  /** What is kept of the tries of a hook, newest first. */
  listHookDeliveries(
    hookId: string,
    page: PageRequest,
  ): Promise<Page<DeliveryRecord>>;
  findHookDelivery(
    hookId: string,
    deliveryId: string,
  ): Promise<DeliveryRecord | undefined>;
  /** Keeps a try that is none of the sender's; undefined where the hook is gone. */
  addHookDelivery(
    hookId: string,
    delivery: NewDelivery,
  ): Promise<DeliveryRecord | undefined>;

  /**
   * Takes the lease for sending, or renews it: of all processes, one holds it. `position` is how far all hooks are that say no greater
   * one; undefined before the first progress. Undefined where another holds the lease.
   *
   * @param forMs how long it lasts, in milliseconds, from the call on; longer in a store that one process alone serves
   */
  leaseSending(
    holder: string,
    forMs: number,
  ): Promise<{ readonly position: number | undefined } | undefined>;
  /** Gives the lease back, where it is held. */
  releaseSending(holder: string): Promise<void>;
  /** The enabled hooks of all owners in the order of their ids, those behind an id. */
  listSendingHooks(
    afterId: string,
    limit: number,
  ): Promise<readonly SendingHook[]>;
  /** What waits at a hook. */
  listHookRetries(hookId: string): Promise<readonly HookRetry[]>;
  /**
   * Writes how far sending is, of all hooks (`position`) and of some. Says false, and writes nothing, where the lease is another's.
   */
  recordSending(
    holder: string,
    position: number,
    hooks: readonly HookProgress[],
  ): Promise<boolean>;
  /** Removes some deliveries that are too old; says whether there may be more. */
  pruneHookDeliveries(): Promise<boolean>;
}
