import { EventEmitter, once } from "node:events";
import net from "node:net";
import { text } from "node:stream/consumers";
import { queryObjects } from "node:v8";
import { createServiceImplSpec } from "@connectrpc/connect";
import { afterEach, expect, test, vi } from "vitest";
import { UnaryContext } from "../../src/http/rpc/unary/context.ts";
import { ConformanceService } from "../conformance/gen/connectrpc/conformance/v1/service_pb.js";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

/** 200 KiB that take some ten milliseconds to read. */
const body = JSON.stringify({
  responseDefinition: {
    responseHeaders: [
      { name: "a", value: Array.from({ length: 50_000 }, () => "a") },
    ],
  },
});

const request =
  "POST /connectrpc.conformance.v1.ConformanceService/Unary HTTP/1.1\r\nHost: a\r\n" +
  "Connection: close\r\nContent-Type: application/json\r\n" +
  `Content-Length: ${body.length}\r\n\r\n${body}`;

/** A server that tells of each call that it admits, and how to send it a large message from an address. */
async function serve() {
  const admitted = new EventEmitter();
  let calls = 0;
  const service = createServiceImplSpec<typeof ConformanceService>(
    ConformanceService,
    { unary: () => ({}) },
  );
  const { port } = await startServer({
    services: [service],
    handlerOptions: {
      requestGate: () => {
        calls += 1;
        admitted.emit("call");
      },
    },
  });
  const send = (localAddress: string) => {
    const socket = net.connect({ port, host: "127.0.0.1", localAddress });
    socket.on("error", () => undefined);
    const sent = new Promise<void>((resolve) => {
      socket.write(request, () => {
        resolve();
      });
    });
    return { socket, sent };
  };
  return {
    send,
    call: async (localAddress: string) => {
      const { socket } = send(localAddress);
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /);
    },
    /** Waits until so many calls were admitted. */
    admitted: async (count: number) => {
      while (calls < count) {
        await once(admitted, "call");
      }
    },
  };
}

test("large messages of calls that were cancelled delay nobody, and are freed", async () => {
  const { send, call, admitted } = await serve();
  const alone: number[] = [];
  for (let count = 0; count < 5; count += 1) {
    const from = performance.now();
    await call("127.0.0.1");
    alone.push(performance.now() - from);
  }
  const held = () => queryObjects(UnaryContext, { format: "count" });
  const before = held();
  const cancelled = Array.from({ length: 300 }, () => send("127.0.0.1"));
  await Promise.all(cancelled.map(({ sent }) => sent));
  await admitted(305);
  for (const { socket } of cancelled) {
    socket.destroy();
  }
  await Promise.all(cancelled.map(({ socket }) => once(socket, "close")));
  const from = performance.now();
  await call("127.0.0.1");
  // To read those of the others, and to pause behind each, would take six hundred times as long as to read this one.
  expect(performance.now() - from).toBeLessThan(50 * Math.max(...alone));
  // The last of them are freed when the event loop has seen that their clients have left.
  await vi.waitUntil(() => held() < before + 10, 20_000);
});

test("large messages of one network do not wait for all of another one's", async () => {
  const { call } = await serve();
  let ended = 0;
  const many = Array.from({ length: 80 }, async () => {
    await call("127.0.0.1");
    ended += 1;
  });
  await Promise.race(many);
  await call("127.0.0.2");
  expect(ended).toBeLessThan(40);
  await Promise.all(many);
});
