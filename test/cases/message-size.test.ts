import { brotliCompressSync, gzipSync } from "node:zlib";
import http2 from "node:http2";
import { once } from "node:events";
import { Code } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callHttp2 } from "../http/http2-call.ts";
import type { Http2Answer } from "../http/http2-call.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const codes: Readonly<Record<string, Code>> = {
  invalid_argument: Code.InvalidArgument,
  resource_exhausted: Code.ResourceExhausted,
  not_found: Code.NotFound,
  unimplemented: Code.Unimplemented,
};

/** The code of a response of any protocol; 0 for success. */
function codeOf({ header, trailer, body }: Http2Answer): number {
  const status = trailer["grpc-status"] ?? header["grpc-status"];
  if (status !== undefined) {
    return Number(status);
  }
  const text = header["content-type"]?.startsWith("application/grpc-web-text")
    ? Buffer.from(body.toString(), "base64").toString("latin1")
    : body.toString("latin1");
  const [, web] = /grpc-status: (\d+)/.exec(text) ?? [];
  if (web !== undefined) {
    return Number(web);
  }
  const [, name] = /"code":"(\w+)"/.exec(text) ?? [];
  if (name !== undefined) {
    return codes[name] ?? -1;
  }
  const [, rest] = /"code":(\d+)/.exec(text) ?? [];
  return Number(rest ?? 0);
}

interface Form {
  readonly header: Readonly<Record<string, string>>;
  /** The request of a unary method. */
  readonly body: (message: Buffer) => Buffer;
  /** Unary calls of Connect are not framed. */
  readonly streams?: boolean;
}

const frame = (flags: number, message: Buffer) =>
  Buffer.from(encodeEnvelope(flags, message));

/** Every way in which a message of protobuf is sent by POST. */
const forms: Readonly<Record<string, Form>> = {
  gRPC: {
    header: { "content-type": "application/grpc" },
    body: (message) => frame(0, message),
    streams: true,
  },
  "gRPC, gzip": {
    header: { "content-type": "application/grpc", "grpc-encoding": "gzip" },
    body: (message) => frame(1, gzipSync(message)),
    streams: true,
  },
  "gRPC, br": {
    header: { "content-type": "application/grpc", "grpc-encoding": "br" },
    body: (message) => frame(1, brotliCompressSync(message)),
    streams: true,
  },
  "gRPC-Web": {
    header: { "content-type": "application/grpc-web" },
    body: (message) => frame(0, message),
    streams: true,
  },
  "gRPC-Web, gzip": {
    header: {
      "content-type": "application/grpc-web+proto",
      "grpc-encoding": "gzip",
    },
    body: (message) => frame(1, gzipSync(message)),
    streams: true,
  },
  "gRPC-Web text": {
    header: { "content-type": "application/grpc-web-text" },
    body: (message) => Buffer.from(frame(0, message).toString("base64")),
    streams: true,
  },
  Connect: {
    header: { "content-type": "application/proto" },
    body: (message) => message,
  },
  "Connect, gzip": {
    header: { "content-type": "application/proto", "content-encoding": "gzip" },
    body: (message) => gzipSync(message),
  },
  "Connect, br": {
    header: { "content-type": "application/proto", "content-encoding": "br" },
    body: (message) => brotliCompressSync(message),
  },
  "a stream of Connect": {
    header: { "content-type": "application/connect+proto" },
    body: (message) => frame(0, message),
    streams: true,
  },
  "a stream of Connect, gzip": {
    header: {
      "content-type": "application/connect+proto",
      "connect-content-encoding": "gzip",
    },
    body: (message) => frame(1, gzipSync(message)),
    streams: true,
  },
};

const isStream = (name: string) => name.startsWith("a stream");
const unaryForms = Object.entries(forms).filter(([name]) => !isStream(name));
const streamForms = Object.entries(forms).filter(
  ([name, form]) => form.streams === true && !name.endsWith("br"),
);

