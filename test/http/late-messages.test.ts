import http2 from "node:http2";
import { EventEmitter, once } from "node:events";
import { gzipSync } from "node:zlib";
import { fromJson, toBinary } from "@bufbuild/protobuf";
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, createMethodImplSpec } from "@connectrpc/connect";
import type { MethodImpl, ServiceImplSpec } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { createTranscoder } from "../../src/transcoding/index.ts";
import { serviceOf } from "../transcoding/in-memory.ts";
import type { AnyImplementation } from "../transcoding/in-memory.ts";
import { registryOf } from "../transcoding/vectors.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

const registry = registryOf({
  Unary: { input: "Message", post: "/unary", body: "*" },
  Serve: { input: "Message", post: "/serve", body: "*", stream: "server" },
  Collect: { input: "Message", post: "/collect", body: "*", stream: "client" },
});
const service = serviceOf(registry);
const messageType = registry.getMessage("transcoding.test.v1.Message");
if (messageType === undefined) {
  throw new Error("there is no message");
}
const rpc = (method: string) => `/${service.typeName}/${method}`;

interface Message {
  readonly text: string;
}

/** A service whose gate refuses from a moment on, and that remembers what it carried out. */
async function serve() {
  const carriedOut: string[] = [];
  let elapsed = 0;
  let revoked = false;
  let asked = 0;
  const progress = new EventEmitter();
  const implementations: Readonly<Record<string, AnyImplementation>> = {
    Unary(request: Message) {
      carriedOut.push(request.text);
      return {};
    },
    async *Serve(request: Message) {
      carriedOut.push(request.text);
      yield {};
    },
    async Collect(requests: AsyncIterable<Message>) {
      for await (const { text } of requests) {
        carriedOut.push(text);
        progress.emit("message");
      }
      return {};
    },
  };
  const spec: ServiceImplSpec = {
    service,
    methods: Object.fromEntries(
      service.methods.map((method) => [
        method.localName,
        createMethodImplSpec(
          method,
          implementations[method.name] as MethodImpl<DescMethod>,
        ),
      ]),
    ),
  };
  const { url } = await startServer({
    services: [spec],
    transcoder: (shared) =>
      createTranscoder({ ...shared, services: [{ spec }] }),
    stopwatch: () => elapsed,
    handlerOptions: {
      requestGate: () => {
        asked += 1;
        progress.emit("gate");
        if (revoked) {
          throw new ConnectError("revoked", Code.Unauthenticated);
        }
      },
    },
  });
  return {
    url,
    carriedOut,
    asked: () => asked,
    gateAsked: async () => {
      if (asked === 0) {
        await once(progress, "gate");
      }
    },
    collected: async (count: number) => {
      while (carriedOut.length < count) {
        await once(progress, "message");
      }
    },
    wait: (ms: number) => {
      elapsed += ms;
    },
    revoke: () => {
      revoked = true;
    },
  };
}

type Served = Awaited<ReturnType<typeof serve>>;

