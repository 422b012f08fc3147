import { LockoutError } from "../lockout/errors/errors.ts";
import type { EventStore } from "../store/events.ts";
import type {
  DeliveryRecord,
  HookOwner,
  HookRecord,
  HookStore,
  NewDelivery,
} from "../store/hooks.ts";
import type { Clock } from "../store/ids.ts";
import type { Attempt } from "./attempt.ts";
import { eventMessage, messageId, testMessage } from "./message.ts";
import type { HookMessage } from "./message.ts";

/** What is sent because somebody asked for it: apart from what is sent by itself, and whatever the state of the hook. */
export interface ManualDeliveries {
  /** @throws LockoutError `hookCallsTooMany`, `hookUnknown` where it is removed meanwhile */
  test(hook: HookRecord): Promise<DeliveryRecord>;
  /** @throws LockoutError `hookCallsTooMany`, `deliveryUnknown`, `deliveryEventGone`, `hookUnknown` */
  redeliver(hook: HookRecord, deliveryId: string): Promise<DeliveryRecord>;
}

/** What they are made of. */
export interface ManualOptions {
  readonly store: Pick<
    HookStore,
    "findHook" | "findHookDelivery" | "addHookDelivery"
  > &
    Pick<EventStore, "listEvents"> & {
      readonly now: Clock;
      readonly newId: () => string;
      findInstance(): Promise<{ readonly id: string } | undefined>;
    };
  readonly attempt: Attempt;
}

/** For the hooks of one owner. */
const limits = { aMinute: 60, atOnce: 4 } as const;
const minuteMs = 60_000;

/** The ids of tests begin so: no event has such a one. */
const testPrefix = "test_";

/** Makes what sends for one server. */
export function createManualDeliveries({
  store,
  attempt,
}: ManualOptions): ManualDeliveries {
  const quota = createQuota(store.now);
  const send = async (
    hook: HookRecord,
    message: HookMessage,
    place: Pick<NewDelivery, "position" | "attempt">,
  ) => {
    const attempted = await attempt(hook, message, async () =>
      store.findHook(hook.id),
    );
    if (attempted === undefined) {
      // Removed, or its URL was changed: who asks again sees which.
      throw new LockoutError("hookUnknown");
    }
    const { time, status, error, response, outcome } = attempted;
    const added = await store.addHookDelivery(hook.id, {
      ...{ time, status, error, response, outcome, ...place },
      ...{ eventId: message.id, nextTime: undefined },
    });
    if (added === undefined) {
      throw new LockoutError("hookUnknown");
    }
    return added;
  };
  const readMessage = async (
    delivery: DeliveryRecord,
  ): Promise<HookMessage> => {
    const { position } = delivery;
    if (position === undefined) {
      return testMessage(delivery.eventId, delivery.time);
    }
    const [event] = await store.listEvents({
      ...{ ascending: true, limit: 1, positionAfter: position - 1 },
    });
    const instanceId = (await store.findInstance())?.id ?? "";
    // The database may be a backup that was restored: then the event at this place is another one.
    if (
      event?.position !== position ||
      messageId(instanceId, event) !== delivery.eventId
    ) {
      throw new LockoutError("deliveryEventGone");
    }
    return eventMessage(instanceId, event);
  };
  return {
    test: (hook) =>
      quota.run(hook.owner, () =>
        send(hook, testMessage(`${testPrefix}${store.newId()}`, store.now()), {
          position: undefined,
          attempt: 1,
        }),
      ),
    redeliver: (hook, deliveryId) =>
      quota.run(hook.owner, async () => {
        const delivery = await store.findHookDelivery(hook.id, deliveryId);
        if (delivery === undefined) {
          throw new LockoutError("deliveryUnknown");
        }
        return send(hook, await readMessage(delivery), {
          position: delivery.position,
          attempt: delivery.attempt + 1,
        });
      }),
  };
}

/** Whether the minute that began then is over, also where the clock was set back since. */
function isOver(since: number, now: number): boolean {
  return now < since || now - since >= minuteMs;
}

/** Counts what owners ask for. */
function createQuota(readNow: Clock) {
  const used = new Map<
    HookOwner,
    { since: number; count: number; open: number }
  >();
  return {
    /** @throws LockoutError `hookCallsTooMany` */
    run: async <Result>(
      owner: HookOwner,
      work: () => Promise<Result>,
    ): Promise<Result> => {
      const now = readNow();
      // Those of whom nothing is known any more: so there are no more than have asked within a minute.
      for (const [other, { since, open }] of used) {
        if (open === 0 && isOver(since, now)) {
          used.delete(other);
        }
      }
      const own = used.get(owner) ?? { since: now, count: 0, open: 0 };
      if (isOver(own.since, now)) {
        own.since = now;
        own.count = 0;
      }
      if (own.count >= limits.aMinute || own.open >= limits.atOnce) {
        throw new LockoutError("hookCallsTooMany");
      }
      used.set(owner, own);
      own.count += 1;
      own.open += 1;
      try {
        return await work();
      } finally {
        own.open -= 1;
      }
    },
  };
}
