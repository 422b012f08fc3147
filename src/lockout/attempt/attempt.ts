/**
 * Reserve, verify, report: an attempt takes one of the chances that are left before a secret is compared, and
 * gives it back or uses it up after. So with a limit of N at most N secrets are compared between two resets,
 * however many callers race (I1): the store runs each of these functions alone in its transaction.
 */
import { chancesOf, failedAt, maxOpen } from "../user/counter.ts";
import { count, lockEndOf, refusalOf, registered } from "./counting.ts";
import type { Client, CompleteResult, Outcome } from "../user/comparison.ts";
import {
  knownDevice,
  refusalOnDevice,
  rememberDevice,
} from "./device-attempts.ts";
import { noDevices, usedOf, withUsed } from "../user/devices.ts";
import type { Device } from "../user/devices.ts";
import { LockoutError } from "../errors/errors.ts";
import { closingLock } from "../user/lock.ts";
import { limitOf } from "../user/factor.ts";
import type { Factor } from "../user/factor.ts";
import { isThrottled, limitedNetwork, throttledForMs } from "../user/source.ts";
import { newUser } from "../user/user.ts";
import type { CommandView, UserChange, UserView } from "../user/user.ts";

/** An attempt as it is stored. */
export interface Attempt {
  readonly id: string;
  readonly factor: Factor;
  readonly client: Client;
  /** When it was begun; later than now where the clock was set back since. */
  readonly beginTime: number;
  /** It counts as failed at this time or later, unless it is closed. */
  readonly expireTime: number;
  /** The device whose chance it holds; left out where it holds one of the user's. */
  readonly deviceId?: string | undefined;
  /** How often all devices had been forgotten when it was begun; left out for never. */
  readonly deviceGeneration?: number | undefined;
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
  /** What the device shows, whatever it is. */
  readonly deviceToken?: string | undefined;
}

/** Whether a secret may be compared. */
export type Decision = "proceed" | "locked" | "busy" | "inactive" | "throttled";

/** The result of BeginAttempt. */
export interface BeginResult {
  readonly decision: Decision;
  readonly limit: number;
  readonly failed: number;
  readonly open: number;
  /** Set where the decision is `proceed`. */
  readonly attempt: Attempt | undefined;
  /** Set where the decision is `busy` or `throttled`: milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** When the lock ends by itself, where the decision is `locked` and it does: milliseconds since 1970 UTC. */
  readonly lockEndTime?: number;
  /** Set where the device is known: then the numbers are the device's. */
  readonly isKnownDevice?: true;
}

/** What beginning an attempt leads to. */
export interface BeginChange extends UserChange<BeginResult> {
  /** What somebody wanted to guess at. */
  readonly factor: Factor;
  /** The attempt to keep. */
  readonly opened?: Attempt;
  /** The network whose chance it holds; left out where it holds none. */
  readonly network?: string | undefined;
}

/** What completing an attempt leads to. */
export interface CompleteChange extends UserChange<CompleteResult> {
  /** How to close the attempt; undefined where it is closed already. */
  readonly closed?: ClosedAttempt;
}

// An open attempt gives its chance back when it is completed: after about the time of a comparison.
const retryAfterMs = 1000;

/** Whether the secret of a user may be compared now. */
export function decisionOf(view: UserView, factor: Factor): Decision {
  const counter = view.counters[factor];
  return (
    refusalOf(view.user ?? newUser, factor) ??
    (counter.open >= chancesOf(factor, counter, view) ? "busy" : "proceed")
  );
}

/** Takes one of the chances that are left, of the source and then of the user. */
export function beginAttempt(
  view: CommandView,
  command: BeginCommand,
): BeginChange {
  const { factor, client } = command;
  const device = knownDevice(view, factor, command.deviceToken);
  if (device !== undefined) {
    return beginOnDevice(view, command, device);
  }
  const network = limitedNetwork(view.rules, client);
  const throttled =
    network === undefined ? undefined : throttle(view, command, network);
  if (throttled !== undefined) {
    return { ...nothing(throttled), factor };
  }
  const counter = view.counters[factor];
  const seen = {
    limit: limitOf(factor, view.limits),
    failed: failedAt(counter, view.rules, view.now),
  };
  const decision = decisionOf(view, factor);
  if (decision !== "proceed") {
    const refused = nothing<BeginResult>({
      ...{ decision, ...seen, open: counter.open, attempt: undefined },
      retryAfterMs:
        decision === "busy" ? Math.min(retryAfterMs, command.ttlMs) : undefined,
      ...(decision === "locked" &&
        lockEndOf(closingLock(view.user ?? newUser, factor))),
    });
    return { ...refused, factor };
  }
  const attempt: Attempt = {
    id: command.attemptId,
    factor,
    client,
    beginTime: view.now,
    expireTime: view.now + command.ttlMs,
    ...(view.user?.devices !== undefined && {
      deviceGeneration: view.user.devices.generation,
    }),
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
    factor,
    opened: attempt,
    network,
  };
}

/**
 * The response to a source without chances; undefined where it has one. It says nothing of the user, so that such a source learns nothing of
 * locks.
 */
