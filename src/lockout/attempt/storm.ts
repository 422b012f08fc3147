/**
 * Storms: more locks by failures in an organisation, within a window, than its rules call usual. A storm changes nothing for anybody who logs
 * in: it is for people, metrics and hooks. What is decided goes by the times of the locks, whenever somebody looks at them.
 */
import type { NewEvent } from "../events/event.ts";
import type { Rules, StormRules } from "../policy/rules.ts";
import { durationText } from "../policy/rules-payload.ts";

/** What is known of the locks of an organisation. All times are milliseconds since 1970 UTC. */
export interface Storm {
  /** When users or factors were locked by failures, in ascending order: only the last ones, which may still count. */
  readonly locks: readonly number[];
  /** Since when a storm is under way; undefined while there is none. */
  readonly beganTime: number | undefined;
  /** When the last one ended: it is not found again by locks that are reported late. */
  readonly endedTime: number | undefined;
  /** When all this was settled last. */
  readonly settledTime: number;
}

/** What settling leads to. */
export interface SettledStorm {
  /** Undefined where nothing needs to be kept. */
  readonly storm: Storm | undefined;
  readonly events: readonly NewEvent[];
  /** When to look again, though no lock was added. */
  readonly dueTime: number;
}

/** Nothing is known of any lock. */
export const noStorm: Storm = {
  locks: [],
  ...{ beganTime: undefined, endedTime: undefined },
  settledTime: 0,
};

/** So long a lock may take to be reported, and is counted as on time: its transaction has to be committed first. */
const lateMs = 5000;

/** A storm that is under way is looked at so often, since the rules may have changed, */
const underWayMs = 5000;
/** and what is kept of locks so often. */
const quietMs = 3_600_000;

/** Whether locks are to be counted. */
export function looksForStorms({ storms }: Pick<Rules, "storms">): boolean {
  return storms.maxLocks > 0;
}

/**
 * Adds locks to those that are known, in any order, and says which storms have begun and ended by now. A storm begins with the lock that makes
 * them more than `max_locks` within the window, and ends when the last window holds fewer than half of `max_locks`. Where storms are no longer
 * looked for, one that is under way ends.
 */
export function settleStorm(
  known: Storm,
  added: readonly number[],
  { storms: rules }: Pick<Rules, "storms">,
  now: number,
): SettledStorm {
  const before = backInTime(known, now);
  if (!looksForStorms({ storms: rules })) {
    const isEnded = before.beganTime !== undefined;
    return {
      ...{ storm: undefined, dueTime: now },
      events: isEnded ? [stormEnded(before.beganTime, now)] : [],
    };
  }
  const fresh = added.map((time) => Math.min(time, now));
  const locks = [...before.locks, ...fresh].sort((a, b) => a - b);
  const events: NewEvent[] = [];
  let { beganTime, endedTime } = before;
  const end = (time: number) => {
    if (beganTime !== undefined) {
      events.push(stormEnded(beganTime, time));
      [beganTime, endedTime] = [undefined, time];
    }
  };
  const firstFresh = fresh.reduce((a, b) => Math.min(a, b), Infinity);
  // What a lock that is reported late adds to those after it may be too much too.
  let index = locks.findIndex((time) => time >= firstFresh);
  while (index >= 0 && index < locks.length) {
    const time = locks[index] ?? now;
    const calm = calmTime(locks, index, rules) ?? time;
    if (beganTime !== undefined && calm > beganTime && calm < time) {
      end(calm);
    }
    // All locks of one moment are counted together.
    while (locks[index] === time) {
      index += 1;
    }
    const start = time - rules.windowMs;
    const isTooMany = (locks[index - 1 - rules.maxLocks] ?? start) > start;
    const isNew = beganTime === undefined && time > (endedTime ?? -Infinity);
    if (isNew && isTooMany) {
      beganTime = time;
      const count = index - locks.findIndex((lock) => lock > start);
      events.push(stormBegan(count, rules, time));
    }
  }
  // Fewer locks are known than would keep it up, or they left the window before it began, where the rules have changed meanwhile.
  const calm = Math.max(
    calmTime(locks, locks.length, rules) ?? now,
    beganTime ?? 0,
  );
  if (calm <= now) {
    end(calm);
  }
  const kept = locks
    .filter((time) => time > now - rules.windowMs - lateMs)
    .slice(-(beganTime === undefined ? 2 : 1) * (rules.maxLocks + 1));
  const last = kept.at(-1);
  if (last === undefined && beganTime === undefined) {
    return { storm: undefined, events, dueTime: now };
  }
  const dueTime =
    beganTime === undefined
      ? Math.min((last ?? now) + rules.windowMs + lateMs, now + quietMs)
      : Math.min(calm, now + underWayMs);
  return {
    storm: { locks: kept, beganTime, endedTime, settledTime: now },
    ...{ events, dueTime },
  };
}

/**
 * When fewer than half of `max_locks` are left in the window, if no lock follows the first so many; undefined where they are fewer already.
 */
function calmTime(
  locks: readonly number[],
  count: number,
  { maxLocks, windowMs }: StormRules,
): number | undefined {
  const lastToLeave = locks[count - Math.ceil(maxLocks / 2)];
  return lastToLeave === undefined ? undefined : lastToLeave + windowMs;
}

/** Where the clock was set back, all times are set back with it: a storm lasts as long as it would have. */
function backInTime(storm: Storm, now: number): Storm {
  const aheadMs = storm.settledTime - now;
  if (aheadMs <= 0) {
    return storm;
  }
  const back = (time: number | undefined) =>
    time === undefined ? undefined : time - aheadMs;
  return {
    locks: storm.locks.map((time) => time - aheadMs),
    ...{ beganTime: back(storm.beganTime), endedTime: back(storm.endedTime) },
    settledTime: now,
  };
}

function stormBegan(
  locks: number,
  { maxLocks, windowMs }: StormRules,
  time: number,
): NewEvent {
  return {
    type: "org.lockout.storm.began",
    payload: {
      ...{ locks, maxLocks, window: durationText(windowMs) },
      at: new Date(time).toISOString(),
    },
  };
}

function stormEnded(beganTime: number | undefined, time: number): NewEvent {
  return {
    type: "org.lockout.storm.ended",
    payload: {
      ...(beganTime !== undefined && {
        beganAt: new Date(beganTime).toISOString(),
      }),
      at: new Date(time).toISOString(),
    },
  };
}
