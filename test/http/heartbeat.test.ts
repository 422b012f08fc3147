import { once } from "node:events";
import http2 from "node:http2";
import { afterEach, describe, expect, test } from "vitest";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { Watchdog } from "../../src/http/connection/budget/watchdog.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  headerBlock,
  preface,
  RawHttp2,
  settings,
} from "./raw-http2.ts";
import { serveLockout, stopServers } from "./support.ts";

afterEach(stopServers);

const restPath = "/lockout/v1/events:watch";
const rpcPath = "/lockout.v1.AttemptService/WatchEvents";

const forms = [
  ["application/x-ndjson", /^\n{2}/],
  ["application/json", /^\[\n{2}/],
  ["text/event-stream", /^id: \d+\n\n(?::\n\n){2}/],
] as const;

describe.each(forms)("a silent stream of %s", (accept, heartbeats) => {
  test.each([1, 2] as const)(
    "gets heartbeats over HTTP/%i, which are no messages",
    async (version) => {
      const { url, adminToken, firstOrgId } = await serveLockout({
        heartbeatMs: 40,
      });
      const header = { authorization: `Bearer ${adminToken}`, accept };
      const stop = new AbortController();
      const { buffering, chunks } =
        version === 1
          ? await openHttp1(url, header, stop.signal)
          : await openHttp2(url, header, stop.signal);
      expect(buffering).toBe("no");
      let text = "";
      let isWritten = false;
      for await (const chunk of chunks) {
        text += chunk;
        if (text.includes("org.policy.lockout.added")) {
          break;
        }
        if (isWritten || !heartbeats.test(text)) {
          continue;
        }
        isWritten = true;
        await createClient(
          ManagementService,
          createGrpcTransport({ baseUrl: url }),
        ).addCustomLockoutPolicy(
          {},
          { headers: { authorization: header.authorization } },
        );
      }
      stop.abort();
      const rest = text.replace(/^id: \d+\n\n/, "").replaceAll(":\n\n", "");
      const message = JSON.parse(
        accept === "application/json"
          ? `${rest}]`
          : rest.replace(/^\s*(?:id: \d+\ndata: )?/, ""),
      ) as unknown;
      expect(Array.isArray(message) ? message[0] : message).toMatchObject({
        event: { aggregate: { resourceOwner: firstOrgId } },
      });
    },
  );
});

interface OpenStream {
  readonly buffering: string | null;
  readonly chunks: AsyncIterable<string>;
}

async function openHttp1(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<OpenStream> {
  const response = await fetch(url + restPath, { headers, signal });
  if (response.body === null) {
    throw new Error("the response has no body");
  }
  return {
    buffering: response.headers.get("x-accel-buffering"),
    chunks: response.body.pipeThrough(new TextDecoderStream()),
  };
}

async function openHttp2(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<OpenStream> {
  const session = http2.connect(url);
  signal.addEventListener("abort", () => {
    session.destroy();
  });
  const stream = session.request({ ":path": restPath, ...headers });
  stream.setEncoding("utf8");
  const [header] = (await once(stream, "response")) as [
    http2.IncomingHttpHeaders,
  ];
  return {
    buffering: String(header["x-accel-buffering"]),
    chunks: stream as AsyncIterable<string>,
  };
}

const envelope = Buffer.alloc(5);

test.each([
  ["application/grpc", envelope, undefined],
  ["application/grpc-web+proto", envelope, "no"],
  ["application/connect+proto", envelope, "no"],
])(
  "a silent stream of %s gets PINGs over HTTP/2",
  async (type, body, buffering) => {
    const { url, adminToken } = await serveLockout({ heartbeatMs: 40 });
    const session = http2.connect(url);
    const stream = session.request({
      ":method": "POST",
      ":path": rpcPath,
      "content-type": type,
      te: "trailers",
      authorization: `Bearer ${adminToken}`,
    });
    let received = 0;
    stream.on("data", ({ length }: Buffer) => {
      received += length;
    });
    stream.end(body);
    const [header] = (await once(stream, "response")) as [
      http2.IncomingHttpHeaders,
    ];
    expect(header["x-accel-buffering"]).toBe(buffering);
    await once(session, "ping");
    await once(session, "ping");
    expect(received).toBe(0);
    session.destroy();
  },
);

describe("a client that takes nothing", () => {
  const request = (path: string, more: [string, string][], token: string) =>
    frame(
      frameType.headers,
      endHeaders | (more.length === 0 ? endStream : 0),
      1,
      headerBlock([
        [":method", more.length === 0 ? "GET" : "POST"],
        [":scheme", "http"],
        [":authority", "a"],
        [":path", path],
        ["authorization", `Bearer ${token}`],
        ...more,
      ]),
    );

  test("gets no second heartbeat of JSON, and its stream ends", async () => {
    const { port, adminToken } = await serveLockout({
      heartbeatMs: 40,
      writeStallTimeoutMs: 80,
    });
    const client = new RawHttp2(port);
    client.write(
      preface,
      // SETTINGS_INITIAL_WINDOW_SIZE 0: not one byte of a body may be sent.
      frame(frameType.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])),
      request(restPath, [], adminToken),
    );
    const reset = await client.find(({ type }) => type === frameType.rstStream);
    expect(reset?.stream).toBe(1);
    client.socket.destroy();
  });

  test("gets one PING, and its connection ends where it does not return it", async () => {
    const { port, adminToken } = await serveLockout({
      heartbeatMs: 20,
      writeStallTimeoutMs: 200,
    });
    const client = new RawHttp2(port);
    client.write(
      preface,
      settings,
      request(
        rpcPath,
        [
          ["content-type", "application/grpc"],
          ["te", "trailers"],
        ],
        adminToken,
      ),
      frame(frameType.data, endStream, 1, envelope),
    );
    await client.closed;
    const pings = client.frames.filter(({ type }) => type === frameType.ping);
    expect(pings).toHaveLength(1);
  });
});

test("what is due for thousands at once leaves turns to others", async () => {
  const watchdog = new Watchdog(10);
  const run: number[] = [];
  let atFirstTurn = 0;
  await new Promise<void>((resolve) => {
    const watched = {
      place: -1,
      check: (_now: number, later: (task: () => void) => void) => {
        watchdog.delete(watched);
        for (let task = 0; task < 1000; task += 1) {
          later(() => {
            if (run.push(task) === 1) {
              setImmediate(() => {
                atFirstTurn = run.length;
              });
            }
            if (run.length === 1000) {
              resolve();
            }
          });
        }
      },
    };
    watchdog.add(watched);
  });
  watchdog.stop();
  expect(run).toEqual(Array.from({ length: 1000 }, (_, task) => task));
  expect(atFirstTurn).toBeLessThan(500);
});
