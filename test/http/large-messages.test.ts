import { EventEmitter, once } from "node:events";
import net from "node:net";
import { text } from "node:stream/consumers";
import { gunzipSync, gzipSync } from "node:zlib";
import { createServiceImplSpec } from "@connectrpc/connect";
import { afterEach, expect, test, vi } from "vitest";
import { networkOf } from "../../src/http/connection/budget/connection-count.ts";
import type {
  FairCompression,
  Owner,
} from "../../src/http/rpc/compressions.ts";
import { LongWork } from "../../src/pacing/long-work.ts";
import { ConformanceService } from "../conformance/gen/connectrpc/conformance/v1/service_pb.js";
import { HeldObjects } from "../support/held-objects.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(async () => {
  vi.restoreAllMocks();
  await stopServers();
});

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
  const contexts = new HeldObjects();
  const service = createServiceImplSpec<typeof ConformanceService>(
    ConformanceService,
    { unary: () => ({}) },
  );
  const { port } = await startServer({
    services: [service],
    handlerOptions: {
      requestGate: (context) => {
        contexts.note(context);
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
      while (contexts.noted < count) {
        await once(admitted, "call");
      }
    },
    /** How many calls are not over, or wait for something. */
    held: () => contexts.count(),
  };
}

test("large messages of calls that were cancelled delay nobody, and are freed", async () => {
  const { send, call, admitted, held } = await serve();
  const slices = vi.spyOn(LongWork.prototype, "pause");
  await call("127.0.0.1");
  expect(slices).toHaveBeenCalledTimes(1);
  const cancelled = Array.from({ length: 300 }, () => send("127.0.0.1"));
  await Promise.all(cancelled.map(({ sent }) => sent));
  await admitted(301);
  for (const { socket } of cancelled) {
    socket.destroy();
  }
  await Promise.all(cancelled.map(({ socket }) => once(socket, "close")));
  slices.mockClear();
  await call("127.0.0.1");
  // Those are read whose clients have not left yet as far as the event loop has seen, but not all of them.
  expect(slices.mock.calls.length).toBeLessThan(100);
  await expect.poll(held).toBeLessThan(10);
});

test("large messages of one network do not wait for all of another one's", async () => {
  const { call } = await serve();
  let ended = 0;
  const many = Array.from({ length: 40 }, async () => {
    await call("127.0.0.1");
    ended += 1;
  });
  await Promise.race(many);
  await call("127.0.0.2");
  expect(ended).toBeLessThan(20);
  await Promise.all(many);
});

test.each(["usual", "with a header of its own"])(
  "compressed messages take the turn of their caller, until it leaves: a response that is %s",
  async (kind) => {
    const seen = new EventEmitter();
    const turns: (Owner["turn"] | undefined)[] = [];
    const note = (owner: Owner | undefined) => {
      const turn = owner?.turn;
      turns.push(turn);
      seen.emit("turn");
      return turn?.signal;
    };
    const gzip: FairCompression = {
      name: "gzip",
      decompress: async (bytes, _max, owner) => {
        note(owner);
        return new Uint8Array(gunzipSync(bytes));
      },
      // Nothing comes of it: the client leaves meanwhile.
      compress: (_bytes, owner) =>
        new Promise((_resolve, reject) => {
          const signal = note(owner);
          signal?.addEventListener("abort", () => {
            // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
            reject(signal.reason);
          });
        }),
    };
    const onFault = vi.fn();
    const { port } = await startServer({
      onFault,
      services: [
        createServiceImplSpec<typeof ConformanceService>(ConformanceService, {
          unary: (_request, { responseHeader }) => {
            if (kind !== "usual") {
              responseHeader.set("x-own", "1");
            }
            return {
              payload: { data: new Uint8Array(10_000) },
            };
          },
        }),
      ],
      handlerOptions: { acceptCompression: [gzip], compressMinBytes: 1 },
    });
    const socket = net.connect({ port, host: "127.0.0.1" });
    const packed = gzipSync("{}");
    socket.write(
      "POST /connectrpc.conformance.v1.ConformanceService/Unary HTTP/1.1\r\nHost: a\r\n" +
        "Content-Type: application/json\r\nContent-Encoding: gzip\r\nAccept-Encoding: gzip\r\n" +
        `Content-Length: ${packed.length}\r\n\r\n`,
    );
    socket.write(packed);
    while (turns.length < 2) {
      await once(seen, "turn");
    }
    expect(turns.map((turn) => turn?.of)).toEqual(
      Array(2).fill(networkOf("127.0.0.1")),
    );
    const [, response] = turns.map((turn) => turn?.signal);
    expect(response?.aborted).toBe(false);
    socket.destroy();
    await expect.poll(() => response?.aborted).toBe(true);
    expect(onFault).not.toHaveBeenCalled();
  },
);
