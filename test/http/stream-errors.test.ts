import { afterEach, describe, expect, test } from "vitest";
import { createHealth } from "../../src/http/services/health.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  headerBlock,
  RawHttp2,
} from "./raw-http2.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

const emptyMessage = Buffer.alloc(5);

/** The header of a unary call whose body follows. */
function callHeader(stream: number, contentLength?: string): Buffer {
  return frame(
    frameType.headers,
    endHeaders,
    stream,
    headerBlock([
      [":method", "POST"],
      [":scheme", "http"],
      [":authority", "a"],
      [":path", "/grpc.health.v1.Health/Check"],
      ["content-type", "application/grpc"],
      ["te", "trailers"],
      ...(contentLength === undefined
        ? []
        : [["content-length", contentLength] as const]),
    ]),
  );
}

function data(stream: number, bytes: Uint8Array, flags = endStream): Buffer {
  return frame(frameType.data, flags, stream, bytes);
}

function serve(streamResetBurst = 200) {
  return startServer({
    openServices: [createHealth([]).service],
    limits: { streamResetBurst, streamResetRate: 1 },
  });
}

const five = Buffer.alloc(5);

describe("a body that differs from its content-length", () => {
  test.each([
    ["is longer", [callHeader(3, "2"), data(3, five)]],
    ["is longer, and goes on", [callHeader(3, "2"), data(3, five, 0)]],
    [
      "is longer by its second frame",
      [callHeader(3, "7"), data(3, five, 0), data(3, five)],
    ],
    ["is shorter", [callHeader(3, "9"), data(3, five)]],
    [
      "is shorter, with trailers",
      [
        callHeader(3, "9"),
        data(3, five, 0),
        frame(
          frameType.headers,
          endHeaders | endStream,
          3,
          headerBlock([["a", "b"]]),
        ),
      ],
    ],
  ])(
    "%s: its stream is reset, and the others go on",
    async (_what, frames: Buffer[]) => {
      const { port, faults } = await serve();
      const client = new RawHttp2(port).start();
      client.write(callHeader(1), ...frames);
      const reset = await client.find(
        ({ type }) => type === frameType.rstStream,
      );
      expect(reset).toMatchObject({ stream: 3 });
      expect(reset?.payload.readUInt32BE()).toBe(1);
      // One that was open, and a new one.
      client.write(
        data(1, emptyMessage),
        callHeader(5, "5"),
        data(5, emptyMessage),
      );
      for (const id of [1, 5]) {
        const end = await client.find(
          ({ stream, flags, type }) =>
            stream === id &&
            type === frameType.headers &&
            (flags & endStream) !== 0,
        );
        expect(end).toBeDefined();
      }
      expect(client.frames.map(({ type }) => type)).not.toContain(
        frameType.goaway,
      );
      expect(faults).toEqual([]);
      client.socket.destroy();
    },
  );

  test("counts as a stream that is reset", async () => {
    const { port } = await serve(10);
    const client = new RawHttp2(port).start();
    for (let stream = 1; stream < 60; stream += 2) {
      client.write(callHeader(stream, "2"), data(stream, five));
    }
    const goaway = await client.find(({ type }) => type === frameType.goaway);
    expect(goaway?.payload.readUInt32BE(4)).toBe(11);
    await client.closed;
  });
});

describe("an error of the connection ends it", () => {
  const errors = {
    "DATA on stream 0": data(0, five, 0),
    "DATA on an idle stream": data(9, five, 0),
    "a header that is no HPACK": frame(
      frameType.headers,
      endHeaders | endStream,
      3,
      Buffer.alloc(7, 0xff),
    ),
    "a stream with an even id": callHeader(4),
    "a PING of seven bytes": frame(frameType.ping, 0, 0, Buffer.alloc(7)),
    "a frame that is too large": data(1, Buffer.alloc(20_000), 0),
  };

  test.each(Object.entries(errors))("%s", async (_what, bytes) => {
    const { port } = await serve();
    const client = new RawHttp2(port).start();
    client.write(callHeader(1), bytes);
    const goaway = await client.find(({ type }) => type === frameType.goaway);
    expect(goaway?.payload.readUInt32BE(4)).not.toBe(0);
    await client.closed;
  });

  test("beside one of a stream", async () => {
    const { port } = await startServer({
      openServices: [createHealth([]).service],
      limits: { writeStallTimeoutMs: 50 },
    });
    const client = new RawHttp2(port).start();
    client.write(
      callHeader(1, "2"),
      data(1, five),
      callHeader(3, "9"),
      data(3, five),
      data(0, five, 0),
    );
    await client.closed;
  });
});
