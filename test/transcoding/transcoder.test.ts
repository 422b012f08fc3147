import { setTimeout as delay } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import type { Message } from "@bufbuild/protobuf";
import { AnySchema, DurationSchema } from "@bufbuild/protobuf/wkt";
import {
  Code,
  ConnectError,
  createContextKey,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import { describe, expect, it, vi } from "vitest";
import {
  DebugInfoSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { call, transcoderOf } from "./in-memory.ts";

const unary = {
  Get: { input: "Message", get: "/m/{message_id}" },
  Post: { input: "Message", post: "/m", body: "*" },
} as const;

describe("the order of a call", () => {
  const denied = () => {
    throw new ConnectError("who are you", Code.Unauthenticated);
  };

  it("asks the gate before anything that the request holds is looked at", async () => {
    const transcoder = transcoderOf(unary, {}, { requestGate: denied });
    const unread = vi.fn();
    const body = (async function* () {
      unread();
      yield Buffer.from("{");
    })();
    for (const [send, request] of [
      ["POST /m", { body }],
      ["POST /m", { header: { "content-type": "text/plain" } }],
      ["POST /m", { header: { "content-encoding": "zstd" } }],
      ["POST /m", { header: { "content-length": "99999999999" } }],
      ["POST /m?nothing=1", {}],
      ["GET /m/1?revision=x", { header: { accept: "text/html" } }],
      ["GET /m/1", { header: { "grpc-timeout": "soon" } }],
    ] as const) {
      const answer = await call(transcoder, send, request);
      expect({ send, status: answer.status }).toEqual({ send, status: 401 });
      expect(answer.header.get("www-authenticate")).toBe("Bearer");
    }
    expect(unread).not.toHaveBeenCalled();
  });

  it("does not ask the gate about paths that lead to no method", async () => {
    const transcoder = transcoderOf(unary, {}, { requestGate: denied });
    expect((await call(transcoder, "GET /nowhere")).status).toBe(404);
    expect((await call(transcoder, "PUT /m")).status).toBe(405);
    expect((await call(transcoder, "OPTIONS /m")).status).toBe(204);
    expect((await call(transcoder, "GET /m/%")).status).toBe(400);
  });

  it("hands values and headers from the gate to interceptors and the method", async () => {
    const user = createContextKey("nobody");
    const seen: string[] = [];
    const interceptor: Interceptor = (next) => async (request) => {
      seen.push(`${request.contextValues.get(user)} ${request.requestMethod}`);
      const response = await next(request);
      response.header.set("x-interceptor", "yes");
      response.trailer.set("x-trailer", "yes");
      return response;
    };
    const transcoder = transcoderOf(
      unary,
      {
        Get(_request, context) {
          seen.push(`${context.protocolName} ${context.values.get(user)}`);
          return {};
        },
      },
      {
        interceptors: [interceptor],
        async requestGate(context) {
          await delay(0);
          context.values.set(user, "ann");
          context.responseHeader.set("x-gate", "yes");
        },
      },
    );
    const answer = await call(transcoder, "GET /m/1");
    expect(seen).toEqual(["ann GET", "rest ann"]);
    expect(Object.fromEntries(answer.header)).toMatchObject({
      "x-gate": "yes",
      "x-interceptor": "yes",
      "trailer-x-trailer": "yes",
    });
  });

  it("ends the signal of every call", async () => {
    const contexts: HandlerContext[] = [];
    const transcoder = transcoderOf(
      unary,
      {
        Get: () => ({}),
        Post() {
          throw new Error("broken");
        },
      },
      { requestGate: (context) => void contexts.push(context) },
    );
    await call(transcoder, "GET /m/1");
    await call(transcoder, "POST /m", { body: "{}" });
    await call(transcoder, "GET /m/1?x=1");
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([
      true,
      true,
      true,
    ]);
  });
});

describe("refusals of a field", () => {
  it.each([
    [
      "GET /k?choiceString=a&choiceInt32=1",
      undefined,
      "the field choiceInt32 excludes choiceString: only one of the oneof choice may be set",
    ],
    [
      "POST /k/5",
      { choiceString: "x" },
      "the field choice_int32 excludes choice_string: only one of the oneof choice may be set",
    ],
    [
      "POST /k",
      { choiceString: "x", choiceInt32: 1 },
      "the field choiceInt32 excludes choiceString: only one of the oneof choice may be set",
    ],
    [
      "POST /k",
      { color: "MAUVE" },
      'the field color has "MAUVE", which is not a value of transcoding.test.v1.Color',
    ],
  ])("%s %j", async (send, body, message) => {
    const transcoder = transcoderOf({
      Get: { input: "Kinds", get: "/k" },
      Post: { input: "Kinds", post: "/k", body: "*" },
      PathBody: { input: "Kinds", post: "/k/{choice_int32}", body: "*" },
    });
    const request = body === undefined ? {} : { body: JSON.stringify(body) };
    const { text } = await call(transcoder, send, request);
    expect(JSON.parse(text)).toMatchObject({ code: 3, message });
  });
});

describe("fields whose names are each other's JSON names", () => {
  const transcoder = transcoderOf({
    Get: { input: "Crossed", get: "/c" },
    Post: { input: "Crossed", post: "/c", body: "*" },
    Child: { input: "Crossed", post: "/child", body: "child" },
    Path: { input: "Crossed", get: "/c/{a_b}" },
  });

  it.each([
    ["POST /c", { c_d: "1" }, { c_d: "1" }],
    ["POST /c", { a_b: "2" }, { a_b: "2" }],
    ["POST /c", { c_d: "1", a_b: "2" }, { c_d: "1", a_b: "2" }],
    ["POST /c", { child: { c_d: "1" } }, { child: { c_d: "1" } }],
    ["POST /c", { plain_name: "3" }, { plainName: "3" }],
    ["POST /child", { c_d: "1" }, { child: { c_d: "1" } }],
    ["GET /c?c_d=1&a_b=2", undefined, { c_d: "1", a_b: "2" }],
    ["GET /c?child.c_d=1", undefined, { child: { c_d: "1" } }],
    // Templates have proto names.
    ["GET /c/1", undefined, { c_d: "1" }],
  ])("%s %j: the JSON name wins", async (send, body, bound) => {
    const request = body === undefined ? {} : { body: JSON.stringify(body) };
    const { text } = await call(transcoder, send, request);
    expect(JSON.parse(text)).toEqual(bound);
  });
});

describe("lists of messages that are text", () => {
  const transcoder = transcoderOf({
    Get: { input: "Repeated", get: "/r" },
    Post: { input: "Repeated", post: "/r", body: "children" },
  });

  it.each([
    ["GET /r?strings=a&strings=&strings=b", { strings: ["a", "", "b"] }],
    ["GET /r?numbers=9007199254740993", { numbers: ["9007199254740993"] }],
    [
      "GET /r?times=2024-02-29T00:00:00Z&times=1970-01-01T00:00:00.5Z",
      { times: ["2024-02-29T00:00:00Z", "1970-01-01T00:00:00.500Z"] },
    ],
    ["GET /r?durations=1.5s&durations=2s", { durations: ["1.500s", "2s"] }],
    ["POST /r?strings=a&strings=b", { strings: ["a", "b"] }],
  ])("%s binds them from repeated keys", async (send, bound) => {
    const { text } = await call(transcoder, send);
    expect(JSON.parse(text)).toEqual(bound);
  });

  it.each([
    ["GET /r?times=2023-02-29T00:00:00Z", "times"],
    ["GET /r?numbers=x", "numbers"],
    ["GET /r?times.seconds=1", "times.seconds"],
    ["GET /r?strings.value=a", "strings.value"],
    ["GET /r?masks=a", "masks"],
    ["GET /r?children=a", "children"],
  ])("%s is refused", async (send, field) => {
    const { status, text } = await call(transcoder, send);
    expect(status).toBe(400);
    expect(text).toContain(`the field ${field} `);
  });
});

describe("errors of methods", () => {
  function failing(error: unknown, options = {}) {
    return transcoderOf(
      unary,
      {
        Get() {
          throw error;
        },
      },
      options,
    );
  }

  it("map each code to its HTTP status", async () => {
    const statuses: Record<number, number> = {};
    const codes = Object.values(Code).filter(
      (code) => typeof code === "number",
    );
    expect(codes).toHaveLength(16);
    for (const code of codes) {
      const answer = await call(
        failing(new ConnectError("x", code)),
        "GET /m/1",
      );
      statuses[code] = answer.status;
      expect(JSON.parse(answer.text)).toEqual({ code, message: "x" });
    }
    expect(statuses).toEqual({
      1: 499,
      2: 500,
      3: 400,
      4: 504,
      5: 404,
      6: 409,
      7: 403,
      8: 429,
      9: 400,
      10: 409,
      11: 400,
      12: 501,
      13: 500,
      14: 503,
      15: 500,
      16: 401,
    });
  });

  it("keep their cause to themselves unless they are ConnectErrors", async () => {
    const onFault = vi.fn();
    const secret = new Error("secret");
    const answer = await call(failing(secret, { onFault }), "GET /m/1");
    expect(answer.status).toBe(500);
    expect(answer.text).toBe('{"code":13,"message":"internal error"}');
    expect(onFault.mock.calls).toEqual([[secret]]);
    const known = new ConnectError("known", Code.Internal);
    await call(failing(known, { onFault }), "GET /m/1");
    await call(failing(known, { onFault }), "GET /m/%");
    expect(onFault).toHaveBeenCalledTimes(1);
  });

  it("carry details of any type", async () => {
    const error = new ConnectError("x", Code.Internal, { "x-meta": "yes" }, [
      { desc: ErrorInfoSchema, value: { reason: "R", domain: "d" } },
      { desc: DurationSchema, value: { seconds: 5n } },
    ]);
    error.details.push({ type: "no.Such", value: Uint8Array.of(1, 2) });
    error.details.push({
      type: "transcoding.test.v1.Message",
      value: Uint8Array.of(0x2a, 1, 0x78),
    });
    error.details.push({
      type: "transcoding.test.v1.Message",
      value: Uint8Array.of(0xff),
    });
    const answer = await call(failing(error), "GET /m/1");
    expect(answer.header.get("x-meta")).toBe("yes");
    expect(JSON.parse(answer.text)).toEqual({
      code: 13,
      message: "x",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "R",
          domain: "d",
        },
        {
          "@type": "type.googleapis.com/google.protobuf.Duration",
          value: "5s",
        },
        { "@type": "type.googleapis.com/no.Such", value: "AQI=" },
        {
          "@type": "type.googleapis.com/transcoding.test.v1.Message",
          text: "x",
        },
        {
          "@type": "type.googleapis.com/transcoding.test.v1.Message",
          value: "/w==",
        },
      ],
    });
  });

  it("are not broken by a detail that holds an unknown Any", async () => {
    const value = {
      code: 5,
      details: [
        create(AnySchema, { typeUrl: "x/no.Such", value: Uint8Array.of(1) }),
      ],
    };
    const answer = await call(
      failing(
        new ConnectError("x", Code.NotFound, undefined, [
          { desc: StatusSchema, value },
        ]),
      ),
      "GET /m/1",
    );
    const bytes = toBinary(StatusSchema, create(StatusSchema, value));
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toMatchObject({
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.Status",
          value: Buffer.from(bytes).toString("base64"),
        },
      ],
    });
  });

  it("tell when to come again, rounded up", async () => {
    const retry = {
      desc: RetryInfoSchema,
      value: { retryDelay: { seconds: 2n, nanos: 1 } },
    };
    for (const [code, after] of [
      [Code.Unavailable, "3"],
      [Code.ResourceExhausted, "3"],
      [Code.NotFound, null],
    ] as const) {
      const error = new ConnectError("x", code, undefined, [retry]);
      const answer = await call(failing(error), "GET /m/1");
      expect(answer.header.get("retry-after")).toBe(after);
    }
  });

  it("keep a challenge of their own", async () => {
    const error = new ConnectError("x", Code.Unauthenticated, {
      "www-authenticate": 'Basic realm="x"',
    });
    const answer = await call(failing(error), "GET /m/1");
    expect(answer.header.get("www-authenticate")).toBe('Basic realm="x"');
  });

  it("have the shape of AIP-193 where that is asked for", async () => {
    const error = new ConnectError("x", Code.Canceled, undefined, [
      { desc: DebugInfoSchema, value: { detail: "d" } },
    ]);
    const answer = await call(
      failing(error, { errorShape: "aip-193" }),
      "GET /m/1",
    );
    expect(JSON.parse(answer.text)).toEqual({
      error: {
        code: 499,
        message: "x",
        status: "CANCELLED",
        details: [
          { "@type": "type.googleapis.com/google.rpc.DebugInfo", detail: "d" },
        ],
      },
    });
  });
});