function throttle(
  view: CommandView,
  { factor, ttlMs }: BeginCommand,
  network: string,
): BeginResult | undefined {
  const { rules, now } = view;
  const source = view.findSource(network);
  if (!isThrottled(source, rules, now)) {
    return undefined;
  }
  const whileOpenMs = Math.min(retryAfterMs, ttlMs);
  return {
    ...{ decision: "throttled", limit: limitOf(factor, view.limits) },
    ...{ failed: 0, open: 0, attempt: undefined },
    retryAfterMs: throttledForMs(source, rules, now, whileOpenMs),
  };
}

/** Takes one of the chances that are left of a known device. */
function beginOnDevice(
  view: CommandView,
  { attemptId, factor, client, ttlMs }: BeginCommand,
  device: Device,
): BeginChange {
  const { user = newUser, now } = view;
  const limit = view.rules.devices.maxAttempts;
  const { failed, open } = usedOf(device.used, factor);
  const isFree = open < Math.min(limit - failed, maxOpen);
  const decision =
    refusalOnDevice(user) ?? (isFree ? "proceed" : ("busy" as const));
  const seen = { limit, failed, open, isKnownDevice: true } as const;
  if (decision !== "proceed") {
    return {
      factor,
      result: {
        ...{ decision, ...seen, attempt: undefined },
        retryAfterMs:
          decision === "busy" ? Math.min(retryAfterMs, ttlMs) : undefined,
      },
      steps: [],
      events: [],
    };
  }
  const devices = user.devices ?? noDevices;
  const attempt: Attempt = {
    ...{ id: attemptId, factor, client, closed: undefined },
    ...{ beginTime: now, expireTime: now + ttlMs },
    ...{ deviceId: device.id, deviceGeneration: devices.generation },
  };
  return {
    factor,
    result: {
      ...{ decision, ...seen, open: open + 1, attempt },
      retryAfterMs: undefined,
    },
    user: {
      ...user,
      devices: withUsed(devices, device.id, factor, { failed: 0, open: 1 }),
    },
    steps: [],
    events: [],
    opened: attempt,
  };
}

/** What may be said when an attempt is completed. */
export interface CompleteOptions {
  /** The caller's keyed hash of what was compared. */
  readonly secretDigest?: Uint8Array | undefined;
  /** Whether the device is to be known from now on, where the secret is right. */
  readonly remembersDevice?: boolean;
}

/**
 * Says how the comparison ended. Completing twice alike is harmless. A void attempt takes every outcome, and changes
 * nothing.
 *
 * @throws LockoutError `attemptClosedOtherwise` where it was closed with another outcome
 */
export function completeAttempt(
  view: CommandView,
  attempt: Attempt,
  outcome: Outcome,
  { secretDigest, remembersDevice = false }: CompleteOptions = {},
): CompleteChange {
  if (attempt.closed?.outcome === "void") {
    const { factor } = attempt;
    const lock = closingLock(view.user ?? newUser, factor);
    return nothing({
      ...{ accepted: false, locked: lock !== undefined },
      failed: failedAt(view.counters[factor], view.rules, view.now),
      limit: limitOf(factor, view.limits),
      ...lockEndOf(lock),
    });
  }
  if (attempt.closed !== undefined) {
    if (attempt.closed.outcome !== outcome) {
      throw new LockoutError("attemptClosedOtherwise");
    }
    return nothing(withToken(view, attempt.closed.result));
  }
  const counted = count(view, { ...attempt, secretDigest }, outcome);
  const change =
    remembersDevice && counted.result.accepted
      ? withRemembered(view, attempt, counted)
      : counted;
  const { result } = change;
  return {
    ...change,
    result: withToken(view, result),
    closed: { outcome, result },
  };
}

/** A success whose device is to be known from now on, where the rules know devices. */
function withRemembered(
  view: CommandView,
  attempt: Attempt,
  change: UserChange<CompleteResult>,
): UserChange<CompleteResult> {
  const { events, result } = change;
  const user = change.user ?? view.user ?? newUser;
  const remembered = rememberDevice(view, attempt, user, events);
  return remembered === undefined
    ? change
    : {
        ...change,
        result: { ...result, device: remembered.device },
        user: { ...user, devices: remembered.devices },
        events: remembered.events,
      };
}

/** The token is made anew each time: it is never stored. */
function withToken(view: CommandView, result: CompleteResult): CompleteResult {
  const { device } = result;
  return device === undefined
    ? result
    : { ...result, deviceToken: view.signDevice(device.id) };
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
  view: CommandView,
  attempt: Attempt,
): CompleteChange {
  const change = count(view, { ...attempt, hasExpired: true }, "failed");
  return {
    ...change,
    closed: { outcome: "failed", result: change.result },
  };
}

/** What may be said of a comparison that is reported. */
export interface ReportOptions {
  /** As of {@link CompleteOptions}. */
  readonly secretDigest?: Uint8Array | undefined;
  /** As of {@link BeginCommand}. */
  readonly deviceToken?: string | undefined;
}

/** Counts a comparison afterwards. Not exact: parallel callers may all have compared before the first is counted. */
export function reportAttempt(
  view: CommandView,
  factor: Factor,
  client: Client,
  outcome: Outcome,
  options: ReportOptions = {},
): UserChange<CompleteResult> {
  return count(view, { id: undefined, factor, client, ...options }, outcome);
}

function nothing<Result>(result: Result): UserChange<Result> {
  return { result, steps: [], events: [] };
}
