import { setTimeout as delay } from "node:timers/promises";
import type { RecordedEvent } from "../store/events.ts";
import type { HookRecord, HookRetry } from "../store/hooks.ts";
import type { Attempted } from "./attempt.ts";
import type { HookJob, HookQueue } from "./hook-queue.ts";
import type { HookSet } from "./hook-set.ts";
import type { SendingLease } from "./lease.ts";
import { eventMessage } from "./message.ts";
import type { ProgressLog } from "./progress-log.ts";
import { nextWait } from "./schedule.ts";
import type { SenderOptions } from "./sender-options.ts";

/** Tries what hooks have to be tried. */
export interface JobRunner {
  /** Begins what may begin now. */
  pump(queue: HookQueue): void;
  /** Begins nothing more, waits for what runs, so many milliseconds at most, and ends it: it is sent again by who has the lease next. */
  end(graceMs: number): Promise<void>;
}

/** What the jobs of a lease share. */
interface Surroundings {
  readonly hooks: HookSet;
  readonly progress: ProgressLog;
  /** How far is read for all hooks. */
  readonly head: () => number;
  /** A hook that is behind may have room. */
  readonly onRoom: (queue: HookQueue) => void;
}

/** How long a hook waits where the store could not be used, or the hook was changed meanwhile, in milliseconds. */
const waitMs = 1000;

/** A timer waits at least so long, in milliseconds. */
const turnMs = 10;
/** And so long where as many run as may: whatever ends begins the next. */
const refusedMs = 1000;

const eventsAtOnce = 20;
/** Longest delay of a timer that is certain to be one. */
const maxTimerMs = 3_600_000;