describe("deadlines of streams", () => {
  const collect = {
    Collect: { input: "Message", post: "/c", body: "*", stream: "client" },
  } as const;
  const never = () => new Promise<never>(() => undefined);

  it("end a call whose method ignores its signal", async () => {
    const transcoder = transcoderOf(collect, { Collect: never });
    const answer = await call(transcoder, "POST /c", {
      header: { "connect-timeout-ms": "20" },
    });
    expect(answer.status).toBe(504);
    expect(answer.text).toBe('{"code":4,"message":"the operation timed out"}');
  });

  it("end a call whose body does not come", async () => {
    const body = (async function* () {
      await never();
      yield Buffer.from("{}");
    })();
    const transcoder = transcoderOf(collect, {
      async Collect(requests: AsyncIterable<unknown>) {
        let count = 0;
        for await (const request of requests) {
          count += request === null ? 0 : 1;
        }
        return { text: String(count) };
      },
    });
    const answer = await call(transcoder, "POST /c", {
      header: { "grpc-timeout": "20m" },
      body,
    });
    expect(answer.status).toBe(504);
  });

  it("end a stream in the middle", async () => {
    const transcoder = transcoderOf(
      { Stream: { input: "Message", get: "/s", stream: "server" } },
      {
        async *Stream() {
          yield { text: "a" };
          await never();
        },
      },
    );
    const answer = await call(transcoder, "GET /s", {
      header: { "x-server-timeout": "0.02" },
    });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(
      '{"text":"a"}\n{"error":{"code":4,"message":"the operation timed out"}}\n',
    );
  });

  it("may be as far as a client likes, and no further than the server does", async () => {
    const header = { "grpc-timeout": "99999999H" };
    const patient = transcoderOf(unary, { Get: () => delay(5, {}) });
    expect((await call(patient, "GET /m/1", { header })).status).toBe(200);
    const strict = transcoderOf(unary, {}, { maxTimeoutMs: 1000 });
    expect((await call(strict, "GET /m/1", { header })).status).toBe(400);
  });

  it("tell the method how much time is left", async () => {
    const left = vi.fn();
    const transcoder = transcoderOf(collect, {
      Collect(_requests, context) {
        left(context.timeoutMs());
        return {};
      },
    });
    await call(transcoder, "POST /c", { header: { "x-server-timeout": "5" } });
    expect(left.mock.calls[0]?.[0]).toBeGreaterThan(4000);
    expect(left.mock.calls[0]?.[0]).toBeLessThanOrEqual(5000);
  });
});

