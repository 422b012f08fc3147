import { isMessage } from "@bufbuild/protobuf";
import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { HandlerContext } from "@connectrpc/connect";
import { WatchEventsResponseSchema } from "../../gen/lockout/v1/attempt_service_pb.js";
import type { WatchEventsRequest } from "../../gen/lockout/v1/attempt_service_pb.js";
import { LockoutError } from "../lockout/errors.ts";
import { eventTypes as knownTypes } from "../lockout/event.ts";
import type { Awaitable } from "../store/awaitable.ts";
import type { EventStore } from "../store/events.ts";
import type { EventFeed, Following } from "./event-feed.ts";
import { eventMessage } from "./events.ts";

// Small enough that a slow reader holds little, large enough that catching up is quick.
const batchSize = 100;

/** What a watcher and its server tell each other. */
export interface WatchHooks {
  /** Called when it is certain that no event will be missed from now on, with the position that they follow. */
  readonly onStart: (position: number) => void;
  /** @throws LockoutError where the watcher's token has ended */
  readonly checkToken: () => Awaitable<void>;
  /** Aborted when the server begins to end. */
  readonly draining: AbortSignal | undefined;
}

/** The header in which a client says how far it got, and the server where a watch begins. */
export const lastEventId = "last-event-id";

/** Parameters of a query that stand for headers: some clients of server-sent events can set none. */
export const systemParameters = { lastEventId } as const;

/** What of a request says which events are sent. */
type Wanted = Pick<WatchEventsRequest, "after" | "eventTypes">;

/**
 * The request of a client of server-sent events that was cut off and connects anew by itself: it repeats its URL, and says in
 * Last-Event-ID how far it got. Any other request as it is.
 */
export function resumed(
  { after, eventTypes }: Wanted,
  { requestHeader }: HandlerContext,
): Wanted {
  const resumeAfter = requestHeader.get(lastEventId) ?? "";
  return { after: resumeAfter === "" ? after : resumeAfter, eventTypes };
}

/** The id of a server-sent event: its position. */
export function eventId(message: Message): string | undefined {
  return isMessage(message, WatchEventsResponseSchema)
    ? message.position
    : undefined;
}

/**
 * The events after a position, then each as it is written, without a gap or a repeat: how far it was read is the
 * position that is asked from next, and a notice only says that it is worth asking. What is new comes from the feed, which reads it
 * once for all; what is older from the store. Ends with the call's signal;
 * with UNAVAILABLE when the server begins to end: the watcher goes on elsewhere, from its last position; and, instead
 * of sending more events, with the refusal of a token that has ended.
 *
 * @throws ConnectError UNAVAILABLE, LockoutError
 */
export async function* watchEvents(
  store: EventStore,
  feed: EventFeed,
  request: Wanted,
  signal: AbortSignal,
  { onStart, checkToken, draining }: WatchHooks,
): AsyncGenerator<MessageInitShape<typeof WatchEventsResponseSchema>> {
  const types = wantedTypes(request.eventTypes);
  let position = await firstPosition(store, request.after);
  const ending =
    draining === undefined ? signal : AbortSignal.any([signal, draining]);
  const bell = createBell(ending);
  const unsubscribe = feed.listen(bell.ring);
  onStart(position);
  try {
    // Of what was written before the feed was listened to, it may have told others only.
    let following = await readAfter(store, position, types);
    while (!ending.aborted) {
      const events =
        types === undefined
          ? following.events
          : following.events.filter(({ type }) => types.has(type));
      // After they are read: none that was written after the token's end is sent.
      if (events.length > 0) {
        await checkToken();
      }
      for (const event of events) {
        yield { position: String(event.position), event: eventMessage(event) };
      }
      position = following.upTo;
      const rung = bell.next();
      following =
        feed.after(position) ?? (await readAfter(store, position, types));
      if (following.upTo === position) {
        await rung;
      }
    }
  } finally {
    unsubscribe();
    bell.stop();
  }
  if (!signal.aborted) {
    throw new ConnectError("the server is shutting down", Code.Unavailable);
  }
}

/** Which types of events are sent; undefined for all. Those that there are, and no others, which nothing has. */
function wantedTypes(
  asked: readonly string[],
): ReadonlySet<string> | undefined {
  if (asked.length === 0) {
    return undefined;
  }
  const names = new Set(asked);
  return new Set(knownTypes.filter((type) => names.has(type)));
}

/** The next events that the store has. */
async function readAfter(
  store: EventStore,
  position: number,
  types: ReadonlySet<string> | undefined,
): Promise<Following> {
  const last = await store.lastPosition();
  // None has an unknown type, but no type at all would be any.
  if (types?.size === 0) {
    return { events: [], upTo: Math.max(position, last) };
  }
  const events = await store.listEvents({
    ascending: true,
    limit: batchSize,
    positionAfter: position,
    ...(types !== undefined && { types: [...types] }),
  });
  const end = events.at(-1)?.position ?? position;
  return {
    events,
    upTo: events.length < batchSize ? Math.max(end, last) : end,
  };
}

async function firstPosition(
  store: EventStore,
  after: string,
): Promise<number> {
  if (after === "") {
    return store.lastPosition();
  }
  if (!/^\d{1,15}$/.test(after)) {
    throw new LockoutError("positionInvalid");
  }
  const position = Number(after);
  // One that is still to come is of another past, such as before a backup was restored: what comes until then would be missed.
  if (position > (await store.lastPosition())) {
    throw new LockoutError("positionInvalid");
  }
  return position;
}

/** Turns notices into promises: `next` resolves at the first notice after it was called, or with the signal. */
function createBell(signal: AbortSignal) {
  let wake: () => void = () => undefined;
  const ring = () => {
    wake();
  };
  signal.addEventListener("abort", ring);
  return {
    ring,
    next: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
        if (signal.aborted) {
          resolve();
        }
      }),
    stop: () => {
      signal.removeEventListener("abort", ring);
    },
  };
}
