import type { Client } from "./comparison.ts";
import type { EventPayload, NewEvent } from "../events/event.ts";
import type { Counter } from "./counter.ts";
import { factors } from "./factor.ts";
import type { Factor } from "./factor.ts";
import type { Closed, Lock, LockReason, PlacedLock } from "./lock.ts";

/** The state of an account apart from a lock. */
export type AccountState = "active" | "initial" | "inactive";

/** The failure that reached the limit. */
export interface LockingFailure {
  readonly factor: Factor;
  readonly failed: number;
  /** As it was reported, canonical. */
  readonly address: string | undefined;
  /** Undefined where it was reported after the fact. */
  readonly attemptId: string | undefined;
  /** The lock that it caused. */
  readonly lock: Pick<Lock, "reason" | "endTime">;
  readonly closes: Closed;
  /** When it was, where that is before the event: milliseconds since 1970 UTC. */
  readonly at: number | undefined;
}

/** Why a failure locks: by the limit that its factor compares with. */
export function reasonOf(factor: Factor): LockReason {
  return factor === "password" ? "password_attempts" : "otp_attempts";
}

/** A user, or a factor, was locked by the failure that reached the limit. What is unknown is left out. */
export function lockedByFailure({
  factor,
  failed,
  address,
  attemptId,
  lock,
  closes,
  at,
}: LockingFailure): NewEvent {
  return {
    type: lockedType(closes),
    payload: {
      reason: reasonName(lock.reason),
      factor: factorName(factor),
      failedAttempts: failed,
      ...(address !== undefined && { address }),
      ...(attemptId !== undefined && { attemptId }),
      ...endPayload(lock),
      ...atPayload(at),
    },
  };
}

/** The failure left one chance to the ceiling, behind which a lock stays until somebody unlocks. @param at as of {@link LockingFailure} */
export function ceilingNear(
  factor: Factor,
  failedInRow: number,
  at: number | undefined,
): NewEvent {
  return {
    type: "user.lockout.warned",
    payload: { factor: factorName(factor), failedInRow, ...atPayload(at) },
  };
}

/** When something was that an event tells later, as its payload has it. */
export function atPayload(at: number | undefined): EventPayload {
  return at === undefined ? {} : { at: new Date(at).toISOString() };
}

function endPayload({ endTime }: Pick<Lock, "endTime">): EventPayload {
  return endTime === undefined
    ? {}
    : { lockEndTime: new Date(endTime).toISOString() };
}

function lockedType(closes: Closed): NewEvent["type"] {
  return closes === "user" ? "user.locked" : "user.factor.locked";
}

/** A user has the lock that a login name had. Of its failure no more is known. */
export function lockTakenOver({ closes, lock }: PlacedLock): NewEvent {
  const { reason, factor } = lock;
  return {
    type: lockedType(closes),
    payload: {
      reason: reasonName(reason),
      // Says what is locked, or whose count starts over when the lock ends.
      ...((closes !== "user" || lock.endTime !== undefined) &&
        factor !== undefined && { factor: factorName(factor) }),
      ...endPayload(lock),
    },
  };
}

/** A user was locked by an administrator. */
export const lockedByAdministrator: NewEvent = {
  type: "user.locked",
  payload: { reason: reasonName("administrator") },
};

/** The factor that the payload of an event of a lock names, where it names one. */
export function lockFactorOf({ factor }: EventPayload): Factor | undefined {
  return factors.find((name) => factorName(name) === factor);
}

/** Whether a payload of `user.unlocked` or `user.factor.unlocked` is of a lock that ended by itself. */
export function isEndOfLock({ expired }: EventPayload): boolean {
  return expired === true;
}

/** Whether a payload of a failed check says that the secret was tried before, and so did not count. */
export function isRepeated({ repeated }: EventPayload): boolean {
  return repeated === true;
}

/** A lock ended by itself at this time, in milliseconds since 1970 UTC. */
export function lockEnded(closes: Closed, endTime: number): NewEvent {
  return unlockedEvent(closes, { expired: true, ...atPayload(endTime) });
}

/** Failures of a login name that led to nobody count for the user whom it leads to now, if there were any. */
export function failuresAdded(
  counters: Readonly<Record<Factor, Counter>>,
): readonly NewEvent[] {
  const failures = factors.flatMap((factor) => {
    const { failed, failedInRow, locksInRow } = counters[factor];
    const name = factorName(factor);
    return [
      ...(failed > 0 ? [[name, failed] as const] : []),
      ...(failedInRow === failed
        ? []
        : [[`failedInRow.${name}`, failedInRow] as const]),
      ...(locksInRow <= 1 ? [] : [[`locksInRow.${name}`, locksInRow] as const]),
    ];
  });
  return failures.length === 0
    ? []
    : [
        {
          type: "user.lockout.failures.added",
          payload: Object.fromEntries(failures),
        },
      ];
}

