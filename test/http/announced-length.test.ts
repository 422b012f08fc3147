import http2 from "node:http2";
import { once } from "node:events";
import { Code, createServiceImplSpec } from "@connectrpc/connect";
import { afterEach, describe, expect, test } from "vitest";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

const maxRequestSize = 1000;
const methods = {
  unary: "/lockout.v1.AttemptService/GetLockout",
  "server stream": "/lockout.v1.AttemptService/WatchEvents",
  "bidi stream": "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
};
const forms = [
  ["application/grpc", asItIs],
  ["application/grpc-web", asItIs],
  [
    "application/grpc-web-text",
    (bytes: Buffer) => Buffer.from(bytes.toString("base64")),
  ],
] as const;

function asItIs(bytes: Buffer): Buffer {
  return bytes;
}

function start() {
  return startServer({
    services: [
      createServiceImplSpec(AttemptService, {}),
      createServiceImplSpec<typeof ServerReflection>(ServerReflection, {
        async *serverReflectionInfo(requests) {
          for await (const { host } of requests) {
            yield { validHost: host };
          }
        },
      }),
    ],
    limits: { maxRequestSize },
  });
}

/** Flags and length of a message, and a first byte of it. */
function announcement(length: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

describe("a message that announces more than the limit is refused at once, while its stream is open", () => {
  for (const [kind, path] of Object.entries(methods)) {
    for (const [type, encode] of forms) {
      for (const length of [maxRequestSize + 1, 0xffffffff]) {
        test(`${kind}, ${type}, ${length} bytes`, async () => {
          const { url } = await start();
          const session = http2.connect(url);
          const stream = session.request(
            { ":method": "POST", ":path": path, "content-type": type },
            { endStream: false },
          );
          let response = "";
          const note = (fields: http2.IncomingHttpHeaders) => {
            response += `grpc-status: ${String(fields["grpc-status"])}\r\n`;
          };
          stream.on("response", note);
          stream.on("trailers", note);
          stream.on("data", (chunk: Buffer) => {
            response += type.endsWith("text")
              ? Buffer.from(chunk.toString(), "base64").toString("latin1")
              : chunk.toString("latin1");
          });
          stream.write(encode(announcement(length)));
          await once(stream, "end");
          expect(response).toContain(
            `grpc-status: ${Code.ResourceExhausted}\r\n`,
          );
          stream.close();
          session.close();
        });
      }
    }
  }
});
