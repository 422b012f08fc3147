import { createClient } from "@connectrpc/connect";
import {
  createGrpcTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { afterEach, expect, test } from "vitest";
import { Health } from "../../gen/grpc/health/v1/health_pb.js";
import { createHealth } from "../../src/http/services/health.ts";
import {
  endHeaders,
  frame,
  frameType,
  headerBlock,
  RawHttp2,
} from "./raw-http2.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

function serve() {
  return startServer({ openServices: [createHealth([]).service] });
}

/** A client that closes its connection with an error behind each call, as it is told to. */
async function callAndAbort(url: string): Promise<void> {
  const sessionManager = new Http2SessionManager(url);
  const client = createClient(
    Health,
    createGrpcTransport({ baseUrl: url, sessionManager }),
  );
  await client.check({});
  sessionManager.abort();
}

test("clients that close their connections with an error are not slowed down", async () => {
  const { url } = await serve();
  for (let count = 0; count < 40; count += 1) {
    await callAndAbort(url);
  }
});

/** Opens streams and resets them at once, more than a connection may. */
const resets = Buffer.concat(
  Array.from({ length: 400 }, (_, index) => {
    const stream = 2 * index + 1;
    return Buffer.concat([
      frame(
        frameType.headers,
        endHeaders,
        stream,
        headerBlock([
          [":method", "POST"],
          [":scheme", "http"],
          [":authority", "a"],
          [":path", "/"],
        ]),
      ),
      frame(frameType.rstStream, 0, stream, Buffer.of(0, 0, 0, 8)),
    ]);
  }),
);

test("new connections wait, or are closed, of a network whose connections have to be closed again and again", async () => {
  const { port } = await serve();
  const settings = ({ type }: { readonly type: number }) =>
    type === frameType.settings;
  // Eight at once are allowed, and four a second: so many are too many on a slow machine too. Of those that come next, one begins now and then.
  const attackers = Array.from({ length: 24 }, () =>
    new RawHttp2(port).start(),
  );
  await Promise.all(attackers.map((attacker) => attacker.find(settings)));
  await Promise.all(attackers.map((attacker) => attacker.write(resets).closed));
  const waiting = Array.from({ length: 80 }, () => new RawHttp2(port).start());
  const outcomes = await Promise.all(
    waiting.map((connection) => connection.find(settings)),
  );
  // The last of them would have waited for more than five seconds.
  expect(outcomes.at(0)).toBeDefined();
  expect(outcomes.at(-1)).toBeUndefined();
  for (const { socket } of waiting) {
    socket.destroy();
  }
});
