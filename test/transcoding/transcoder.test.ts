import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError, createContextKey } from "@connectrpc/connect";
import type { HandlerContext, Interceptor } from "@connectrpc/connect";
import { describe, expect, it, vi } from "vitest";
import { call, transcoderOf, unary } from "./in-memory.ts";

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
