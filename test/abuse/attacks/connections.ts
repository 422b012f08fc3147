import { once } from "node:events";
import type { Attack } from "../attack.ts";
import { connectSocket } from "../wire/grpc.ts";
import { bearer, open, openRead, request } from "../wire/http1.ts";
import { grpcBlock, Http2Connection, streamFrames } from "../wire/http2.ts";
import { envelope } from "../wire/messages.ts";
import { atOnce, flood, send, Span } from "../wire/pace.ts";
import { frame, frameType, preface } from "../../http/raw-http2.ts";

const check = "/grpc.health.v1.Health/Check";

export const idleConnections: Attack = {
  name: "idle-connections",
  what: "10,000 connections from three addresses, HTTP/1.1 and HTTP/2 by turns, that make one call each and stay: none may be closed, in 1 GB.",
  needs: { memory: { limit: 1024, bound: 1000 } },
  run: async (target, tally) => {
    const span = new Span({ seconds: target.seconds + 8 });
    const addresses = ["127.0.0.11", "127.0.0.12", "127.0.0.13"];
    const lanes = 50;
    let closed = 0;
    await atOnce(lanes, async (lane) => {
      for (let at = lane; at < 10_000 && !span.over; at += lanes) {
        const address = addresses[at % addresses.length];
        const socket = await open(target, tally, address);
        socket.once("close", () => {
          closed += 1;
        });
        const received = once(socket, "data");
        if (at % 2 === 0) {
          socket.write(request("GET", "/debug/healthz"));
        } else {
          const connection = new Http2Connection(socket, tally);
          connection.read();
          connection.write(
            preface,
            frame(frameType.settings, 0, 0),
            streamFrames(
              connection.next(),
              grpcBlock(check),
              envelope(Buffer.alloc(0)),
            ),
          );
        }
        socket.resume();
        await Promise.race([received, once(socket, "close")]).catch(
          () => undefined,
        );
      }
    });
    await new Span(target).rest();
    return closed === 0 ? [] : [`${closed} honest connections were closed`];
  },
};

export const halfOpen: Attack = {
  name: "half-open",
  what: "4,000 connections that send nothing, half a preface, half a header, or a byte of one now and then.",
  run: async (target, tally) => {
    const span = new Span(target);
    const starts = ["", "PRI * HT", "GET / HTTP/1.1\r\nhost: a\r\n", "G"];
    const header = Buffer.from("GET / HTTP/1.1\r\nx: ");
    await atOnce(100, async (lane) => {
      for (let at = lane; at < 4000 && !span.over; at += 100) {
        const socket = await openRead(target, tally);
        if (at % 5 === 4) {
          socket.write(header);
          const dribble = setInterval(() => {
            if (span.over || !socket.writable) {
              clearInterval(dribble);
            } else {
              socket.write("a");
            }
          }, 500);
        } else {
          socket.write(starts[at % 4] ?? "");
        }
      }
    });
    await span.rest();
    return undefined;
  },
};

export const shortConnections: Attack = {
  name: "short-connections",
  what: "Connections that are opened, used for a request, and reset, 64 at once.",
  run: async (target, tally) => {
    const span = new Span(target);
    const asked = request("GET", "/debug/healthz");
    await atOnce(64, async () => {
      while (!span.over) {
        const socket = await openRead(target, tally);
        socket.write(asked);
        socket.resetAndDestroy();
        await once(socket, "close").catch(() => undefined);
      }
    });
    return undefined;
  },
};

export const slowBodies: Attack = {
  name: "slow-bodies",
  what: "2,000 calls with a token whose bodies of 200 kB come byte by byte after their first half.",
  role: "ORG_OWNER_VIEWER",
  run: async (target, tally) => {
    const span = new Span(target);
    const path = "/zitadel.settings.v2.SettingsService/GetLockoutSettings";
    const body = Buffer.alloc(200_000, " ");
    const asked = request("POST", path, bearer(target.token), body);
    await atOnce(2000, async () => {
      const socket = await openRead(target, tally);
      await send(socket, asked.subarray(0, -100_000), span);
      const dribble = setInterval(() => {
        if (span.over || !socket.writable) {
          clearInterval(dribble);
        } else {
          socket.write(" ");
        }
      }, 500);
    });
    await span.rest();
    return undefined;
  },
};

export const chunks: Attack = {
  name: "chunks",
  what: "Bodies in chunks of a byte with an extension, and fields after them, on 8 connections.",
  run: async (target, tally) => {
    const span = new Span(target);
    const head = Buffer.from(
      `POST ${check} HTTP/1.1\r\nhost: a\r\ncontent-type: application/proto\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    const chunk = Buffer.from("1;name=value\r\na\r\n");
    const some = Buffer.concat(Array(1000).fill(chunk));
    await atOnce(8, async () => {
      while (!span.over) {
        const socket = await openRead(target, tally);
        socket.write(head);
        await flood(socket, () => some, span);
      }
    });
    return undefined;
  },
};

export const tlsHandshakes: Attack = {
  name: "tls-handshakes",
  what: "TLS handshakes that are completed and thrown away, 64 at once, and 500 that stop after a byte.",
  needs: { tls: true },
  run: async (target, tally) => {
    const span = new Span(target);
    await atOnce(500, async () => {
      const socket = await open(target, tally);
      socket.write(Buffer.of(0x16));
    });
    await atOnce(64, async () => {
      while (!span.over) {
        const socket = connectSocket({ ...target, tls: true });
        const ended = once(socket, "close");
        await Promise.race([once(socket, "secureConnect"), ended]).then(
          () => {
            tally.count("handshake");
          },
          () => {
            tally.count("failed handshake");
          },
        );
        tally.send(socket.bytesWritten);
        socket.destroy();
      }
    });
    return undefined;
  },
};
