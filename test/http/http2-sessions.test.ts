import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { expect, test } from "vitest";
import { Budget } from "../../src/http/connection/budget/budget.ts";
import { Http2Sessions } from "../../src/http/connection/http2/http2-sessions.ts";
import { Watchdog } from "../../src/http/connection/budget/watchdog.ts";
import { resolveLimits } from "../../src/http/limits.ts";
import { HeldTurns } from "./held-turns.ts";

test("a connection whose client has left before its turn gets no session", async () => {
  const server = http2.createServer();
  let sessions = 0;
  server.on("session", () => {
    sessions += 1;
  });
  const limits = resolveLimits({});
  const turns = new HeldTurns();
  const budget = new Budget(
    limits.maxHeldBytes,
    limits.maxHeldBytesPerConnection,
  );
  const watchdog = new Watchdog(1000);
  const connections = new Http2Sessions({
    ...{ server, limits, budget, turns, watchdog },
    isTrusted: () => false,
    serve: () => undefined,
  });
  const listener = net.createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const accepted = once(listener, "connection");
  const client = net.connect(port, "127.0.0.1");
  const [socket] = (await accepted) as [Socket];
  connections.take(socket);
  socket.destroy();
  await once(socket, "close");
  expect(turns.held).toHaveLength(1);
  turns.held[0]?.();
  expect(sessions).toBe(0);
  client.destroy();
  listener.close();
  connections.stop();
  budget.stop();
  watchdog.stop();
});
