import http2 from "node:http2";
import { once } from "node:events";
import { gzipSync } from "node:zlib";
import { Code, ConnectError, createServiceImplSpec } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import {
  escapeGrpcMessage,
  unescapeBlanksOfFrame,
} from "../../src/http/response/grpc-message.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

describe("grpc-message", () => {
  test.each([
    ["", ""],
    ["no user (X-1)", "no user (X-1)"],
    ["100 %", "100 %25"],
    [" at both ends ", "%20at both ends%20"],
    ["  ", "%20%20"],
    ["é\n\x7f~", "%C3%A9%0A%7F~"],
    ["\u{1f511}", "%F0%9F%94%91"],
    ["\ud800", "%EF%BF%BD"],
  ])("%j is %s", (message, escaped) => {
    expect(escapeGrpcMessage(message)).toBe(escaped);
  });

  test("in the trailers of gRPC-Web, but in compressed ones", () => {
    const trailers = Buffer.from("grpc-status: 5\r\ngrpc-message: a%20b\r\n");
    const frame = unescapeBlanksOfFrame(encodeEnvelope(0x80, trailers));
    expect(Buffer.from(frame.subarray(5)).toString()).toContain("a b");
    const compressed = encodeEnvelope(0x81, gzipSync(trailers));
    expect(unescapeBlanksOfFrame(compressed)).toBe(compressed);
  });

  test("any message comes back, and is a field value as HTTP/2 has it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (message) => {
        const escaped = escapeGrpcMessage(message);
        expect(escaped).toMatch(/^(?:[!-~](?:[ -~]*[!-~])?)?$/);
        expect(decodeURIComponent(escaped)).toBe(message.toWellFormed());
      }),
    );
  });
});

const message = " 100 % of é ";
const escaped = "%20100 %25 of %C3%A9%20";

function fail(): never {
  throw new ConnectError(message, Code.NotFound);
}

function serve() {
  return startServer({
    services: [
      createServiceImplSpec<typeof AttemptService>(AttemptService, {
        getLockout: fail,
        async *watchEvents() {
          fail();
        },
      }),
    ],
  });
}

async function call(url: string, path: string, type: string): Promise<string> {
  const session = http2.connect(url);
  const text = type.endsWith("text");
  const frame = Buffer.from(encodeEnvelope(0, new Uint8Array(0)));
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": type,
    });
    let response = "";
    const note = (fields: http2.IncomingHttpHeaders) => {
      response += `grpc-message: ${String(fields["grpc-message"])}\r\n`;
    };
    stream.on("response", note);
    stream.on("trailers", note);
    stream.on("data", (chunk: Buffer) => {
      response += text
        ? Buffer.from(chunk.toString(), "base64").toString("latin1")
        : chunk.toString("latin1");
    });
    stream.end(text ? frame.toString("base64") : frame);
    await once(stream, "close");
    return response;
  } finally {
    session.close();
  }
}

describe.each([
  "application/grpc",
  "application/grpc-web",
  "application/grpc-web-text",
])("%s", (type) => {
  test.each(["GetLockout", "WatchEvents"])(
    "%s escapes the message of its error no more than it must",
    async (method) => {
      const { url } = await serve();
      const path = `/lockout.v1.AttemptService/${method}`;
      expect(await call(url, path, type)).toContain(
        `grpc-message: ${escaped}\r\n`,
      );
    },
  );

  test("neither does a path that leads nowhere", async () => {
    const { url } = await serve();
    expect(await call(url, "/a.b/C", type)).toContain(
      "grpc-message: unknown method /a.b/C\r\n",
    );
  });
});
