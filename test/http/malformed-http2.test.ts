import { afterEach, describe, expect, test } from "vitest";
import { expectWell, serve } from "./malformed.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  headerBlock,
  preface,
  RawHttp2,
} from "./raw-http2.ts";
import { stopServers } from "./support.ts";

afterEach(stopServers);

describe("malformed HTTP/2", () => {
  const base = [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/debug/healthz"],
  ] as const;
  const cases: Record<
    string,
    [fields: (readonly [string, string | Buffer])[], status: number]
  > = {
    "half an IPv6 :authority": [[...base, [":authority", "[::"]], 400],
    "an :authority with an escape": [[...base, [":authority", "%00"]], 400],
    "an :authority with two ports": [[...base, [":authority", "a:b:c"]], 400],
    ":authority and another Host": [
      [...base, [":authority", "a"], ["host", "b"]],
      400,
    ],
    "two Content-Types": [
      [
        ...base,
        [":authority", "a"],
        ["content-type", "application/json"],
        ["content-type", "application/json"],
      ],
      400,
    ],
    "a target over 8 KiB": [
      [
        [":method", "GET"],
        [":scheme", "http"],
        [":authority", "a"],
        [":path", `/${"a".repeat(9000)}`],
      ],
      414,
    ],
    "a header over 16 KiB": [
      [
        ...base,
        [":authority", "a"],
        ["x", "a".repeat(8200)],
        ["y", "a".repeat(8200)],
      ],
      431,
    ],
    "too many fields": [
      [
        ...base,
        [":authority", "a"],
        ...Array.from({ length: 140 }, (_, i) => [`x${i}`, "y"] as const),
      ],
      431,
    ],
    "only a Host": [[...base, ["host", "a"]], 200],
    "a Host that says the default port": [
      [...base, [":authority", "A.example:80"], ["host", "a.example"]],
      200,
    ],
    "a Host that says the default port of another scheme": [
      [...base, [":authority", "a.example:443"], ["host", "a.example"]],
      400,
    ],
    // Its own, which metadata named `host` becomes: not to be looked at.
    "another Host, of a gRPC client": [
      [
        ...base,
        [":authority", "a"],
        ["host", "b%"],
        ["content-type", "application/grpc"],
      ],
      200,
    ],
    "another Host, of a gRPC-Web client": [
      [
        ...base,
        [":authority", "a"],
        ["host", "b"],
        ["content-type", "application/grpc-web+proto"],
      ],
      400,
    ],
    "an :authority with an escape that names a character": [
      [...base, [":authority", "a%2Fb"]],
      200,
    ],
  };
  for (const [name, [fields, status]] of Object.entries(cases)) {
    test(`${name}: ${status}`, async () => {
      const server = await serve();
      const block = headerBlock(fields);
      const client = new RawHttp2(server.port).start();
      const parts = [block.subarray(0, 16_000), block.subarray(16_000)];
      client.write(
        frame(
          frameType.headers,
          endStream | (block.length > 16_000 ? 0 : endHeaders),
          1,
          parts[0],
        ),
      );
      if (block.length > 16_000) {
        client.write(frame(frameType.continuation, endHeaders, 1, parts[1]));
      }
      const data = await client.find((f) => f.type === frameType.data);
      if (status === 200) {
        expect(data?.payload.toString()).toBe("ok");
      } else {
        expect(JSON.parse(data?.payload.toString() ?? "")).toEqual({
          code: 3,
          message: expect.stringMatching(/./),
        });
      }
      expect(await server.ended(1)).toMatchObject([{ status }]);
      client.socket.destroy();
      await expectWell(server);
    });
  }

  const unnamed: Record<string, (readonly [string, string])[]> = {
    "no :authority and no Host": [...base],
    "an empty :authority": [...base, [":authority", ""]],
    "two Hosts": [...base, ["host", "a"], ["host", "a"]],
  };
  for (const [name, fields] of Object.entries(unnamed)) {
    test(`${name}: the stream is reset by nghttp2 itself`, async () => {
      const server = await serve();
      const client = new RawHttp2(server.port).start();
      const flags = endStream | endHeaders;
      client.write(frame(frameType.headers, flags, 1, headerBlock(fields)));
      const reset = await client.find((f) => f.type === frameType.rstStream);
      // PROTOCOL_ERROR
      expect(reset?.payload.readUInt32BE()).toBe(1);
      client.socket.destroy();
      await expectWell(server);
    });
  }

  const broken: Record<string, Buffer[]> = {
    "a path without a slash": [
      frame(
        frameType.headers,
        endStream | endHeaders,
        1,
        headerBlock([
          [":method", "GET"],
          [":scheme", "http"],
          [":authority", "a"],
          [":path", "foo"],
        ]),
      ),
    ],
    "bytes that are no HPACK": [
      frame(
        frameType.headers,
        endStream | endHeaders,
        1,
        Buffer.alloc(40, 0xff),
      ),
    ],
    "a header value that is not ASCII": [
      frame(
        frameType.headers,
        endStream | endHeaders,
        1,
        headerBlock([
          ...base,
          [":authority", "a"],
          ["x", Buffer.from([0xff, 0xfe, 0xc3, 0xa9])],
        ]),
      ),
    ],
    "data on a stream that is not open": [
      frame(frameType.data, 0, 7, Buffer.from("x")),
    ],
    "a frame that is too large": [
      frame(frameType.data, 0, 1, Buffer.alloc(20_000)),
    ],
    "settings of a wrong size": [
      frame(frameType.settings, 0, 0, Buffer.alloc(5)),
    ],
    "an even stream": [
      frame(
        frameType.headers,
        endStream | endHeaders,
        2,
        headerBlock([...base, [":authority", "a"]]),
      ),
    ],
    garbage: [Buffer.alloc(1000, 0x5a)],
  };
  for (const [name, bytes] of Object.entries(broken)) {
    test(`${name} does no harm`, async () => {
      const server = await serve();
      const client = new RawHttp2(server.port).start();
      client.write(...bytes);
      // The answer to the ping, or a goodbye, says that all was looked at.
      client.write(frame(frameType.ping, 0, 0, Buffer.alloc(8)));
      await client.find(
        ({ type }) => type === frameType.ping || type === frameType.goaway,
      );
      client.socket.destroy();
      await expectWell(server);
    });
  }

  test("a preface that comes byte by byte", async () => {
    const server = await serve();
    const client = new RawHttp2(server.port);
    client.socket.setNoDelay(true);
    for (const byte of preface) {
      await new Promise((resolve) => {
        client.socket.write(Buffer.of(byte), resolve);
      });
    }
    client.write(
      frame(frameType.settings, 0, 0),
      frame(
        frameType.headers,
        endStream | endHeaders,
        1,
        headerBlock([...base, [":authority", "a"]]),
      ),
    );
    const data = await client.find((f) => f.type === frameType.data);
    expect(data?.payload.toString()).toBe("ok");
    client.socket.destroy();
  });
});
