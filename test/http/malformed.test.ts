import http2 from "node:http2";
import { once } from "node:events";
import net from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { debugPages } from "../../src/http/pages/debug-pages.ts";
import { createHealth } from "../../src/http/services/health.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  headerBlock,
  preface,
  RawHttp2,
} from "./raw-http2.ts";
import { rawExchange, startServer, stopServers } from "./support.ts";
import type { StartedServer } from "./support.ts";

afterEach(stopServers);

function serve(): Promise<StartedServer> {
  return startServer({
    openServices: [createHealth([]).service],
    pages: debugPages(() => true),
  });
}

const check = "/grpc.health.v1.Health/Check";

/** The server is well: it answers the next request, on both HTTP versions. */
async function expectWell({ url, faults }: StartedServer): Promise<void> {
  expect(await (await fetch(`${url}/debug/healthz`)).text()).toBe("ok");
  const session = http2.connect(url);
  const stream = session.request({ ":path": "/debug/healthz" });
  expect((await once(stream, "response"))[0]).toMatchObject({ ":status": 200 });
  stream.resume();
  await once(stream, "end");
  session.close();
  expect(faults).toEqual([]);
}

describe("HTTP/1.1", () => {
  const close = "Connection: close\r\n\r\n";
  const long = (length: number) => "a".repeat(length);
  const cases: Record<string, [bytes: string, status: number]> = {
    "no Host": [`GET ${check} HTTP/1.1\r\n${close}`, 400],
    "an empty Host": [`GET ${check} HTTP/1.1\r\nHost:\r\n${close}`, 400],
    "a Host with a space": [
      `GET ${check} HTTP/1.1\r\nHost: a b\r\n${close}`,
      400,
    ],
    "half an IPv6 Host": [
      `GET ${check} HTTP/1.1\r\nHost: [::\r\n${close}`,
      400,
    ],
    "a Host with two ports": [
      `GET ${check} HTTP/1.1\r\nHost: a:b:c\r\n${close}`,
      400,
    ],
    "a Host with an escape": [
      `GET ${check} HTTP/1.1\r\nHost: %00\r\n${close}`,
      400,
    ],
    "a Host with a user": [
      `GET ${check} HTTP/1.1\r\nHost: u@a\r\n${close}`,
      400,
    ],
    "two Hosts": [
      `GET ${check} HTTP/1.1\r\nHost: a\r\nHost: a\r\n${close}`,
      400,
    ],
    "two Content-Types": [
      `POST ${check} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
      400,
    ],
    "a target over 8 KiB": [
      `GET /${long(9000)} HTTP/1.1\r\nHost: a\r\n${close}`,
      414,
    ],
    "a target over 16 KiB": [
      `GET /${long(20_000)} HTTP/1.1\r\nHost: a\r\n${close}`,
      414,
    ],
    "a target over 32 KiB": [
      `GET /${long(40_000)} HTTP/1.1\r\nHost: a\r\n${close}`,
      414,
    ],
    "a target of 100,000 characters": [
      `GET /${long(100_000)} HTTP/1.1\r\nHost: a\r\n${close}`,
      414,
    ],
    "a header over 16 KiB": [
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${long(17_000)}\r\n${close}`,
      431,
    ],
    "a header over 32 KiB": [
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${long(40_000)}\r\n${close}`,
      431,
    ],
    "too many fields": [
      `GET / HTTP/1.1\r\nHost: a\r\n${"x: y\r\n".repeat(200)}${close}`,
      431,
    ],
    "length and chunks": [
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    "a folded line": [
      `GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n${close}`,
      400,
    ],
    "a space before the colon": [`GET / HTTP/1.1\r\nHost : a\r\n${close}`, 400],
    "an unknown method": [`HELO / HTTP/1.1\r\nHost: a\r\n${close}`, 501],
    "an unknown method, and no request line": [`HELO there\r\n\r\n`, 400],
    "a target without a slash": [
      `GET foo HTTP/1.1\r\nHost: a\r\n${close}`,
      400,
    ],
    garbage: ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
    "almost the HTTP/2 preface": ["PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n", 400],
    "another Transfer-Encoding before chunked": [
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n0\r\n\r\n`,
      501,
    ],
    "another Transfer-Encoding": [
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n`,
      501,
    ],
    "an absolute target with half an IPv6 address": [
      `GET http://[::/debug/healthz HTTP/1.1\r\nHost: a\r\n${close}`,
      400,
    ],
    "an absolute target with a user": [
      `GET http://u@a/debug/healthz HTTP/1.1\r\nHost: a\r\n${close}`,
      400,
    ],
    "HTTP/2.0 in a request line": [`GET / HTTP/2.0\r\nHost: a\r\n\r\n`, 505],
    "HTTP/0.9": [`GET /debug/healthz\r\n\r\n`, 505],
    CONNECT: [`CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n`, 405],
  };
  for (const [name, [bytes, status]] of Object.entries(cases)) {
    test(`${name}: ${status}`, async () => {
      const server = await serve();
      const answer = await rawExchange(server.port, bytes);
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(answer.toLowerCase()).toContain("cache-control: no-store");
      const body = JSON.parse(
        answer.split("\r\n\r\n").slice(1).join(""),
      ) as object;
      expect(body).toEqual({
        code: [405, 501, 505].includes(status) ? 12 : 3,
        message: expect.stringMatching(/./),
      });
      expect(await server.ended(1)).toMatchObject([
        { status, protocol: "http", remoteAddress: "127.0.0.1" },
      ]);
      await expectWell(server);
    });
  }

  test.each<[part: string, bytes: string, message: RegExp]>([
    ["a name with a blank", "a b: c\r\n", /header field is malformed/],
    ["a field without a colon", "abc\r\n", /header field is malformed/],
    ["a NUL in a value", "a: b\0\r\n", /header field is malformed/],
    ["a line that ends with CR alone", "a: b\r", /header field is malformed/],
    ["no number", "Content-Length: x\r\n", /Content-Length is no number/],
    [
      "two lengths",
      "Content-Length: 1\r\nContent-Length: 2\r\n",
      /Content-Length is given more than once/,
    ],
    [
      "length and chunks",
      "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
      /Transfer-Encoding is given beside Content-Length/,
    ],
  ])("%s: the response names what is malformed", async (_, field, message) => {
    const { port } = await serve();
    const answer = await rawExchange(
      port,
      `POST / HTTP/1.1\r\nHost: a\r\n${field}${close}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(message);
  });

  test("a target that is not percent-encoded is named", async () => {
    const { port } = await serve();
    const answer = await rawExchange(
      port,
      `GET /\x01 HTTP/1.1\r\nHost: a\r\n${close}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*target holds characters/);
  });

  test("a long target that comes in pieces is too long, too", async () => {
    const server = await serve();
    const socket = net.connect(server.port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.write(`GET /${long(1000)}`);
    // What was sent before has been read by the time that another request is answered.
    await expectWell(server);
    socket.write(`${long(60_000)} HTTP/1.1\r\nHost: a\r\n${close}`);
    await once(socket, "close");
    expect(answer).toMatch(/^HTTP\/1\.1 414 /);
  });

  test("HTTP/1.0 needs no Host", async () => {
    const server = await serve();
    const answer = await rawExchange(
      server.port,
      "GET /debug/healthz HTTP/1.0\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*ok$/);
  });

  test("a target in absolute form is its path", async () => {
    const server = await serve();
    const answer = await rawExchange(
      server.port,
      `GET http://a/debug/healthz HTTP/1.1\r\nHost: a\r\n${close}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*ok$/);
  });

  test("dots and doubled slashes in the path are not folded", async () => {
    const server = await serve();
    for (const path of [
      "/debug/../debug/healthz",
      "/debug/%2e/healthz",
      "//debug/healthz",
      "/debug\\healthz",
    ]) {
      const answer = await rawExchange(
        server.port,
        `GET ${path} HTTP/1.1\r\nHost: a\r\n${close}`,
      );
      expect(answer).toMatch(
        /^HTTP\/1\.1 404 [^]*\{"code":5,"message":"Not Found"\}$/,
      );
    }
  });

  test("a body whose chunks are none is refused in the caller's protocol", async () => {
    const server = await serve();
    for (const [type, refused] of [
      ["application/json", /^HTTP\/1\.1 400 [^]*"code":"invalid_argument"/],
      ["application/grpc-web", /^HTTP\/1\.1 200 [^]*grpc-status: 3\r\n/],
    ] as const) {
      for (const chunks of [
        "zz\r\n",
        "fffffffffffffffff\r\n{}",
        `2;${long(20_000)}\r\n{}\r\n0\r\n\r\n`,
        "1\r\n{}\r\n0\r\n\r\n",
        `0\r\nx: ${long(200_000)}\r\n\r\n`,
      ]) {
        const answer = await rawExchange(
          server.port,
          `POST ${check} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
        );
        expect(answer).toMatch(refused);
        expect(answer).toMatch(/\r\nconnection: close\r\n/i);
      }
    }
    await expectWell(server);
  });

  test("a whole request is answered, whatever follows", async () => {
    const server = await serve();
    for (const garbage of [
      "garbage",
      preface.toString(),
      "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
      "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    ]) {
      const answer = await rawExchange(
        server.port,
        `POST ${check} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}${garbage}`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*\{"status":"SERVING"\}$/);
    }
    await expectWell(server);
  });

  test("a refusal arrives though the client goes on sending", async () => {
    const server = await serve();
    for (const [start, status] of [
      ["GET / HTTP/1.1\r\nHost: a\r\nX: ", 431],
      // Of what is above the parser's own bound nobody knows any more which part of the header it is.
      [`GET /${long(30_000)}`, 431],
      ["\x16\x03\x01", 400],
      [
        `POST ${check} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz`,
        400,
      ],
    ] as const) {
      const socket = net.connect(server.port, "127.0.0.1");
      let answer = "";
      socket.on("data", (chunk) => {
        answer += chunk.toString();
      });
      // The server hears of the end of its own goodbye, and nothing was reset.
      const over = once(socket, "end");
      socket.write(start);
      let sent = 0;
      const send = () => {
        if (sent++ < 1000 && socket.writable) {
          socket.write(long(1000), () => setImmediate(send));
        }
      };
      send();
      await over;
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    }
    await expectWell(server);
  });

  test("a request that was answered before its body came gets no second response", async () => {
    const server = await serve();
    const chunked = "Transfer-Encoding: chunked\r\n\r\n5\r\nhel";
    for (const [start, rest] of [
      [chunked, "lo\r\nzz\r\n"],
      [chunked, "lo\r\n"],
      ["Content-Length: 10\r\n\r\nhel", "lo"],
    ] as const) {
      const socket = net.connect(server.port, "127.0.0.1");
      const over = once(socket, "close");
      socket.write(`POST /nowhere HTTP/1.1\r\nHost: a\r\n${start}`);
      let answers = "";
      socket.on("data", (chunk) => {
        if (answers === "") {
          socket.end(rest);
        }
        answers += chunk.toString();
      });
      await over;
      expect(answers).toMatch(
        /^HTTP\/1\.1 404 [^]*\{"code":5,"message":"Not Found"\}$/,
      );
    }
    await expectWell(server);
  });

  test("a connection that is cut in the middle of a request", async () => {
    const server = await serve();
    const socket = net.connect(server.port, "127.0.0.1");
    socket.write(
      `POST ${check} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
      () => {
        socket.resetAndDestroy();
      },
    );
    expect(await server.ended(1)).toMatchObject([{ status: 0 }]);
    await expectWell(server);
  });
});

describe("HTTP/2", () => {
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