/** A message of so many bytes, of which a method sees nothing: field 1000 is none of any request. */
function unknownField(bytes: number): Buffer {
  // Tag and length of two bytes each.
  const length = bytes - 4;
  return Buffer.concat([
    Buffer.from([0xc2, 0x3e, (length & 0x7f) | 0x80, length >> 7]),
    Buffer.alloc(length),
  ]);
}

function post(
  path: string,
  { header, body }: Form,
  message: Buffer,
  more: Readonly<Record<string, string>> = {},
): Promise<Http2Answer> {
  return callHttp2(
    server.url,
    { ":method": "POST", ":path": path, ...header, ...more },
    body(message),
  );
}

const isBrotli = (name: string) => name.endsWith("br");

describe.each([
  "/grpc.health.v1.Health/Check",
  "/grpc.health.v1.Health/List",
  "/zitadel.admin.v1.AdminService/Healthz",
  "/zitadel.management.v1.ManagementService/Healthz",
])("%s needs no token, and reads at most 4 KiB", (path) => {
  const [brotli, taken] = [true, false].map((wanted) =>
    unaryForms.filter(([name]) => isBrotli(name) === wanted),
  ) as [typeof unaryForms, typeof unaryForms];
  it.each(brotli)(
    "does not unpack what is little packed and much unpacked: %s",
    async (_name, form) => {
      const response = await post(path, form, Buffer.alloc(1));
      expect(codeOf(response)).toBe(Code.Unimplemented);
    },
  );
  it.each(taken)("by %s", async (_name, form) => {
    expect(codeOf(await post(path, form, unknownField(4096)))).toBe(0);
    expect(codeOf(await post(path, form, unknownField(4097)))).toBe(
      Code.ResourceExhausted,
    );
  });
});

describe.each([
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
])("each message of %s has at most 4 KiB", (path) => {
  it.each(streamForms)("by %s", async (_name, form) => {
    const few = Buffer.concat([
      form.body(unknownField(4095)),
      form.body(unknownField(4095)),
    ]);
    const send = (body: Buffer) =>
      post(path, { ...form, body: () => body }, body);
    expect(codeOf(await send(few))).toBe(0);
    expect(
      codeOf(await send(Buffer.concat([few, form.body(unknownField(4098))]))),
    ).toBe(Code.ResourceExhausted);
  });
});

it.each(streamForms)("a watch of health by %s: 4 KiB", async (_name, form) => {
  const path = "/grpc.health.v1.Health/Watch";
  expect(codeOf(await post(path, form, unknownField(4097)))).toBe(
    Code.ResourceExhausted,
  );
});

it.each([
  ["uncompressed", "", (message: Buffer) => message],
  ["gzip", "&compression=gzip", gzipSync],
] as const)("Connect's GET, %s: 4 KiB", async (_name, query, pack) => {
  const get = (message: Buffer) => {
    const packed = pack(message).toString("base64url");
    return callHttp2(
      server.url,
      {
        ":method": "GET",
        ":path": `/zitadel.admin.v1.AdminService/Healthz?connect=v1&encoding=proto&base64=1${query}&message=${packed}`,
      },
      Buffer.alloc(0),
    );
  };
  expect(codeOf(await get(unknownField(4096)))).toBe(0);
  expect(codeOf(await get(unknownField(4097)))).toBe(Code.ResourceExhausted);
});

