import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limitFlags } from "../../src/cli/options/limit-options.ts";
import { defaultLimits } from "../../src/http/limits.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  headerBlock,
  preface,
  RawHttp2,
} from "../http/raw-http2.ts";
import { rawExchange } from "../http/support.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { startServerProcess } from "../support/server-process.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { run } from "./command.ts";

// What each limit does is tested in test/http; here, that its flag reaches it. The flags are small, and each test would
// see something else, or run out of time, under the default.

const token = "the-token-of-the-limits-administrator";
let directory: TempDir;
let server: ServerProcess;
let port: number;

function serveWith(...flags: readonly string[]): void {
  beforeAll(async () => {
    directory = await makeTempDir();
    const database = directory.file("lockoutd.db");
    server = await startServerProcess(database, token, flags);
    port = Number(new URL(server.url).port);
  });
  afterAll(async () => {
    await server.stop("SIGKILL");
    await directory.remove();
  });
}

const noTimeouts = [
  ...["--headers-timeout", "0s", "--body-timeout", "0s"],
  ...["--stream-idle-timeout", "0s", "--idle-timeout", "0s"],
  ...["--write-stall-timeout", "0s"],
];

const healthz = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", "/debug/healthz"],
] as const;

const get = (stream: number) =>
  frame(
    frameType.headers,
    endStream | endHeaders,
    stream,
    headerBlock(healthz),
  );

