import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createServiceImplSpec } from "@connectrpc/connect";
import type { ServiceImpl } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import {
  AdminService,
  UpdateLockoutPolicyRequestSchema,
} from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { decodeBase64 } from "../../src/http/request/grpc-web-text.ts";
import type { HttpServerOptions } from "../../src/http/http-server.ts";
import { createTranscoder } from "../../src/transcoding/index.ts";
import { callHttp2 } from "./http2-call.ts";
import { rawExchange, startServer, stopServers } from "./support.ts";

afterEach(stopServers);

const admin: Partial<ServiceImpl<typeof AdminService>> = {
  healthz: () => ({}),
  updateLockoutPolicy: ({ maxPasswordAttempts }) => {
    if (maxPasswordAttempts === 13) {
      throw new ConnectError("unlucky", Code.FailedPrecondition);
    }
    return { details: { sequence: BigInt(maxPasswordAttempts) } };
  },
};
const management: Partial<ServiceImpl<typeof ManagementService>> = {
  resetLockoutPolicyToDefault: () => ({ details: { sequence: 7n } }),
  getLockoutPolicy: () => ({ isDefault: true }),
};

function serve(options: HttpServerOptions = {}) {
  const specs = {
    "/admin/v1": createServiceImplSpec<typeof AdminService>(
      AdminService,
      admin,
    ),
    "/management/v1": createServiceImplSpec<typeof ManagementService>(
      ManagementService,
      management,
    ),
  };
  return startServer({
    services: Object.values(specs),
    transcoder: (shared) =>
      createTranscoder({
        ...shared,
        services: Object.entries(specs).map(([prefix, spec]) => ({
          prefix,
          spec,
        })),
      }),
    ...options,
  });
}

const rpcPath = "/zitadel.admin.v1.AdminService/UpdateLockoutPolicy";
const restPath = "/admin/v1/policies/password/lockout";
const resetPath = "/management/v1/policies/lockout";

function message(maxPasswordAttempts: number): Uint8Array {
  const request = create(UpdateLockoutPolicyRequestSchema, {
    maxPasswordAttempts,
  });
  return encodeEnvelope(0, toBinary(UpdateLockoutPolicyRequestSchema, request));
}

/** details { sequence: n }, as a frame. */
function answer(sequence: number): Buffer {
  return Buffer.from([0, 0, 0, 0, 4, 0x0a, 2, 0x08, sequence]);
}

const okTrailer = Buffer.from("grpc-status: 0\r\n");

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Decodes texts that were padded one by one. */
function fromBase64(text: string): Buffer {
  return Buffer.concat(
    (text.match(/[^=]+=*/g) ?? []).map((part) => Buffer.from(part, "base64")),
  );
}

describe("JSON by a template weighs Accept-Encoding", () => {
  for (const [accepted, compressMinBytes, coding] of [
    ["gzip;q=0.1, br", 1, "br"],
    ["br;q=0.1, gzip;q=0.2", 1, "gzip"],
    ["*", 1, "gzip"],
    ["gzip;q=0, br;q=0", 1, null],
    ["gzip", 1000, null],
    ["gzip, identity;q=0", 1000, "gzip"],
    ["br, *;q=0", 1000, "br"],
    ["*;q=0", 1, null],
  ] as const) {
    test(`${accepted}, from ${compressMinBytes} bytes on`, async () => {
      const { url } = await serve({ handlerOptions: { compressMinBytes } });
      const response = await fetch(url + resetPath, {
        method: "DELETE",
        headers: { "accept-encoding": accepted },
      });
      expect(await response.json()).toEqual({ details: { sequence: "7" } });
      expect(response.headers.get("content-encoding")).toBe(coding);
      expect(response.headers.get("vary")).toBe("Accept-Encoding");
    });
  }
});

