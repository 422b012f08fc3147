/**
 * Reserve, verify, report: an attempt takes one of the chances that are left before a secret is compared, and
 * gives it back or uses it up after. So with a limit of N at most N secrets are compared between two resets,
 * however many callers race (I1): the store runs each of these functions alone in its transaction.
 */
import { LockoutError } from "./errors.ts";
import type { EventPayload, NewEvent } from "./event.ts";
import { checkEvents, limitOf } from "./factor.ts";
import type { Factor } from "./factor.ts";
import { lockedByFailure, reasonOf } from "./user-events.ts";
import { newUser } from "./user.ts";
import type { UserChange, UserState, UserView } from "./user.ts";

/** How a comparison ended. */
export type Outcome = "succeeded" | "failed" | "not_a_guess";

/** Who tries, as the caller says: recorded with the event. */
export interface Client {
  readonly address?: string;
  readonly userAgent?: string;
  readonly device?: string;
}

/** The result of a completed or reported attempt. */
export interface CompleteResult {
  /** The login goes on only then. */
  readonly accepted: boolean;
  /** Whether the user is locked now. */
  readonly locked: boolean;
  readonly failed: number;
  readonly limit: number;
}

/** An attempt as it is stored. */
export interface Attempt {
  readonly id: string;
  readonly factor: Factor;
  readonly client: Client;
  /** When it was begun; later than now where the clock was set back since. */
  readonly beginTime: number;
  /** It counts as failed at this time or later, unless it is closed. */
  readonly expireTime: number;
  /** How it was closed, and the result that was returned. */
  readonly closed: ClosedAttempt | undefined;
}

/**
 * `void`: it was open when the user was unlocked or deactivated. Its chance is no longer held, so it is never accepted,
 * whatever was compared (I1), and no outcome of it counts.
 */
export type ClosedAttempt =
  | { readonly outcome: Outcome; readonly result: CompleteResult }
  | { readonly outcome: "void" };

/** What is asked of {@link beginAttempt}. */
export interface BeginCommand {
  /** The id that the attempt shall have. */
  readonly attemptId: string;
  readonly factor: Factor;
  readonly client: Client;
  readonly ttlMs: number;
}