describe("the end of the client and of the server, in a stream", () => {
  it("reaches the method's signal", async () => {
    const client = new AbortController();
    const server = new AbortController();
    const started = new EventTarget();
    const transcoder = transcoderOf(
      {
        Collect: { input: "Message", post: "/c", body: "*", stream: "client" },
      },
      {
        Collect: (_requests, { signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              reject(signal.reason as Error);
            });
            started.dispatchEvent(new Event("started"));
          }),
      },
      { shutdownSignal: server.signal },
    );
    for (const [end, reason, status] of [
      [client, new ConnectError("gone", Code.Canceled), 499],
      [server, new ConnectError("shutting down", Code.Unavailable), 503],
    ] as const) {
      started.addEventListener(
        "started",
        () => {
          end.abort(reason);
        },
        { once: true },
      );
      const signal = end === client ? client.signal : undefined;
      const answer = await call(transcoder, "POST /c", {
        ...(signal === undefined ? {} : { signal }),
      });
      expect(answer.status).toBe(status);
    }
  });
});

describe("server streams", () => {
  const rules = {
    Stream: { input: "Message", get: "/s", stream: "server" },
    Raw: {
      input: "Message",
      output: "google.api.HttpBody",
      get: "/raw",
      stream: "server",
    },
  } as const;
  const two = async function* () {
    yield { text: "a" };
    yield { text: "b" };
  };
  const broken = async function* () {
    yield { text: "a" };
    throw new ConnectError("lost", Code.DataLoss);
  };

  it.each([
    ["application/x-ndjson", '{"text":"a"}\n{"text":"b"}\n', ""],
    ["application/json", '[{"text":"a"},{"text":"b"}]', "[]"],
    ["text/event-stream", 'data: {"text":"a"}\n\ndata: {"text":"b"}\n\n', ""],
  ])("come as %s", async (accept, text, empty) => {
    const header = { accept };
    const answer = await call(transcoderOf(rules, { Stream: two }), "GET /s", {
      header,
    });
    expect(answer.header.get("content-type")).toBe(accept);
    expect(answer.text).toBe(text);
    const none = async function* () {
      yield* [];
    };
    const nothing = await call(
      transcoderOf(rules, { Stream: none }),
      "GET /s",
      { header },
    );
    expect(nothing.text).toBe(empty);
  });

  it.each([
    [
      "application/x-ndjson",
      '{"text":"a"}\n{"error":{"code":15,"message":"lost"}}\n',
    ],
    [
      "text/event-stream",
      'data: {"text":"a"}\n\nevent: error\ndata: {"code":15,"message":"lost"}\n\n',
    ],
  ])("end with the error as %s", async (accept, text) => {
    const answer = await call(
      transcoderOf(rules, { Stream: broken }),
      "GET /s",
      { header: { accept } },
    );
    expect(answer).toMatchObject({ status: 200, text, broken: undefined });
  });

  it("name their messages in an event stream, and in no other form", async () => {
    const eventId = (message: Message) =>
      "text" in message && message.text === "b" ? "2" : undefined;
    const transcoder = transcoderOf(rules, { Stream: two }, { eventId });
    const read = async (accept: string) =>
      (await call(transcoder, "GET /s", { header: { accept } })).text;
    expect(await read("text/event-stream")).toBe(
      'data: {"text":"a"}\n\nid: 2\ndata: {"text":"b"}\n\n',
    );
    expect(await read("application/x-ndjson")).toBe(
      '{"text":"a"}\n{"text":"b"}\n',
    );
  });

  it("say as server-sent events where they begin, before the first message", async () => {
    const transcoder = transcoderOf(rules, {
      async *Stream(_request: unknown, { responseHeader }: HandlerContext) {
        responseHeader.set("last-event-id", "7");
        yield { text: "a" };
      },
    });
    const read = (accept: string) =>
      call(transcoder, "GET /s", { header: { accept } });
    expect((await read("text/event-stream")).text).toBe(
      'id: 7\n\ndata: {"text":"a"}\n\n',
    );
    const lines = await read("application/x-ndjson");
    expect(lines.text).toBe('{"text":"a"}\n');
    expect(lines.header.get("last-event-id")).toBe("7");
  });

  describe("with further system parameters", () => {
    const transcoder = transcoderOf(
      { ...rules, Get: { input: "Message", get: "/m" } },
      {
        async *Stream(
          { text }: { readonly text?: string },
          { requestHeader }: HandlerContext,
        ) {
          yield { text: `${requestHeader.get("x-from") ?? "–"} ${text ?? ""}` };
        },
      },
      { systemParameters: { from: "x-from", text: "x-text" } },
    );

    it.each([
      ["GET /s", {}, "– "],
      ["GET /s?from=5", {}, "5 "],
      ["GET /s?from=a%20b%2B", {}, "a b+ "],
      ["GET /s?from=5&text=t", {}, "5 t"],
      ["GET /s?from=5", { "x-from": "6" }, "6 "],
      ["GET /s?from=5", { "x-from": "" }, "5 "],
      ["GET /s?from=", {}, " "],
    ] as const)(
      "%s passes them on as headers: %o",
      async (send, header, text) => {
        const answer = await call(transcoder, send, { header });
        expect(answer.text).toBe(`{"text":"${text}"}\n`);
      },
    );

    it.each([
      "GET /s?from=5&from=6",
      "GET /s?from=%0a",
      "GET /s?from=%c3%a9",
      "GET /s?from=%zz",
      "GET /s?From=5",
      "GET /m?from=5",
    ])("%s is refused", async (send) => {
      expect((await call(transcoder, send)).status).toBe(400);
    });
  });

  it("break off where no form could tell of the error", async () => {
    const array = await call(
      transcoderOf(rules, { Stream: broken }),
      "GET /s",
      {
        header: { accept: "application/json" },
      },
    );
    expect(array.text).toBe('[{"text":"a"}');
    expect(array.broken).toBeInstanceOf(ConnectError);
    const raw = await call(
      transcoderOf(rules, {
        async *Raw() {
          yield { contentType: "text/plain", data: Buffer.from("a") };
          throw new Error("lost");
        },
      }),
      "GET /raw",
    );
    expect(raw).toMatchObject({ status: 200, text: "a" });
    expect(raw.broken).toBeInstanceOf(Error);
  });

  it("are plain errors before the first message", async () => {
    for (const accept of ["application/json", "text/event-stream"]) {
      const answer = await call(
        transcoderOf(rules, {
          async *Stream() {
            throw new ConnectError("none", Code.NotFound);
          },
        }),
        "GET /s",
        { header: { accept } },
      );
      expect(answer.status).toBe(404);
      expect(answer.text).toBe('{"code":5,"message":"none"}');
    }
  });

  it("join the bytes of HttpBody messages under the first one's type", async () => {
    const answer = await call(
      transcoderOf(rules, {
        async *Raw() {
          yield { contentType: "text/plain", data: Buffer.from("a") };
          yield { contentType: "text/html", data: Buffer.from("b") };
        },
      }),
      "GET /raw",
      { header: { accept: "image/png" } },
    );
    expect(answer.header.get("content-type")).toBe("text/plain");
    expect(answer.text).toBe("ab");
  });

  it("tell the method when the client stops reading", async () => {
    const ended = vi.fn();
    let signal: AbortSignal | undefined;
    const transcoder = transcoderOf(rules, {
      async *Stream(_request, context) {
        ({ signal } = context);
        try {
          for (;;) {
            yield { text: "a" };
          }
        } finally {
          ended();
        }
      },
    });
    const response = await transcoder.handle({
      httpVersion: "1.1",
      method: "GET",
      target: "/s",
      url: "http://test.invalid/",
      header: new Headers(),
      body: (async function* () {
        yield* [];
      })(),
      signal: new AbortController().signal,
    });
    for await (const chunk of response.body ?? []) {
      expect(Buffer.from(chunk).toString()).toBe('{"text":"a"}\n');
      break;
    }
    await expect.poll(() => ended).toHaveBeenCalled();
    expect(signal?.aborted).toBe(true);
  });
});