describe("REST paths speak gRPC and gRPC-Web", () => {
  const json = "application/json";
  for (const [method, path, body, sequence] of [
    ["PUT", restPath, message(5), 5],
    ["DELETE", resetPath, undefined, 7],
    ["DELETE", resetPath, encodeEnvelope(0, new Uint8Array()), 7],
  ] as const) {
    const name = `${method}${body === undefined ? " without a body" : ""}`;

    test(`gRPC over HTTP/2, ${name}`, async () => {
      const { url, ended } = await serve();
      for (const type of ["application/grpc", "application/grpc+proto"]) {
        const headers = {
          ":method": method,
          ":path": path,
          "content-type": type,
        };
        const got = await callHttp2(url, headers, body ?? Buffer.alloc(0));
        expect(got.header).toMatchObject({
          ":status": 200,
          "content-type": "application/grpc+proto",
        });
        expect(got.body).toEqual(answer(sequence));
        expect(got.trailer["grpc-status"]).toBe("0");
      }
      expect(await ended(1)).toMatchObject([
        { method, path, protocol: "grpc", grpcStatus: 0 },
        {},
      ]);
    });

    test(`gRPC-Web, ${name}`, async () => {
      const { url, ended } = await serve();
      const response = await fetch(url + path, {
        method,
        headers: { "content-type": "application/grpc-web+proto" },
        ...(body === undefined ? {} : { body: Buffer.from(body) }),
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(response.headers.get("content-type")).toBe(
        "application/grpc-web+proto",
      );
      expect(bytes.subarray(0, 9)).toEqual(answer(sequence));
      expect(bytes.subarray(14)).toEqual(okTrailer);
      expect(await ended(1)).toMatchObject([
        { protocol: "grpc-web", grpcStatus: 0, status: 200 },
      ]);
    });

    test(`gRPC-Web text, ${name}`, async () => {
      const { url, ended } = await serve();
      const response = await fetch(url + path, {
        method,
        headers: { "content-type": "application/grpc-web-text" },
        ...(body === undefined ? {} : { body: base64(body) }),
      });
      expect(response.headers.get("content-type")).toBe(
        "application/grpc-web-text+proto",
      );
      const bytes = fromBase64(await response.text());
      expect(bytes.subarray(0, 9)).toEqual(answer(sequence));
      expect(bytes.subarray(14)).toEqual(okTrailer);
      expect(await ended(1)).toMatchObject([
        { protocol: "grpc-web", grpcStatus: 0 },
      ]);
    });
  }

  test("without a body, Accept says the protocol where Content-Type does not", async () => {
    const { url } = await serve();
    for (const method of ["DELETE", "GET"]) {
      const call = (accept: string, type?: string) =>
        fetch(url + resetPath, {
          method,
          headers: {
            accept,
            ...(type === undefined ? {} : { "content-type": type }),
          },
        });
      const types = await Promise.all(
        [
          call("application/grpc-web+proto"),
          call("application/grpc-web-text, */*"),
          call("*/*"),
          call(json),
          call("application/json, application/grpc-web+proto"),
          // A given Content-Type has the last word.
          call("application/grpc-web+proto", json),
          // gRPC needs HTTP/2.
          call("application/grpc, */*"),
        ].map(async (response) => (await response).headers.get("content-type")),
      );
      expect(types).toEqual([
        "application/grpc-web+proto",
        "application/grpc-web-text+proto",
        ...Array.from({ length: 5 }, () => json),
      ]);
    }
  });

  test("JSON stays JSON", async () => {
    const { url, ended } = await serve();
    const response = await fetch(url + restPath, {
      method: "PUT",
      headers: { "content-type": json },
      body: '{"maxPasswordAttempts":5}',
    });
    expect(await response.json()).toEqual({ details: { sequence: "5" } });
    expect(await ended(1)).toMatchObject([
      {
        protocol: "rest",
        rpc: "zitadel.admin.v1.AdminService/UpdateLockoutPolicy",
      },
    ]);
  });
});

describe("gRPC-Web text", () => {
  function call(url: string, accept: string, body: string, type: string) {
    return fetch(url + rpcPath, {
      method: "POST",
      headers: { "content-type": type, accept, "x-grpc-web": "1" },
      body,
    });
  }
  const text = "application/grpc-web-text";

  test("Accept decides the form of the answer", async () => {
    const { url } = await serve();
    for (const [accept, type] of [
      [text, `${text}+proto`],
      [`${text}+proto`, `${text}+proto`],
      ["*/*", `${text}+proto`],
      ["application/grpc-web+proto", "application/grpc-web+proto"],
      ["application/grpc-web", "application/grpc-web+proto"],
    ] as const) {
      const response = await call(url, accept, base64(message(5)), text);
      expect(response.headers.get("content-type")).toBe(type);
      const bytes = Buffer.from(await response.arrayBuffer());
      const binary = type.startsWith(text)
        ? fromBase64(bytes.toString())
        : bytes;
      expect(binary.subarray(0, 9)).toEqual(answer(5));
    }
  });

  test("a binary request may ask for text", async () => {
    const { url } = await serve();
    const response = await fetch(url + rpcPath, {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto", accept: text },
      body: Buffer.from(message(5)),
    });
    expect(fromBase64(await response.text()).subarray(0, 9)).toEqual(answer(5));
  });

  test("an error is in the trailers, and in the log", async () => {
    const { url, ended } = await serve();
    const response = await call(url, text, base64(message(13)), text);
    expect(fromBase64(await response.text()).toString()).toContain(
      "grpc-message: unlucky\r\n",
    );
    expect(await ended(1)).toMatchObject([{ status: 200, grpcStatus: 9 }]);
  });

  test("what is no base64 is refused in the caller's protocol", async () => {
    const { url, faults } = await serve();
    for (const body of [
      "AAAA!AAA",
      "AAA",
      "A=AA",
      "=AAA",
      "AA==AA=",
      "AAAAA",
    ]) {
      const response = await call(url, text, body, text);
      expect(response.status).toBe(200);
      expect(fromBase64(await response.text()).toString()).toContain(
        "grpc-status: 3\r\n",
      );
    }
    expect(faults).toEqual([]);
  });

  test("any texts in any pieces are decoded", async () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(bytes, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        async (parts, sizes) => {
          const whole = Buffer.from(parts.map(base64).join(""));
          async function* pieces() {
            let at = 0;
            for (let i = 0; at < whole.length; i++) {
              const size = sizes[i % sizes.length] ?? 1;
              yield whole.subarray(at, at + size);
              at += size;
            }
          }
          const decoded: Uint8Array[] = [];
          for await (const piece of decodeBase64(pieces())) {
            decoded.push(piece);
          }
          expect(Buffer.concat(decoded)).toEqual(Buffer.concat(parts));
        },
      ),
    );
  });
});