describe("with a token 256 KiB are read", () => {
  const limit = 256 * 1024;
  const path = "/zitadel.admin.v1.AdminService/GetLockoutPolicy";
  const authorization = () => ({
    authorization: `Bearer ${server.adminToken}`,
  });
  /** Like {@link unknownField}, with a length of three bytes. */
  const large = (bytes: number) => {
    const length = bytes - 5;
    return Buffer.concat([
      Buffer.from([
        ...[0xc2, 0x3e, (length & 0x7f) | 0x80],
        ...[((length >> 7) & 0x7f) | 0x80, length >> 14],
      ]),
      Buffer.alloc(length),
    ]);
  };

  it.each(unaryForms)("by %s", async (_name, form) => {
    const send = (bytes: number) =>
      post(path, form, large(bytes), authorization());
    expect(codeOf(await send(limit))).toBe(0);
    expect(codeOf(await send(limit + 1))).toBe(Code.ResourceExhausted);
  });

  it.each([
    ["plain", {}, (body: Buffer) => body],
    ["gzip", { "content-encoding": "gzip" }, gzipSync],
    ["br", { "content-encoding": "br" }, brotliCompressSync],
  ] as const)("by REST, %s", async (_name, header, pack) => {
    const send = async (bytes: number) => {
      const text = '{"maxPasswordAttempts":5}';
      const body = pack(Buffer.from(text.padEnd(bytes)));
      const { header: received } = await callHttp2(
        server.url,
        {
          ":method": "PUT",
          ":path": "/admin/v1/policies/password/lockout",
          "content-type": "application/json",
          ...header,
          ...authorization(),
        },
        body,
      );
      return received[":status"];
    };
    // The second of the same is a refusal of the method: what counts is that it was read.
    expect(await send(limit)).not.toBe(413);
    expect(await send(limit + 1)).toBe(413);
  });

  it.each([
    ["gRPC", "application/grpc", 0xffff_ffff],
    ["gRPC", "application/grpc", limit + 1],
    ["gRPC-Web", "application/grpc-web", 0xffff_ffff],
    ["gRPC-Web", "application/grpc-web", limit + 1],
  ])(
    "a message of %s that announces more is refused at once: %s, %i",
    async (_name, type, announced) => {
      const session = http2.connect(server.url);
      const stream = session.request({
        ":method": "POST",
        ":path": path,
        "content-type": type,
        ...authorization(),
      });
      const head = Buffer.alloc(5);
      head.writeUInt32BE(announced, 1);
      // In two pieces, and then nothing: the stream stays open.
      stream.write(head.subarray(0, 3));
      stream.write(head.subarray(3));
      let text = "";
      stream.on("data", (chunk: Buffer) => {
        text += chunk.toString("latin1");
      });
      stream.on("trailers", (trailer: http2.IncomingHttpHeaders) => {
        text += `grpc-status: ${String(trailer["grpc-status"])}`;
      });
      stream.on("response", (header) => {
        text += `grpc-status: ${String(header["grpc-status"])}`;
      });
      await once(stream, "end");
      expect(text).toContain("grpc-status: 8");
      session.destroy();
    },
  );

  it.each([
    ["REST", "PUT", "/admin/v1/policies/password/lockout", 413],
    ["Connect", "POST", path, 429],
  ])(
    "a length that is declared over it is refused before the body is sent: %s",
    async (_name, method, to, status) => {
      const session = http2.connect(server.url);
      const stream = session.request({
        ":method": method,
        ":path": to,
        "content-type": "application/json",
        "content-length": String(limit + 1),
        ...authorization(),
      });
      const [header] = (await once(stream, "response")) as [
        http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader,
      ];
      expect(header[":status"]).toBe(status);
      session.destroy();
    },
  );
});

it("the largest user that there may be has room in a request, all its characters escaped", async () => {
  // 200 characters beyond the first plane, the first of them its number.
  const aliases = Array.from({ length: 100 }, (_value, number) =>
    `\\ud840\\udc${(0x10 + number).toString(16)}`.padEnd(
      200 * 12,
      "\\ud841\\udc00",
    ),
  );
  const response = await fetch(`${server.url}/lockout/v1/users/largest`, {
    method: "PUT",
    headers: { authorization: `Bearer ${server.adminToken}` },
    body: `{"aliases":["${aliases.join('","')}"]}`,
  });
  expect(response.status).toBe(200);
});