interface Form {
  readonly path: string;
  readonly type: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const json = Buffer.from('{"text":"x"}');
const binary = toBinary(messageType, fromJson(messageType, { text: "x" }));
const framed = Buffer.from(encodeEnvelope(0, binary));

const unaryForms: Readonly<Record<string, Form>> = {
  gRPC: { path: rpc("Unary"), type: "application/grpc", body: framed },
  "gRPC, gzip": {
    path: rpc("Unary"),
    type: "application/grpc",
    header: { "grpc-encoding": "gzip" },
    body: Buffer.from(encodeEnvelope(1, gzipSync(binary))),
  },
  "gRPC-Web": {
    path: rpc("Unary"),
    type: "application/grpc-web",
    body: framed,
  },
  "gRPC-Web text": {
    path: rpc("Unary"),
    type: "application/grpc-web-text",
    header: { accept: "application/grpc-web" },
    body: Buffer.from(framed.toString("base64")),
  },
  "Connect JSON": { path: rpc("Unary"), type: "application/json", body: json },
  "Connect, gzip": {
    path: rpc("Unary"),
    type: "application/proto",
    header: { "content-encoding": "gzip" },
    body: gzipSync(binary),
  },
  REST: { path: "/unary", type: "application/json", body: json },
  "REST, gzip": {
    path: "/unary",
    type: "application/json",
    header: { "content-encoding": "gzip" },
    body: gzipSync(json),
  },
  "gRPC by a template": {
    path: "/unary",
    type: "application/grpc",
    body: framed,
  },
};

const streamForms: Readonly<Record<string, Form>> = Object.fromEntries(
  (["Serve", "Collect"] as const).flatMap((method) => [
    [
      `${method} by gRPC`,
      { path: rpc(method), type: "application/grpc", body: framed },
    ],
    [
      `${method} by gRPC-Web`,
      { path: rpc(method), type: "application/grpc-web", body: framed },
    ],
    [
      `${method} by Connect`,
      {
        path: rpc(method),
        type: "application/connect+proto",
        body: framed,
      },
    ],
    [
      `${method} by REST`,
      {
        path: `/${method.toLowerCase()}`,
        type: "application/json",
        body: Buffer.concat([json, Buffer.from("\n")]),
      },
    ],
  ]),
);

/** Sends a header, and the body once the gate has consented to the call and `meanwhile` has happened; returns the whole response. */
async function callLate(
  { url, gateAsked }: Served,
  { path, type, header, body }: Form,
  meanwhile: () => void,
): Promise<string> {
  const session = http2.connect(url);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": type,
      ...header,
    });
    let response = "";
    stream.on("response", (fields) => {
      response += JSON.stringify(fields);
    });
    stream.on("trailers", (fields) => {
      response += JSON.stringify(fields);
    });
    stream.on("data", (chunk: Buffer) => {
      response += chunk.toString("latin1");
    });
    const half = Math.floor(body.byteLength / 2);
    stream.write(body.subarray(0, half));
    await gateAsked();
    meanwhile();
    stream.end(body.subarray(half));
    await once(stream, "close");
    return response;
  } finally {
    session.close();
  }
}

describe("a message that is complete more than a second after the gate consented", () => {
  for (const [name, form] of Object.entries({
    ...unaryForms,
    ...streamForms,
  })) {
    test(`is refused where the gate would refuse now: ${name}`, async () => {
      const served = await serve();
      const response = await callLate(served, form, () => {
        served.wait(1001);
        served.revoke();
      });
      expect(response).toContain("revoked");
      expect(served.carriedOut).toEqual([]);
    });

    test(`is carried out where the gate consents again: ${name}`, async () => {
      const served = await serve();
      await callLate(served, form, () => {
        served.wait(1001);
      });
      expect(served.carriedOut).toEqual(["x"]);
      expect(served.asked()).toBe(2);
    });

    test(`is not asked about again within the second: ${name}`, async () => {
      const served = await serve();
      await callLate(served, form, () => {
        served.wait(1000);
      });
      expect(served.carriedOut).toEqual(["x"]);
      expect(served.asked()).toBe(1);
    });
  }
});

test("each message of a client's stream that comes late needs the gate's consent", async () => {
  const served = await serve();
  const session = http2.connect(served.url);
  const stream = session.request({
    ":method": "POST",
    ":path": rpc("Collect"),
    "content-type": "application/grpc",
  });
  stream.write(framed);
  await served.collected(1);
  served.wait(1001);
  stream.write(framed);
  await served.collected(2);
  served.revoke();
  served.wait(1000);
  stream.write(framed);
  await served.collected(3);
  served.wait(1);
  stream.end(framed);
  stream.resume();
  const [trailer] = (await once(stream, "trailers")) as [
    http2.IncomingHttpHeaders,
  ];
  expect(trailer["grpc-status"]).toBe(String(Code.Unauthenticated));
  expect(served.carriedOut).toEqual(["x", "x", "x"]);
  session.close();
});