/** The result of BeginAttempt. */
export interface BeginResult {
  readonly decision: "proceed" | "locked" | "busy" | "inactive";
  readonly limit: number;
  readonly failed: number;
  readonly open: number;
  /** Set where the decision is `proceed`. */
  readonly attempt: Attempt | undefined;
  /** Set where the decision is `busy`: milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** What beginning an attempt leads to. */
export interface BeginChange extends UserChange<BeginResult> {
  /** The attempt to keep. */
  readonly opened?: Attempt;
}

/** What completing an attempt leads to. */
export interface CompleteChange extends UserChange<CompleteResult> {
  /** How to close the attempt; undefined where it is closed already. */
  readonly closed?: ClosedAttempt;
}

// An open attempt gives its chance back when it is completed: after about the time of a comparison.
const retryAfterMs = 1000;

/**
 * The most attempts of one factor of one user that are open at once, whatever the limit. No user has so many logins at once, and all
 * of them are closed in one transaction when the user is unlocked, or when they expire together.
 */
const maxOpen = 1000;

/** Takes one of the chances that are left. */
export function beginAttempt(
  view: UserView,
  command: BeginCommand,
): BeginChange {
  const { factor, client } = command;
  const user = view.user ?? newUser;
  const counter = view.counters[factor];
  const limit = limitOf(factor, view.limits);
  const seen = { limit, failed: counter.failed };
  const refused = { attempt: undefined, retryAfterMs: undefined };

  const closed = refusalOf(user);
  if (closed !== undefined) {
    return nothing({
      decision: closed,
      ...seen,
      open: counter.open,
      ...refused,
    });
  }
  if (counter.open >= chancesLeft(limit, counter.failed)) {
    return nothing({
      decision: "busy",
      ...seen,
      open: counter.open,
      ...refused,
      retryAfterMs: Math.min(retryAfterMs, command.ttlMs),
    });
  }
  const attempt: Attempt = {
    id: command.attemptId,
    factor,
    client,
    beginTime: view.now,
    expireTime: view.now + command.ttlMs,
    closed: undefined,
  };
  return {
    result: {
      decision: "proceed",
      ...seen,
      open: counter.open + 1,
      attempt,
      retryAfterMs: undefined,
    },
    ...registered(view),
    steps: [{ factor, failed: 0, open: 1 }],
    events: [],
    opened: attempt,
  };
}

/**
 * Says how the comparison ended. Completing twice alike is harmless. A void attempt takes every outcome, and changes
 * nothing.
 *
 * @throws LockoutError `attemptClosedOtherwise` where it was closed with another outcome
 */
export function completeAttempt(
  view: UserView,
  attempt: Attempt,
  outcome: Outcome,
): CompleteChange {
  if (attempt.closed?.outcome === "void") {
    const { failed } = view.counters[attempt.factor];
    const limit = limitOf(attempt.factor, view.limits);
    const locked = view.user?.lock !== undefined;
    return nothing({ accepted: false, locked, failed, limit });
  }
  if (attempt.closed !== undefined) {
    if (attempt.closed.outcome !== outcome) {
      throw new LockoutError("attemptClosedOtherwise");
    }
    return nothing(attempt.closed.result);
  }
  const change = count(view, attempt, outcome);
  return { ...change, closed: { outcome, result: change.result } };
}

/**
 * An open attempt with new times, where the clock was set back to before its begin; undefined where it was not. With its old times it
 * would hold its chance until the clock reaches them again. Its time to live starts over, so that it does not expire early. If the clock
 * went back by more than the time to live, the attempt expires now: the change may have been noticed late, and the attempt may have lived
 * its time.
 */
export function redated<
  Dated extends Pick<Attempt, "beginTime" | "expireTime">,
>(attempt: Dated, now: number): Dated | undefined {
  const { beginTime, expireTime } = attempt;
  if (beginTime <= now) {
    return undefined;
  }
  const ttlMs = expireTime - beginTime;
  const isFar = beginTime - now > ttlMs;
  return { ...attempt, beginTime: now, expireTime: isFar ? now : now + ttlMs };
}

/** An attempt that nobody completed in time: it counts as failed, since its secret may have been compared. */
export function expireAttempt(
  view: UserView,
  attempt: Attempt,
): CompleteChange {
  const change = count(view, attempt, "failed", { expired: true });
  return {
    ...change,
    closed: { outcome: "failed", result: change.result },
  };
}

/** Counts a comparison afterwards. Not exact: parallel callers may all have compared before the first is counted. */
export function reportAttempt(
  view: UserView,
  factor: Factor,
  client: Client,
  outcome: Outcome,
): UserChange<CompleteResult> {
  return count(view, { id: undefined, factor, client }, outcome);
}

/**
 * How many attempts of a factor may be open at once. At least one: after the limit was lowered to the count or
 * below, one more attempt is made, whose failure locks, as at ZITADEL. Never more than {@link maxOpen}, with a limit of 0 too.
 */
function chancesLeft(limit: number, failed: number): number {
  return limit === 0 ? maxOpen : Math.min(Math.max(limit - failed, 1), maxOpen);
}

/** Why the secret of a user is not compared; undefined where it is. A lock comes before a deactivation. */
function refusalOf({
  lock,
  account,
}: UserState): "locked" | "inactive" | undefined {
  if (lock !== undefined) {
    return "locked";
  }
  return account === "inactive" ? "inactive" : undefined;
}

/** What was compared. */
interface Comparison {
  /** Of the attempt, which holds a chance; undefined where there was none: it is reported after the fact. */
  readonly id: string | undefined;
  readonly factor: Factor;
  readonly client: Client;
}

/** The counting that completing, expiring and reporting share. */
function count(
  view: UserView,
  { id, factor, client }: Comparison,
  outcome: Outcome,
  more?: EventPayload,
): UserChange<CompleteResult> {
  const user = view.user ?? newUser;
  const { failed } = view.counters[factor];
  const limit = limitOf(factor, view.limits);
  const held = id === undefined ? 0 : 1;
  const release = held === 0 ? [] : [{ factor, failed: 0, open: -held }];

  // Attempts of users who may not log in do not count: the attempt only ends.
  const closed = refusalOf(user);
  if (closed !== undefined) {
    return {
      result: { accepted: false, locked: closed === "locked", failed, limit },
      steps: release,
      events: [],
    };
  }
  switch (outcome) {
    case "not_a_guess":
      return {
        result: { accepted: false, locked: false, failed, limit },
        ...registered(view),
        steps: release,
        events: [],
      };
    case "succeeded":
      return {
        result: { accepted: true, locked: false, failed: 0, limit },
        ...registered(view),
        steps: [{ factor, failed: "clear", open: -held }],
        events: [checked(checkEvents[factor].succeeded, client)],
      };
    case "failed": {
      const locks = limit > 0 && failed + 1 >= limit;
      return {
        result: {
          accepted: false,
          locked: locks,
          failed: failed + 1,
          limit,
        },
        ...(locks ? { user: locked(user, factor, view) } : registered(view)),
        steps: [{ factor, failed: 1, open: -held }],
        events: [
          checked(checkEvents[factor].failed, client, more),
          ...(locks
            ? [
                lockedByFailure({
                  ...{ factor, failed: failed + 1, attemptId: id },
                  address: client.address,
                }),
              ]
            : []),
        ],
      };
    }
  }
}

function locked(user: UserState, factor: Factor, view: UserView): UserState {
  const lock = { reason: reasonOf(factor), time: view.now, by: view.editor };
  return { ...user, lock };
}

function checked(
  type: NewEvent["type"],
  client: Client,
  more?: EventPayload,
): NewEvent {
  const payload: EventPayload = { ...client, ...more };
  return Object.keys(payload).length === 0 ? { type } : { type, payload };
}

function registered(view: UserView): { readonly user?: UserState } {
  return view.user === undefined ? { user: newUser } : {};
}

function nothing<Result>(result: Result): UserChange<Result> {
  return { result, steps: [], events: [] };
}
