import { isMessage } from "@bufbuild/protobuf";
import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { HandlerContext } from "@connectrpc/connect";
import { WatchEventsResponseSchema } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { WatchEventsRequest } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { orgRemoved } from "../../lockout/events/access-events.ts";
import { createBell } from "../../pacing/bell.ts";
import { LongWork } from "../../pacing/long-work.ts";
import type { Awaitable } from "../../store/awaitable.ts";
import type { EventStore } from "../../store/events.ts";
import type { EventFeed, Following } from "./event-feed.ts";
import type { EditorNames } from "../messages/editor-names.ts";
import { isInScope } from "./event-scope.ts";
import type { EventScope } from "./event-scope.ts";
import { eventMessage } from "../messages/events.ts";

// Small enough that a slow reader holds little, large enough that catching up is quick.
const batchSize = 100;

/** How a watch and its server cooperate. */
export interface WatchHooks {
  readonly editorNames: EditorNames;
  /** Called when it is certain that no event will be missed from now on, with the position that they follow. */
  readonly onStart: (position: number) => void;
  /** @throws LockoutError where the watcher's token has ended */
  readonly checkToken: () => Awaitable<void>;
  /** Aborted when the server begins to end. */
  readonly draining: AbortSignal | undefined;
}

/** What is watched. */
export interface Wanted {
  /** A position; empty for what comes from now on. */
  readonly after: string;
  readonly scope: EventScope;
}

/** The header in which a client says how far it got, and the server where a watch begins. */
export const lastEventId = "last-event-id";

/** Parameters of a query that stand for headers: some clients of server-sent events can set none. */
export const systemParameters = { lastEventId } as const;

/**
 * The position that a watch follows. A client of server-sent events that was cut off and connects anew by itself repeats its URL, and says
 * in Last-Event-ID how far it got.
 */
export function resumedAfter(
  { after }: Pick<WatchEventsRequest, "after">,
  { requestHeader }: HandlerContext,
): string {
  const resumeAfter = requestHeader.get(lastEventId) ?? "";
  return resumeAfter === "" ? after : resumeAfter;
}

/** The id of a server-sent event: its position. */
export function eventId(message: Message): string | undefined {
  return isMessage(message, WatchEventsResponseSchema)
    ? message.position
    : undefined;
}

/**
 * The events after a position, then each as it is written, without a gap or a repeat: each read continues after the last position, and a
 * notice only triggers a read. New events come from the feed, which reads them once for all watches; older ones from the store.
 *
 * It ends with the call's signal; with UNAVAILABLE when the server begins to shut down, so that the client reconnects elsewhere with its last
 * position; with UNAUTHENTICATED, instead of more events, when the token has ended; and with PERMISSION_DENIED when the organisation of the call
 * was removed.
 *
 * @throws ConnectError UNAVAILABLE, LockoutError
 */
export async function* watchEvents(
  store: EventStore,
  feed: EventFeed,
  { after, scope }: Wanted,
  signal: AbortSignal,
  { editorNames, onStart, checkToken, draining }: WatchHooks,
): AsyncGenerator<MessageInitShape<typeof WatchEventsResponseSchema>> {
  let position = await firstPosition(store, after);
  const ending =
    draining === undefined ? signal : AbortSignal.any([signal, draining]);
  const bell = createBell(ending);
  const unsubscribe = feed.listen(bell.ring);
  onStart(position);
  try {
    // Events that were written before the feed was listened to may have been announced before.
    let following = await readAfter(store, position, scope);
    let isCatchingUp = true;
    const work = new LongWork();
    while (!ending.aborted) {
      const events = following.events.filter((event) =>
        isInScope(event, scope),
      );
      // After they are read: none that was written after the token's end is sent. Nothing follows in an organisation that was removed.
      if (
        events.length > 0 ||
        following.events.some(({ type }) => type === orgRemoved.type)
      ) {
        await checkToken();
      }
      const names = await editorNames.of(events);
      for (const event of events) {
        yield {
          position: String(event.position),
          event: eventMessage(event, names.get(event.editor)),
        };
        if (isCatchingUp) {
          await work.pause();
        }
      }
      position = following.upTo;
      const rung = bell.next();
      const fed = feed.after(position);
      isCatchingUp = fed === undefined;
      following = fed ?? (await readAfter(store, position, scope));
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

/** The next events that the store has. */
async function readAfter(
  store: EventStore,
  position: number,
  { types, orgId }: EventScope,
): Promise<Following> {
  const last = await store.lastPosition();
  // No event has an unknown type, but an empty filter would match any.
  if (types?.size === 0) {
    return { events: [], upTo: Math.max(position, last) };
  }
  const events = await store.listEvents({
    ascending: true,
    limit: batchSize,
    positionAfter: position,
    ...(types !== undefined && { types: [...types, orgRemoved.type] }),
    ...(orgId !== undefined && { resourceOwner: orgId }),
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
