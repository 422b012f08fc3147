import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Attack } from "../attack.ts";
import { openRead, request } from "../wire/http1.ts";
import { grpcBlock, openHttp2, streamFrames } from "../wire/http2.ts";
import type { Http2Connection } from "../wire/http2.ts";
import { headerBlock } from "../../http/raw-http2.ts";
import { envelope } from "../wire/messages.ts";
import { atOnce, Span } from "../wire/pace.ts";

const check = "/grpc.health.v1.Health/Check";
const watch = "/grpc.health.v1.Health/Watch";

export const upgrades: Attack = {
  name: "upgrades",
  what: "Requests that want another protocol, a tunnel, or to be told to go on, on 16 connections that are opened anew.",
  run: async (target, tally) => {
    const span = new Span(target);
    const asked = [
      request("GET", "/debug/healthz", {
        connection: "upgrade, http2-settings",
        upgrade: "h2c",
        "http2-settings": "AAMAAABk",
      }),
      request("GET", "/debug/healthz", {
        connection: "upgrade",
        upgrade: "websocket",
      }),
      request("CONNECT", "localhost:1"),
      request("POST", check, { expect: "100-continue", "content-length": "9" }),
      request("POST", check, { expect: "something", "content-length": "9" }),
    ];
    await atOnce(16, async (lane) => {
      for (let turn = lane; !span.over; turn += 1) {
        const socket = await openRead(target, tally);
        const one = asked[turn % asked.length] ?? Buffer.alloc(0);
        if (socket.writable) {
          socket.write(Buffer.concat(Array(20).fill(one)));
        }
        const ended = once(socket, "close").catch(() => undefined);
        await Promise.race([ended, delay(200)]);
        socket.destroy();
      }
    });
    return undefined;
  },
};

const deadlined = Buffer.concat([
  grpcBlock(watch),
  headerBlock([["grpc-timeout", "1m"]]),
]);
const asked = envelope(Buffer.alloc(0));

async function openStreams(
  connection: Http2Connection,
  span: Span,
): Promise<void> {
  while (!span.over && connection.socket.writable) {
    const opened = Array.from({ length: 50 }, () =>
      streamFrames(connection.next(), deadlined, asked),
    );
    connection.write(...opened);
    await delay(5);
  }
}

export const shortDeadlines: Attack = {
  name: "short-deadlines",
  what: "Streams that end by their deadline of a millisecond, as fast as they can be opened, on 8 connections.",
  run: async (target, tally) => {
    const span = new Span(target);
    await atOnce(8, async () => {
      while (!span.over) {
        await openStreams(await openHttp2(target, tally), span);
      }
    });
    return undefined;
  },
};
