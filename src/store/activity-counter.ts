import { repeat } from "../pacing/repeat.ts";
import { activityIntervals, everybody, intervalStart } from "./activity.ts";
import type {
  ActivityCounts,
  ActivityKind,
  ActivityStore,
  MinuteOfActivity,
} from "./activity.ts";
import type { Clock } from "./ids.ts";
import type { Counted, StoreMeter } from "./meter.ts";
import type { Store } from "./store.ts";

/** How long what was counted waits until it is added to the store, in milliseconds. */
const everyMs = 1000;

/** How long figures that are not kept any more may stay, in milliseconds. */
const pruneEveryMs = 60_000;

/** So many minutes of organisations are added at once, and so many rows removed: some milliseconds. */
const atOnce = 100;

/**
 * So many minutes of organisations wait at most until they are added: some megabytes. What happens in more organisations than that within
 * a second counts for all together only.
 */
const maxWaiting = 10_000;

// By name, since to put the names together takes longer than to count.
const attemptKinds = {
  proceed: "attempts_proceed",
  locked: "attempts_locked",
  busy: "attempts_busy",
  throttled: "attempts_throttled",
  inactive: "attempts_inactive",
} as const;
const outcomeKinds = {
  succeeded: "completed_succeeded",
  failed: "completed_failed",
  not_a_guess: "completed_not_a_guess",
  expired: "completed_expired",
} as const;

type MutableCounts = { -readonly [Kind in keyof ActivityCounts]: number };

/**
 * Counts in memory what this node has committed, for the figures of activity: to write a row for each attempt would cost more than the attempt.
 * Where the node is killed, what it counted in the last second is lost.
 */
export class ActivityCounter implements StoreMeter {
  #now: Clock = Date.now;
  /** The minute that is counted now, and in which organisations. */
  #minute = 0;
  #current = new Map<string, MutableCounts>();
  /** What waits besides. */
  #waiting: MinuteOfActivity[] = [];

  /** Dates by this clock from now on: what is counted has the store's time, as what is recorded. */
  dateBy(now: Clock): void {
    this.#now = now;
  }

  attempt: StoreMeter["attempt"] = (orgId, _factor, decision) =>
    this.#counted(orgId, attemptKinds[decision]);
  completed: StoreMeter["completed"] = (orgId, _factor, outcome) =>
    this.#counted(orgId, outcomeKinds[outcome]);
  locked: StoreMeter["locked"] = (orgId) => this.#counted(orgId, "locks");
  unlocked: StoreMeter["unlocked"] = (orgId) => this.#counted(orgId, "unlocks");
  storm: StoreMeter["storm"] = () => nothing;
  committed: StoreMeter["committed"] = () => undefined;

  /** What was counted since it was taken last. */
  take(): readonly MinuteOfActivity[] {
    this.#endMinute();
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  /** Takes back what could not be added to the store: the oldest is forgotten where too much waits. */
  putBack(minutes: readonly MinuteOfActivity[]): void {
    this.#waiting = [...minutes, ...this.#waiting].slice(-maxWaiting);
  }

  #counted(orgId: string, kind: ActivityKind): Counted {
    return {
      add: () => {
        this.#add(orgId, kind);
      },
    };
  }

  #add(orgId: string, kind: ActivityKind): void {
    const now = this.#now();
    if (now < this.#minute || now >= this.#minute + activityIntervals.minute) {
      this.#endMinute();
      this.#minute = intervalStart("minute", now);
    }
    let counts = this.#current.get(orgId);
    if (counts === undefined) {
      const isFull = this.#current.size + this.#waiting.length >= maxWaiting;
      const owner = isFull ? everybody : orgId;
      counts = this.#current.get(owner) ?? {};
      this.#current.set(owner, counts);
    }
    counts[kind] = (counts[kind] ?? 0) + 1;
  }

  #endMinute(): void {
    for (const [orgId, counts] of this.#current) {
      this.#waiting.push({ orgId, time: this.#minute, counts });
    }
    this.#current.clear();
  }
}

const nothing: Counted = { add: () => undefined };

/** What adds figures to the store. */
export interface ActivityRecording {
  /** Ends it, once what was counted is added. Never rejects. */
  stop(): Promise<void>;
}

/** Has what a counter counts added to the store each second, and figures removed that are not kept any more. */
export function startActivity(
  store: ActivityStore & Pick<Store, "now">,
  counter: ActivityCounter,
  onError: (error: unknown) => void,
): ActivityRecording {
  counter.dateBy(store.now);
  const add = async () => {
    const minutes = counter.take();
    for (let start = 0; start < minutes.length; start += atOnce) {
      try {
        await store.addActivity(minutes.slice(start, start + atOnce));
      } catch (error) {
        counter.putBack(minutes.slice(start));
        throw error;
      }
    }
  };
  let adding = Promise.resolve();
  const addReported = () => (adding = add().catch(onError));
  const recording = repeat(everyMs, addReported, onError);
  const prune = async (isStopped: () => boolean) => {
    let removed: number;
    do {
      removed = await store.pruneActivity(atOnce);
    } while (removed > 0 && !isStopped());
  };
  const pruning = repeat(pruneEveryMs, prune, onError);
  return {
    stop: async () => {
      recording.stop();
      pruning.stop();
      await adding;
      await addReported();
    },
  };
}