const postHead = (path: string, more: string) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${more}\r\n`;
const check = "/grpc.health.v1.Health/Check";

describe("sizes and counts", () => {
  serveWith(
    ...noTimeouts,
    ...["--max-request-size", "1KiB", "--max-target-bytes", "100"],
    ...["--max-query-parameters", "2", "--max-query-depth", "1"],
    ...["--max-json-depth", "1"],
    ...["--max-header-bytes", "600", "--max-header-count", "12"],
    ...["--max-streams-per-connection", "7"],
    ...["--stream-reset-burst", "5", "--stream-reset-rate", "1"],
    ...["--max-connections-per-address", "40"],
    ...["--drain-bytes", "64KiB", "--drain-timeout", "1m"],
  );

  test("--max-request-size", async () => {
    const send = (service: string) =>
      fetch(`${server.url}${check}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ service }),
      });
    expect((await send("")).status).toBe(200);
    expect(await (await send("x".repeat(1100))).json()).toMatchObject({
      code: "resource_exhausted",
    });
  });

  const authorization = `Bearer ${token}`;

  test.each([
    ["--max-query-parameters", "$a&$b&$c", "more than 2 parameters"],
    ["--max-query-depth", "ctx.instance=true", "more than 1 levels"],
  ])("%s", async (_flag, query, reason) => {
    const answer = await fetch(`${server.url}/v2/settings/lockout?${query}`, {
      headers: { authorization },
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(reason);
  });

  test("--max-json-depth", async () => {
    const answer = await fetch(`${server.url}/lockout/v1/attempts`, {
      method: "POST",
      headers: { authorization },
      body: '{"client":{}}',
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("deeper than 1 levels");
  });

  test.each([
    ["--max-target-bytes", `GET /${"x".repeat(100)} HTTP/1.1\r\nHost: a`, 414],
    [
      "--max-header-bytes",
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(600)}`,
      431,
    ],
    [
      "--max-header-count",
      `GET / HTTP/1.1\r\nHost: a${"\r\nX: y".repeat(12)}`,
      431,
    ],
  ])("%s", async (_flag, head, status) => {
    const answer = await rawExchange(
      port,
      `${head}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  test("--max-streams-per-connection", async () => {
    const client = new RawHttp2(port).start();
    const settings = await client.find(({ type }) => type === 4);
    client.socket.destroy();
    // SETTINGS_MAX_CONCURRENT_STREAMS (3), RFC 9113, §6.5.2.
    expect(settings?.payload.toString("hex")).toMatch(/000300000007/);
  });

  test("--stream-reset-burst and --stream-reset-rate", async () => {
    const client = new RawHttp2(port).start();
    const cancel = Buffer.of(0, 0, 0, 8);
    for (let stream = 1; stream < 200; stream += 2) {
      client.write(get(stream), frame(frameType.rstStream, 0, stream, cancel));
    }
    await client.closed;
    expect(client.frames.map(({ type }) => type)).toContain(frameType.goaway);
  });

  test("--max-connections-per-address", async () => {
    const sockets = Array.from({ length: 41 }, () =>
      connect(port, "127.0.0.1").on("error", () => undefined),
    );
    await Promise.any(
      sockets.map(
        (socket) => new Promise<void>((done) => socket.on("close", done)),
      ),
    );
    for (const socket of sockets) {
      socket.destroy();
    }
  });

  test("--drain-bytes", async () => {
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    const closed = new Promise<void>((done) => socket.on("close", done));
    socket.resume();
    socket.write(postHead("/nowhere", "Content-Length: 4000000\r\n"));
    // More than the limit, less than the default, and never the end of it.
    socket.write(Buffer.alloc(200_000));
    await closed;
  });
});

describe("time-outs", () => {
  serveWith(
    ...["--headers-timeout", "200ms", "--body-timeout", "300ms"],
    ...["--stream-idle-timeout", "400ms", "--idle-timeout", "500ms"],
    ...["--write-stall-timeout", "600ms", "--drain-timeout", "100ms"],
    ...["--heartbeat", "100ms"],
  );

  test(
    "--headers-timeout",
    async () => {
      const answer = await rawExchange(port, "GET / HTTP/1.1\r\nHost: a\r\nX");
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    },
    defaultLimits.headersTimeoutMs,
  );

  test(
    "--body-timeout and --drain-timeout",
    async () => {
      const answer = await rawExchange(
        port,
        `${postHead(check, "Content-Length: 10\r\n")}{`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 504 /);
    },
    defaultLimits.bodyTimeoutMs,
  );

  test(
    "--drain-timeout",
    async () => {
      const answer = await rawExchange(
        port,
        postHead("/nowhere", "Content-Length: 10\r\n"),
      );
      expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    },
    defaultLimits.drainTimeoutMs,
  );

  test("--stream-idle-timeout", async () => {
    const client = new RawHttp2(port).start();
    const reflect = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    client.write(
      frame(
        frameType.headers,
        endHeaders,
        1,
        headerBlock([
          [":method", "POST"],
          [":scheme", "http"],
          [":authority", "a"],
          [":path", reflect],
          ["content-type", "application/grpc"],
        ]),
      ),
    );
    const trailers = await client.find(
      ({ type, flags }) =>
        type === frameType.headers && (flags & endStream) !== 0,
    );
    client.socket.destroy();
    expect(trailers).toBeDefined();
  });

  test("--idle-timeout", async () => {
    const answer = await rawExchange(
      port,
      "GET /debug/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("--heartbeat", async () => {
    const stop = new AbortController();
    const { body } = await fetch(`${server.url}/lockout/v1/events:watch`, {
      headers: { authorization: `Bearer ${token}` },
      signal: stop.signal,
    });
    const first = await body?.getReader().read();
    // More than one where this process was busy when they came.
    expect(Buffer.from(first?.value ?? []).toString()).toMatch(/^\n+$/);
    stop.abort();
  });

  test(
    "--write-stall-timeout",
    async () => {
      const client = new RawHttp2(port);
      client.write(
        preface,
        // SETTINGS_INITIAL_WINDOW_SIZE 0: not one byte of a body may be sent.
        frame(frameType.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])),
        get(1),
      );
      const reset = await client.find(
        ({ type }) => type === frameType.rstStream,
      );
      client.socket.destroy();
      expect(reset?.stream).toBe(1);
    },
    defaultLimits.writeStallTimeoutMs,
  );
});

test("the help and the documentation tell the defaults as they are", async () => {
  const { stdout } = await run("serve", "--help");
  const page = await readFile(
    new URL("../../docs/reference/limits.md", import.meta.url),
    "utf8",
  );
  const help = stdout.replaceAll(/\s+/g, " ");
  const units = { "": 1, KiB: 1024, MiB: 1024 ** 2, s: 1000, m: 60_000 };
  for (const [name, { flag, byDefault }] of Object.entries(limitFlags)) {
    expect(page).toMatch(
      new RegExp(`^\\| \`${flag}\` +\\| ${byDefault} +\\| \\S`, "m"),
    );
    expect(help).toMatch(
      new RegExp(`${flag} <\\w+> [^(]+\\(default: ${byDefault}, env`),
    );
    const [, number, unit = ""] = /^(\d+)(.*)$/.exec(byDefault) ?? [];
    expect(Number(number) * units[unit as keyof typeof units], name).toBe(
      defaultLimits[name as keyof typeof limitFlags],
    );
  }
});