/** Makes the one of a lease. */
export function createJobRunner(
  options: SenderOptions,
  lease: SendingLease,
  { hooks, progress, head, onRoom }: Surroundings,
): JobRunner {
  const { store, instanceId, attempt, pace, schedule, random, onError } =
    options;
  const running = new Set<Promise<void>>();
  const timers = new Map<HookQueue, NodeJS.Timeout>();
  const ending = new AbortController();
  let paceTimer: NodeJS.Timeout | undefined;

  const isKnown = (queue: HookQueue) => hooks.find(queue.id) === queue;

  const pump = (queue: HookQueue) => {
    if (!lease.isHeld() || !isKnown(queue)) {
      clearTimeout(timers.get(queue));
      timers.delete(queue);
      return;
    }
    let leastWaitMs = turnMs;
    if (performance.now() >= queue.pausedUntil) {
      for (;;) {
        if (!hooks.enter(queue)) {
          leastWaitMs = refusedMs;
          break;
        }
        const job = queue.next(store.now());
        if (job === undefined) {
          hooks.leave(queue);
          break;
        }
        pace.begun();
        const run = work(queue, job).finally(() => {
          running.delete(run);
          hooks.leave(queue);
          for (const other of hooks.sharing(queue)) {
            pump(other);
          }
          pumpWaiting();
          onRoom(queue);
        });
        running.add(run);
      }
    }
    setTimer(queue, leastWaitMs);
    setPaceTimer();
  };
  const pumpWaiting = () => {
    for (const waiting of hooks.waiting()) {
      pump(waiting);
    }
  };
  /** Whoever waits for the pace alone is not told by one that ends. The wait may be over since it was refused. */
  const setPaceTimer = () => {
    const wait = hooks.waitMs();
    if (wait !== undefined && lease.isHeld()) {
      paceTimer ??= setTimeout(() => {
        paceTimer = undefined;
        pumpWaiting();
        setPaceTimer();
      }, wait).unref();
    }
  };
  const setTimer = (queue: HookQueue, leastMs: number) => {
    clearTimeout(timers.get(queue));
    timers.delete(queue);
    const pause = queue.pausedUntil - performance.now();
    const wait = Math.max(
      pause > 0 ? pause : queue.nextDue() - store.now(),
      leastMs,
    );
    if (wait < Infinity) {
      const timer = setTimeout(pump, Math.min(wait, maxTimerMs), queue);
      timers.set(queue, timer.unref());
    }
  };

  /** The hook, where it still gets this event. */
  const readWanted = async (
    queue: HookQueue,
    position: number,
  ): Promise<HookRecord | undefined> => {
    const hook = await store.findHook(queue.id);
    return hook?.since === queue.since &&
      hook.disableReason === undefined &&
      position > hook.since &&
      isKnown(queue) &&
      lease.isHeld()
      ? hook
      : undefined;
  };

  const work = async (queue: HookQueue, job: HookJob): Promise<void> => {
    try {
      const upTo = queue.taken(head());
      const event =
        job.kind === "event" ? job.event : await readRetry(queue, job, upTo);
      if (event === undefined) {
        queue.caughtUp(job, upTo);
        progress.touch(queue);
        return;
      }
      const attempted = await attempt(
        queue.hook,
        eventMessage(instanceId, event),
        () => readWanted(queue, event.position),
        ending.signal,
      );
      if (attempted === undefined) {
        // What the log says of the hook comes, or the lease is lost.
        queue.putBack(job);
        queue.pausedUntil = performance.now() + waitMs;
        return;
      }
      await conclude(queue, job, event, attempted);
    } catch (error) {
      queue.putBack(job);
      queue.pausedUntil = performance.now() + waitMs;
      if (!lease.signal.aborted) {
        onError(error);
      }
    }
  };

  /** The next event of a stream that waits, where the log has one up to a position. */
  const readRetry = async (
    { filter }: HookQueue,
    { retry }: HookJob & { readonly kind: "retry" },
    upTo: number,
  ): Promise<RecordedEvent | undefined> => {
    let after = retry.position - 1;
    for (;;) {
      const events = await store.listEvents({
        ...{ ascending: true, limit: eventsAtOnce, positionAfter: after },
        aggregateId: retry.aggregateId,
        aggregateTypes: [retry.aggregateType],
        resourceOwner: retry.resourceOwner,
        ...(filter.types !== undefined && { types: [...filter.types] }),
      });
      const next = events.find((event) => filter.has(event));
      if (next !== undefined) {
        return next.position <= upTo ? next : undefined;
      }
      const last = events.at(-1);
      if (last === undefined || events.length < eventsAtOnce) {
        return undefined;
      }
      after = last.position;
    }
  };

  /** Notes how a try ended, and what follows from it. */
  const conclude = async (
    queue: HookQueue,
    job: HookJob,
    event: RecordedEvent,
    { outcome, retryAfterMs, ...attempted }: Attempted,
  ) => {
    const before = triesBefore(job, event, attempted.time);
    const attempts = before.attempts + 1;
    const isGone = attempted.status === 410;
    const wait =
      outcome === "delivered" || isGone
        ? undefined
        : nextWait(schedule, attempts, retryAfterMs, random);
    const isGivenUp = outcome !== "delivered" && !isGone && wait === undefined;
    const nextTime = wait === undefined ? undefined : store.now() + wait;
    const delivery = {
      ...attempted,
      eventId: eventMessage(instanceId, event).id,
      ...{ position: event.position, attempt: attempts, nextTime },
      outcome: isGivenUp ? ("given_up" as const) : outcome,
    };
    queue.note(delivery);
    options.onDelivery?.(queue, delivery);
    if (nextTime !== undefined) {
      queue.fail(job, {
        aggregateType: event.aggregateType,
        ...{ resourceOwner: event.resourceOwner },
        ...{ aggregateId: event.aggregateId, position: event.position },
        ...{ attempts, firstTime: before.firstTime, nextTime },
      });
    } else {
      queue.settle(job, event.position);
    }
    progress.touch(queue);
    const isFailed =
      isGivenUp && (queue.lastSuccess ?? -Infinity) < before.firstTime;
    if (isGone || isFailed) {
      hooks.remove(queue.id);
      await disable(queue, isGone ? "gone" : "failed");
    }
  };

  const disable = async (queue: HookQueue, reason: "gone" | "failed") => {
    for (;;) {
      try {
        await store.disableHook(queue.id, queue.since, reason);
        return;
      } catch (error) {
        if (lease.signal.aborted) {
          return;
        }
        onError(error);
        await delay(waitMs, undefined, { ref: false });
      }
    }
  };

  return {
    pump,
    end: async (graceMs) => {
      for (const timer of timers.values()) {
        clearTimeout(timer);
      }
      clearTimeout(paceTimer);
      await settled(running, graceMs);
      ending.abort();
      await settled(running, graceMs);
    },
  };
}

/** Waits for all of these, so many milliseconds at most. */
async function settled(
  all: Iterable<Promise<void>>,
  mostMs: number,
): Promise<void> {
  const grace = new AbortController();
  const { signal } = grace;
  await Promise.race([
    Promise.allSettled(all),
    delay(mostMs, undefined, { signal }).catch(() => undefined),
  ]);
  grace.abort();
}

/** How often an event was tried before, and when first. */
function triesBefore(
  job: HookJob,
  { position }: RecordedEvent,
  time: number,
): Pick<HookRetry, "attempts" | "firstTime"> {
  // The event may be a later one: that which failed was removed from the log.
  return job.kind === "retry" &&
    job.retry.position === position &&
    job.retry.attempts > 0
    ? job.retry
    : { attempts: 0, firstTime: time };
}
