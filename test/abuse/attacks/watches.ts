import type { Attack, Target } from "../attack.ts";
import type { Tally } from "../tally.ts";
import { openSession, sendGrpc } from "../wire/grpc.ts";
import { bearer, request } from "../wire/http1.ts";
import { leaveUnread } from "../wire/load.ts";
import { field, gzipped } from "../wire/messages.ts";
import { atOnce, Span } from "../wire/pace.ts";
import { writeLargeEvents } from "../write-large-events.ts";

const watchEvents = "/lockout.v1.AttemptService/WatchEvents";

function eventTypes(count: number): Buffer {
  const types = Array.from({ length: count }, (_, index) =>
    field(2, `no.such.event.${index}`.padEnd(50, "x")),
  );
  return Buffer.concat(types);
}

/** Keeps calls of WatchEvents open. */
async function keepWatches(
  target: Target,
  tally: Tally,
  connections: number,
  streams: number,
  { framed, window = 65_535 }: { framed: Buffer; window?: number },
): Promise<undefined> {
  const span = new Span(target);
  await atOnce(connections, async () => {
    const session = openSession(target, { initialWindowSize: window });
    tally.send(framed.length * streams);
    await atOnce(streams, async () => {
      const watching = sendGrpc(session, watchEvents, target.token, framed);
      const ended = watching.then(
        ({ status }) => `gRPC status ${status}`,
        String,
      );
      const open = span.rest().then(() => "open");
      tally.count(await Promise.race([ended, open]));
    });
    session.destroy();
  });
}

export const watchedTypes: Attack = {
  name: "watched-types",
  what: "Ten watches for 53,000 types of events each, 2.9 MB, while users log in.",
  role: "IAM_OWNER_VIEWER",
  run: (target, tally) =>
    keepWatches(target, tally, 1, 10, { framed: gzipped(eventTypes(53_000)) }),
};

export const fewerWatchedTypes: Attack = {
  name: "fewer-watched-types",
  what: "100 watches for 4,500 types of events each, 240 kB, while users log in.",
  role: "IAM_OWNER_VIEWER",
  run: (target, tally) =>
    keepWatches(target, tally, 1, 100, { framed: gzipped(eventTypes(4500)) }),
};

export const manyEventWatches: Attack = {
  name: "many-event-watches",
  what: "1,000 watches of all events by one token, while users log in.",
  role: "IAM_OWNER_VIEWER",
  run: (target, tally) =>
    keepWatches(target, tally, 10, 100, { framed: gzipped(Buffer.alloc(0)) }),
};

export const unreadWatches: Attack = {
  name: "unread-watches",
  what: "WatchEvents from the first event on, with 1,000 large ones, on 50 streams with windows of 0 on each of 4 connections.",
  role: "IAM_OWNER_VIEWER",
  prepare: (target) => writeLargeEvents(target, 1000),
  run: (target, tally) =>
    keepWatches(target, tally, 4, 50, {
      framed: gzipped(field(1, "0")),
      window: 0,
    }),
};

export const restWatches: Attack = {
  name: "rest-watches",
  what: "The same over REST, as server-sent events, on 300 connections that read nothing.",
  role: "IAM_OWNER_VIEWER",
  prepare: (target) => writeLargeEvents(target, 1000),
  run: (target, tally) =>
    leaveUnread(target, tally, 300, () =>
      request("GET", "/lockout/v1/events:watch?after=0", {
        ...bearer(target.token),
        accept: "text/event-stream",
      }),
    ),
};
