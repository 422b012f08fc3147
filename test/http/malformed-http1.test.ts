import { once } from "node:events";
import net from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { check, expectWell, serve } from "./malformed.ts";
import { preface } from "./raw-http2.ts";
import { rawExchange, stopServers } from "./support.ts";

afterEach(stopServers);

describe("malformed HTTP/1.1", () => {
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