/** What such an event added to a counter. */
export function addedFailures(
  payload: EventPayload,
  factor: Factor,
): Pick<Counter, "failed" | "failedInRow" | "locksInRow"> {
  const name = factorName(factor);
  const number = (field: string, otherwise: number) => {
    const value = payload[field];
    return typeof value === "number" ? value : otherwise;
  };
  const failed = number(name, 0);
  return {
    failed,
    failedInRow: number(`failedInRow.${name}`, failed),
    locksInRow: number(`locksInRow.${name}`, 0),
  };
}

/** How a secret was compared, and by whom. */
export function checked(
  type: NewEvent["type"],
  client: Client,
  more?: EventPayload,
): NewEvent {
  const payload: EventPayload = { ...client, ...more };
  return Object.keys(payload).length === 0 ? { type } : { type, payload };
}

/** A device was forgotten, since its chances were used up or others succeeded since. @param at as of {@link LockingFailure} */
export function deviceForgotten(
  deviceId: string,
  at: number | undefined,
): NewEvent {
  return {
    type: "user.device.forgotten",
    payload: { deviceId, ...atPayload(at) },
  };
}

/** All devices of a user were forgotten. */
export const devicesForgotten: NewEvent = { type: "user.devices.forgotten" };

/** The device that a payload names in a field. */
export function deviceIn(
  payload: EventPayload,
  field: "deviceId" | "rememberedDevice",
): string | undefined {
  const value = payload[field];
  return typeof value === "string" ? value : undefined;
}

/** What is said of an unlock, for the record; what is empty is left out. */
export interface UnlockRemarks {
  readonly note: string;
  readonly ticket: string;
}

/** Somebody unlocked a user or a factor. */
export function unlockedBySomebody(
  closes: Closed,
  remarks?: UnlockRemarks,
): NewEvent {
  return unlockedEvent(closes, remarksPayload(remarks));
}

function unlockedEvent(closes: Closed, payload: EventPayload): NewEvent {
  if (closes !== "user") {
    return {
      type: "user.factor.unlocked",
      payload: { factor: factorName(closes), ...payload },
    };
  }
  return Object.keys(payload).length === 0
    ? { type: "user.unlocked" }
    : { type: "user.unlocked", payload };
}

/** A login name that leads to nobody was unlocked, by the event that a user would have had. @param nameHash hexadecimal */
export function nameUnlocked(
  nameHash: string,
  { payload }: Pick<NewEvent, "payload">,
): NewEvent {
  return {
    type: "org.lockout.name.unlocked",
    payload: { nameHash, ...payload },
  };
}

function remarksPayload(remarks: UnlockRemarks | undefined): EventPayload {
  const said = Object.entries(remarks ?? {}).filter(([, text]) => text !== "");
  return Object.fromEntries(said);
}

/** A user was registered. */
export function userAdded(account: AccountState): NewEvent {
  return {
    type: "user.human.added",
    ...(account !== "active" && { payload: { state: stateName(account) } }),
  };
}

/** A user was deleted. */
export const userRemoved: NewEvent = { type: "user.removed" };

/** The state of an account changed, if it did. */
export function accountChanged(
  from: AccountState,
  to: AccountState,
): readonly NewEvent[] {
  if (from === to) {
    return [];
  }
  if (to === "inactive") {
    return [{ type: "user.deactivated" }];
  }
  if (from === "inactive" && to === "active") {
    return [{ type: "user.reactivated" }];
  }
  return [
    { type: "user.lockout.state.changed", payload: { state: stateName(to) } },
  ];
}

/** How many names one event has: as many characters as the client of a check may have. */
const namesInEvent = 10;

/** The aliases of a user changed from one list to another, if they did. Their order does not count. */
export function aliasesChanged(
  from: readonly string[],
  to: readonly string[],
): readonly NewEvent[] {
  const without = (names: readonly string[], others: readonly string[]) => {
    const known = new Set(others);
    return names.filter((name) => !known.has(name));
  };
  const removed = without(from, to).map((name) => ({ field: "removed", name }));
  const added = without(to, from).map((name) => ({ field: "added", name }));
  const changes = [...removed, ...added];
  const events: NewEvent[] = [];
  for (let start = 0; start < changes.length; start += namesInEvent) {
    const part = changes.slice(start, start + namesInEvent);
    events.push({
      type: "user.lockout.aliases.changed",
      payload: Object.fromEntries(
        [...Map.groupBy(part, ({ field }) => field)].map(([field, names]) => [
          field,
          names.map(({ name }) => name),
        ]),
      ),
    });
  }
  return events;
}

/** As `lockout.v1.UserState` names it. */
function stateName(account: AccountState): string {
  return `USER_STATE_${account.toUpperCase()}`;
}

/** The state that a payload names; active where it names none. */
export function stateOf({ state }: EventPayload): AccountState {
  const states = ["initial", "inactive"] as const;
  return states.find((account) => stateName(account) === state) ?? "active";
}

/** As `lockout.v1.LockReason` names it. */
function reasonName(reason: LockReason): string {
  return `LOCK_REASON_${reason.toUpperCase()}`;
}

/** As `lockout.v1.Factor` names it. */
function factorName(factor: Factor): string {
  return `FACTOR_${factor.toUpperCase()}`;
}