describe("paths and methods", () => {
  test("an unknown path is 404 for everybody but callers of an RPC", async () => {
    const { url, ended } = await serve();
    const types = [undefined, "application/json", "text/plain"];
    for (const type of types) {
      const response = await fetch(`${url}/nope.v1.Nope/Nope?token=secret`, {
        method: "POST",
        body: "{}",
        ...(type === undefined ? {} : { headers: { "content-type": type } }),
      });
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ code: 5, message: "Not Found" });
    }
    const records = await ended(types.length);
    expect(JSON.stringify(records)).not.toContain("secret");
    expect(records[0]).toMatchObject({ status: 404, protocol: "http" });
  });

  test("gRPC hears UNIMPLEMENTED in the trailers", async () => {
    const { url, ended } = await serve();
    const { header } = await callHttp2(
      url,
      {
        ":method": "POST",
        ":path": "/nope.v1.Nope/Nope",
        "content-type": "application/grpc+proto",
      },
      message(5),
    );
    expect(header).toMatchObject({
      ":status": 200,
      "content-type": "application/grpc+proto",
      "grpc-status": "12",
      "grpc-message": "unknown method /nope.v1.Nope/Nope",
    });
    expect(await ended(1)).toMatchObject([
      { protocol: "grpc", grpcStatus: 12 },
    ]);
  });

  test("gRPC-Web hears it in its body, Connect in its JSON", async () => {
    const { url } = await serve();
    const call = (type: string, headers = {}) =>
      fetch(`${url}/nope.v1.Nope/Nope`, {
        method: "POST",
        headers: { "content-type": type, ...headers },
        body: "AAAAAAA=",
      });
    const web = await call("application/grpc-web+proto");
    expect(web.status).toBe(200);
    const frame = Buffer.from(await web.arrayBuffer());
    expect(frame[0]).toBe(0x80);
    expect(frame.readUInt32BE(1)).toBe(frame.length - 5);
    expect(frame.toString()).toContain("grpc-status: 12\r\n");
    const text = await call("application/grpc-web-text");
    expect(fromBase64(await text.text())).toEqual(frame);
    for (const connect of [
      await call("application/proto"),
      await call("application/json", { "connect-protocol-version": "1" }),
    ]) {
      expect(connect.status).toBe(404);
      expect(await connect.json()).toMatchObject({ code: "unimplemented" });
    }
  });

  test("a known path and another method is 405 with Allow", async () => {
    const { url } = await serve();
    for (const [method, path, allow] of [
      ["GET", rpcPath, "POST"],
      ["PUT", rpcPath, "POST"],
      ["POST", restPath, "OPTIONS, PUT"],
    ] as const) {
      const response = await fetch(url + path, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe(allow);
      expect(await response.json()).toEqual({
        code: 12,
        message: "Method Not Allowed",
      });
    }
  });

  test("OPTIONS for the server as a whole is answered, over both HTTP versions", async () => {
    const { url, port } = await serve();
    const answer = await rawExchange(
      port,
      "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 204 /);
    const headers = { ":method": "OPTIONS", ":path": "*" };
    const { header } = await callHttp2(url, headers, Buffer.alloc(0));
    expect(header[":status"]).toBe(204);
  });

  const json = Buffer.from('{"details":{"sequence":"5"}}');
  const updated = answer(5);
  describe.each([
    ["application/json", '{"maxPasswordAttempts":5}', json],
    ["application/proto", message(5).subarray(5), updated.subarray(5)],
    ["application/grpc-web", message(5), updated],
    [
      "application/grpc-web-text+proto",
      base64(message(5)),
      Buffer.from(base64(updated)),
    ],
    ["application/grpc", message(5), updated],
    ["application/grpc+proto", message(5), updated],
  ] as const)("the Content-Type %s", (type, body, expected) => {
    const call = async (contentType: string) => {
      const { url } = await serve();
      const response = await fetch(url + rpcPath, {
        method: "POST",
        headers: { "content-type": contentType },
        body: Buffer.from(body),
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      return { status: response.status, bytes };
    };

    test.each([
      'charset="utf-8"',
      "charset=UTF-8",
      "foo=bar",
      'foo="a; b"',
      "v=1; charset=utf-8; q=2",
      "",
    ])("takes the parameters %j", async (parameters) => {
      const { status, bytes } = await call(`${type}; ${parameters}`);
      expect(status).toBe(200);
      expect(bytes.subarray(0, expected.byteLength)).toEqual(expected);
    });

    test("takes no other charset than UTF-8", async () => {
      expect((await call(`${type}; charset=latin1`)).status).toBe(415);
    });
  });

  test.each(["foo=bar", 'foo="a; b"', "v=1; charset=utf-8", ""])(
    "the Content-Type of REST takes the parameters %j",
    async (parameters) => {
      const { url } = await serve();
      const response = await fetch(
        `${url}/admin/v1/policies/password/lockout`,
        {
          method: "PUT",
          headers: { "content-type": `application/json; ${parameters}` },
          body: '{"maxPasswordAttempts":5}',
        },
      );
      expect(await response.json()).toEqual({ details: { sequence: "5" } });
    },
  );

  test("a content type that no protocol knows is 415", async () => {
    const { url } = await serve();
    const response = await fetch(url + rpcPath, {
      method: "POST",
      headers: { "content-type": "application/cbor" },
      body: "x",
    });
    expect(response.status).toBe(415);
  });
});

describe("messages", () => {
  const json = "application/json";
  test("a compression that is not known is UNIMPLEMENTED, with those that are", async () => {
    const { url } = await serve();
    const call = async (type: string, encoding: string) => {
      const response = await fetch(url + rpcPath, {
        method: "POST",
        headers: { "content-type": type, "grpc-encoding": encoding },
        body: message(5),
      });
      const text = await response.text();
      return [
        /grpc-status: (\d+)/.exec(text)?.[1],
        response.headers.get("grpc-accept-encoding"),
      ];
    };
    const web = "application/grpc-web";
    expect(await call(web, "snappy")).toEqual(["12", "gzip,br"]);
    expect(await call(`${web}+proto`, "identity")).toEqual(["0", null]);
    expect(await call(`${web}+proto`, "gzip")).toEqual(["0", null]);
    const { header } = await callHttp2(
      url,
      {
        ":method": "POST",
        ":path": rpcPath,
        "content-type": "application/grpc",
        "grpc-encoding": "snappy",
      },
      message(5),
    );
    expect(header).toMatchObject({
      "grpc-status": "12",
      "grpc-accept-encoding": "gzip,br",
    });
  });

  const grpc = {
    ":method": "POST",
    ":path": rpcPath,
    "content-type": "application/grpc",
  };
  const cases: Record<string, [body: Uint8Array, status: Code]> = {
    "nothing at all": [Buffer.alloc(0), Code.Unimplemented],
    "half a frame": [message(5).subarray(0, 6), Code.InvalidArgument],
    "half a length": [Buffer.from([0, 0]), Code.InvalidArgument],
    "two messages": [
      Buffer.concat([message(5), message(5)]),
      Code.Unimplemented,
    ],
    "a compressed one that is not announced": [
      Buffer.from([1, 0, 0, 0, 0]),
      Code.Internal,
    ],
    "no protobuf": [Buffer.from([0, 0, 0, 0, 1, 0xff]), Code.Internal],
    "more than the limit by its length": [
      Buffer.from([0, 0x7f, 0, 0, 0]),
      Code.ResourceExhausted,
    ],
  };
  for (const [name, [body, status]] of Object.entries(cases)) {
    test(`gRPC with ${name}`, async () => {
      const { url, faults } = await serve();
      const { trailer } = await callHttp2(url, grpc, body);
      expect(trailer["grpc-status"]).toBe(String(status));
      expect(faults).toEqual([]);
    });
  }

  test("a message that would repeat what was sent is cut, and arrives", async () => {
    const { url } = await serve();
    const json = Buffer.from(JSON.stringify({ ["漢".repeat(80_000)]: 1 }));
    const { trailer } = await callHttp2(
      url,
      { ...grpc, "content-type": "application/grpc+json" },
      encodeEnvelope(0, json),
    );
    expect(trailer["grpc-status"]).toBe(String(Code.InvalidArgument));
    // What clients take, as a rule.
    expect(JSON.stringify(trailer).length).toBeLessThan(8192);
    const response = await fetch(url + rpcPath, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: json,
    });
    expect(response.status).toBe(400);
    expect((await response.text()).length).toBeLessThan(8192);
  });

  test("Connect with bytes that are no protobuf is the caller's fault", async () => {
    const { url, faults } = await serve();
    const response = await fetch(url + rpcPath, {
      method: "POST",
      headers: { "content-type": "application/proto" },
      body: Buffer.of(0xff),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_argument" });
    expect(faults).toEqual([]);
  });

  test("Connect by GET with a query that holds no message is the caller's fault", async () => {
    const { url, faults } = await serve();
    const path = "/zitadel.management.v1.ManagementService/GetLockoutPolicy";
    const call = (query: string) => fetch(`${url}${path}?${query}`);
    for (const query of [
      "encoding=proto&base64=1&message=***",
      "encoding=proto&base64=1&message=_w",
      "encoding=proto&message=%C3%BF",
      "encoding=json&message=%7B",
      "encoding=json&message={}{}",
      "encoding=json",
    ]) {
      const response = await call(query);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: "invalid_argument" });
    }
    for (const query of [
      "encoding=proto&base64=1&message=",
      "encoding=json&message={}",
    ]) {
      expect((await call(query)).status).toBe(200);
    }
    expect(faults).toEqual([]);
  });

  test("Connect with a compressed body that is cut off is the caller's fault", async () => {
    const { url, faults } = await serve();
    const whole = await compressionGzip.compress(Buffer.from("{}"));
    for (const end of [1, 12, whole.length - 1]) {
      const response = await fetch(url + rpcPath, {
        method: "POST",
        headers: { "content-type": json, "content-encoding": "gzip" },
        body: Buffer.from(whole.subarray(0, end)),
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: "invalid_argument" });
    }
    expect(faults).toEqual([]);
  });

  test("gzip is read, and a bomb is not", async () => {
    const { url } = await serve();
    const call = async (bytes: Uint8Array) => {
      const packed = await compressionGzip.compress(bytes);
      const headers = { ...grpc, "grpc-encoding": "gzip" };
      return callHttp2(url, headers, encodeEnvelope(1, packed));
    };
    const { body } = await call(message(5).subarray(5));
    expect(body).toEqual(answer(5));
    const { trailer } = await call(new Uint8Array(64 * 1024 * 1024));
    expect(trailer["grpc-status"]).toBe(String(Code.ResourceExhausted));
  });

  test("JSON: an unknown field, a wrong type and broken text are refused", async () => {
    const { url } = await serve();
    for (const body of [
      '{"maxPasswordAttemps":5}',
      '{"maxPasswordAttempts":-1}',
      '{"maxPasswordAttempts":4294967296}',
      '{"maxPasswordAttempts":{}}',
      '{"maxPasswordAttempts":"0x5"}',
      '{"maxPasswordAttempts":"+5"}',
      '{"maxPasswordAttempts":"05"}',
      "{",
      "[]",
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    ]) {
      for (const type of [json, `${json}; charset=utf-8`]) {
        const response = await fetch(url + rpcPath, {
          method: "POST",
          headers: { "content-type": type },
          body,
        });
        expect(response.status).toBe(400);
        const error = await response.json();
        expect(error).toMatchObject({ code: "invalid_argument" });
      }
    }
  });

  test("JSON: whole numbers are read in every form that ProtoJSON has", async () => {
    const { url } = await serve();
    for (const number of ["5", '"5"', "5.0", "5e0", '"0.5e1"', "50e-1"]) {
      const response = await fetch(url + rpcPath, {
        method: "POST",
        headers: { "content-type": json },
        body: `{"maxPasswordAttempts":${number}}`,
      });
      expect(await response.json()).toEqual({ details: { sequence: "5" } });
    }
  });

  test("JSON: bytes that are not UTF-8 do not become another text", async () => {
    const { url } = await serve({
      handlerOptions: { jsonOptions: { ignoreUnknownFields: true } },
    });
    const response = await fetch(url + rpcPath, {
      method: "POST",
      headers: { "content-type": json },
      body: Buffer.from('{"x":"\xff"}', "latin1"),
    });
    expect(response.status).toBe(400);
  });

  test("unknown JSON fields are taken where the option says so", async () => {
    const { url } = await serve({
      handlerOptions: { jsonOptions: { ignoreUnknownFields: true } },
    });
    const response = await fetch(url + rpcPath, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"maxPasswordAttempts":5,"x":1}',
    });
    expect(response.status).toBe(200);
  });
});
