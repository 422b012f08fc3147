import { setTimeout as delay } from "node:timers/promises";
import { orgRemoved } from "../lockout/events/access-events.ts";
import { createBell } from "../pacing/bell.ts";
import { LongWork } from "../pacing/long-work.ts";
import type { RecordedEvent } from "../store/events.ts";
import type { SendingHook } from "../store/hooks.ts";
import { HookQueue } from "./hook-queue.ts";
import { HookSet } from "./hook-set.ts";
import { createJobRunner } from "./job-runner.ts";
import type { SendingLease } from "./lease.ts";
import { createProgressLog } from "./progress-log.ts";
import type { SenderOptions } from "./sender-options.ts";

/** How many hooks, and events, are read at once: some milliseconds. */
const hooksAtOnce = 500;
const eventsAtOnce = 100;

/** How long reading waits for more to be read with it, in milliseconds: one read for all that a flood of logins writes meanwhile. */
const gatherMs = 50;

/** How often it is written how far all hooks are, in milliseconds, while nothing is sent. */
const idleWriteMs = 5000;

/** How long the requests that run have to end, in milliseconds, before the lease is given back. */
const graceMs = 2000;

/** Sends while the lease is held: reads the log once for all hooks, and again for those that are behind. */
export async function send(
  options: SenderOptions,
  lease: SendingLease,
): Promise<void> {
  const { store, onError } = options;
  const { signal } = lease;
  const isOver = () => signal.aborted;
  const hooks = new HookSet(options.pace);
  let head = 0;
  const behind = function* () {
    for (const queue of hooks.all()) {
      if (queue.isBehind) {
        yield queue;
      }
    }
  };
  const progress = createProgressLog(store, lease, () => head, behind, onError);
  const jobs = createJobRunner(options, lease, {
    ...{ hooks, progress, head: () => head },
    onRoom: (queue) => {
      void readOwn(queue);
    },
  });

  /** Reads for a hook that is behind what it missed, as far as it has room. */
  const readOwn = async (queue: HookQueue): Promise<void> => {
    if (isOver() || queue.isReading || queue.isInStep || queue.isFull) {
      return;
    }
    queue.isReading = true;
    try {
      const hasRoom = () => !queue.isFull && !isOver();
      let isInStep = false;
      do {
        const last = await store.lastPosition();
        const { types } = queue.filter;
        const events = await store.listEvents({
          ...{
            ascending: true,
            limit: eventsAtOnce,
            positionAfter: queue.seen,
          },
          ...(types !== undefined && { types: [...types] }),
          ...(queue.owner !== undefined && { resourceOwner: queue.owner }),
        });
        for (const event of events) {
          queue.offer(event);
        }
        if (events.length < eventsAtOnce) {
          queue.seen = Math.max(queue.seen, last);
        }
        isInStep = queue.seen >= head;
        queue.isInStep = isInStep;
        jobs.pump(queue);
      } while (!isInStep && hasRoom());
    } catch (error) {
      if (!isOver()) {
        onError(error);
      }
    } finally {
      queue.isReading = false;
    }
  };

  const addHook = async (hook: Omit<SendingHook, "hasRetries">, has = true) => {
    const retries = has ? await store.listHookRetries(hook.id) : [];
    const queue = new HookQueue(hook, retries);
    hooks.add(queue);
    return queue;
  };
  /** Takes over what an event says of a hook. */
  const reload = async (hookId: string) => {
    const hook = await store.findHook(hookId);
    const known = hooks.find(hookId);
    if (hook === undefined || hook.disableReason !== undefined) {
      hooks.remove(hookId);
    } else if (known?.since === hook.since) {
      known.hook = hook;
      hooks.filtersChanged();
    } else {
      await addHook(hook, false);
    }
  };
  const take = async (event: RecordedEvent) => {
    const hookId = event.payload?.["hookId"];
    if (event.type.includes(".hook.") && typeof hookId === "string") {
      await reload(hookId);
    }
    if (event.type === orgRemoved.type) {
      for (const queue of [...hooks.ownedBy(event.resourceOwner)]) {
        hooks.remove(queue.id);
      }
    }
    for (const queue of hooks.concernedBy(event)) {
      if (!queue.isInStep) {
        continue;
      }
      if (queue.isFull && event.position > queue.seen) {
        // It reads on for itself when it has room.
        queue.seen = Math.max(queue.seen, head);
        queue.isInStep = false;
      } else {
        queue.offer(event);
        jobs.pump(queue);
      }
    }
  };
  /** Reads what follows; says whether there may be more. */
  const readOn = async (): Promise<boolean> => {
    const last = await store.lastPosition();
    const types = hooks.wantedTypes();
    const events = await store.listEvents({
      ...{ ascending: true, limit: eventsAtOnce, positionAfter: head },
      ...(types !== undefined && { types }),
    });
    const work = new LongWork();
    for (const event of events) {
      await take(event);
      head = event.position;
      await work.pause();
      // A hook that is new wants types that were not read.
      if (event.type.includes(".hook.")) {
        return true;
      }
    }
    if (events.length === eventsAtOnce) {
      return true;
    }
    head = Math.max(head, last);
    return false;
  };

  const bell = createBell(signal);
  const unlisten = store.onAppended(bell.ring);
  const idle = setInterval(() => {
    void progress.flush();
  }, idleWriteMs).unref();
  try {
    head = await loadHooks(options, lease, addHook);
    for (const queue of hooks.all()) {
      jobs.pump(queue);
    }
    while (!isOver()) {
      const rung = bell.next();
      try {
        while (!isOver() && (await readOn())) {
          // Goes on.
        }
        await rung;
      } catch (error) {
        if (!isOver()) {
          onError(error);
          await pause(1000, signal);
        }
      }
      await pause(gatherMs, signal);
    }
  } finally {
    unlisten();
    bell.stop();
    clearInterval(idle);
    await jobs.end(graceMs);
    await progress.flush();
  }
}

/** Loads the hooks that get events; returns from where the log is to be read. */
async function loadHooks(
  { store }: Pick<SenderOptions, "store">,
  lease: SendingLease,
  addHook: (hook: SendingHook, hasRetries: boolean) => Promise<HookQueue>,
): Promise<number> {
  // Before the hooks are read: one that is created meanwhile is told of behind it.
  let first = await store.lastPosition();
  let after = "";
  while (!lease.signal.aborted) {
    const found = await store.listSendingHooks(after, hooksAtOnce);
    for (const hook of found) {
      const queue = await addHook(hook, hook.hasRetries);
      first = Math.min(first, queue.seen);
      after = hook.id;
    }
    if (found.length < hooksAtOnce) {
      break;
    }
  }
  return lease.position ?? first;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