describe("client streams", () => {
  const rules = {
    Collect: {
      input: "Message",
      post: "/c/{name}",
      body: "*",
      stream: "client",
    },
    Upload: {
      input: "UploadRequest",
      post: "/u/{filename}",
      body: "file",
      stream: "client",
    },
  } as const;

  it("give each line to the method as it comes, however it is cut", async () => {
    const seen: string[] = [];
    const transcoder = transcoderOf(rules, {
      async Collect(requests: AsyncIterable<{ text: string; name: string }>) {
        for await (const { text, name } of requests) {
          seen.push(`${name}:${text}`);
        }
        return {};
      },
    });
    const bytes = Buffer.from('{"text":"é"}\n{"text":"b"}\r\n\n{"text":"c"}');
    for (const size of [1, 3, bytes.length]) {
      seen.length = 0;
      const answer = await call(transcoder, "POST /c/n", {
        body: (async function* () {
          for (let at = 0; at < bytes.length; at += size) {
            yield bytes.subarray(at, at + size);
          }
        })(),
      });
      expect(answer.status).toBe(200);
      expect(seen).toEqual(["n:é", "n:b", "n:c"]);
    }
  });

  it("give each chunk of an upload", async () => {
    const seen: string[] = [];
    const transcoder = transcoderOf(
      rules,
      {
        async Upload(
          requests: AsyncIterable<{
            filename: string;
            file: { contentType: string; data: Uint8Array };
          }>,
        ) {
          for await (const { filename, file } of requests) {
            seen.push(
              `${filename} ${file.contentType} ${Buffer.from(file.data).toString()}`,
            );
          }
          return {};
        },
      },
      { readMaxBytes: 4 },
    );
    const header = { "content-type": "text/plain" };
    await call(transcoder, "POST /u/f", {
      header,
      body: (async function* () {
        yield Buffer.from("abcdef");
        yield Buffer.from("g");
      })(),
    });
    await call(transcoder, "POST /u/f", { header });
    expect(seen).toEqual([
      "f text/plain abcd",
      "f text/plain ef",
      "f text/plain g",
      "f text/plain ",
    ]);
  });
});

