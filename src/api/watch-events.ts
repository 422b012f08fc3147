import { isMessage } from "@bufbuild/protobuf";
import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { HandlerContext } from "@connectrpc/connect";
import { WatchEventsResponseSchema } from "../../gen/lockout/v1/attempt_service_pb.js";
import type { WatchEventsRequest } from "../../gen/lockout/v1/attempt_service_pb.js";
import { LockoutError } from "../lockout/errors.ts";
import type { Answer, EventStore } from "../store/store.ts";
import { eventMessage } from "./events.ts";

// Small enough that a slow reader holds little, large enough that catching up is quick.
const batchSize = 100;

/** What a watcher and its server tell each other. */
export interface WatchHooks {
  /** Called when it is certain that no event will be missed from now on. */
  readonly onStart: () => void;
  /** Throws where the watcher's token has ended. */
  readonly checkToken: () => Answer<void>;
  /** Aborted when the server begins to end. */
  readonly draining: AbortSignal | undefined;
}

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
  const lastEventId = requestHeader.get("last-event-id") ?? "";
  return { after: lastEventId === "" ? after : lastEventId, eventTypes };
}

/** The id of a server-sent event: its position. */
export function eventId(message: Message): string | undefined {
  return isMessage(message, WatchEventsResponseSchema)
    ? message.position
    : undefined;
}

/**
 * The events after a position, then each as it is written, without a gap or a repeat: what was read last is the
 * position that is asked from next, and a notice only says that it is worth asking. Ends with the call's signal;
 * with UNAVAILABLE when the server begins to end: the watcher goes on elsewhere, from its last position; and, instead
 * of sending more events, with the refusal of a token that has ended.
 */
export async function* watchEvents(
  store: EventStore,
  request: Wanted,
  signal: AbortSignal,
  { onStart, checkToken, draining }: WatchHooks,
): AsyncGenerator<MessageInitShape<typeof WatchEventsResponseSchema>> {
  let position = await firstPosition(store, request.after);
  const ending =
    draining === undefined ? signal : AbortSignal.any([signal, draining]);
  const bell = createBell(ending);
  const unsubscribe = store.onAppended(bell.ring);
  onStart();
  try {
    while (!ending.aborted) {
      const rung = bell.next();
      const events = await store.listEvents({
        ascending: true,
        limit: batchSize,
        positionAfter: position,
        types: request.eventTypes,
      });
      // After they are read: none that was written after the token's end is sent.
      if (events.length > 0) await checkToken();
      for (const event of events) {
        position = event.position;
        yield { position: String(position), event: eventMessage(event) };
      }
      if (events.length < batchSize) await rung;
    }
  } finally {
    unsubscribe();
    bell.stop();
  }
  if (!signal.aborted) {
    throw new ConnectError("the server is shutting down", Code.Unavailable);
  }
}

async function firstPosition(
  store: EventStore,
  after: string,
): Promise<number> {
  if (after === "") return store.lastPosition();
  if (!/^\d{1,15}$/.test(after)) throw new LockoutError("positionInvalid");
  const position = Number(after);
  // One that is still to come is of another past, such as before a backup was restored: what comes until then would be missed.
  if (position > (await store.lastPosition()))
    throw new LockoutError("positionInvalid");
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
        if (signal.aborted) resolve();
      }),
    stop: () => {
      signal.removeEventListener("abort", ring);
    },
  };
}