it("warns of a bidi stream's rule once, and has no route for it", async () => {
  const warn = vi.fn();
  const transcoder = transcoderOf(
    {
      Bidi: {
        input: "Message",
        post: "/b",
        body: "*",
        stream: "bidi",
        additional: [{ post: "/c" }],
      },
      Get: unary.Get,
    },
    {},
    { warn },
  );
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]?.[0]).toContain("transcoding.test.v1.Vectors/Bidi");
  expect(transcoder.routes.map(({ method }) => method.name)).toEqual(["Get"]);
  expect((await call(transcoder, "POST /b")).status).toBe(404);
});

it("takes an implementation as a Connect router does, with a prefix", async () => {
  const { createTranscoder } = await import("../../src/transcoding/index.ts");
  const { registryOf } = await import("./vectors.ts");
  const { serviceOf } = await import("./in-memory.ts");
  const service = serviceOf(
    registryOf({ ...unary, Root: { input: "Message", get: "/" } }),
  );
  const transcoder = createTranscoder({
    routes: (router) => {
      router.service(service, { get: () => ({}) } as never, {
        prefix: "/base/v1",
      });
    },
  });
  expect((await call(transcoder, "GET /base/v1/m/1")).status).toBe(200);
  expect((await call(transcoder, "GET /m/1")).status).toBe(404);
  expect((await call(transcoder, "GET /base/v1")).status).toBe(501);
  expect((await call(transcoder, "POST /base/v1/m", { body: "{}" })).text).toBe(
    '{"code":12,"message":"transcoding.test.v1.Vectors.Post is not implemented"}',
  );
});
