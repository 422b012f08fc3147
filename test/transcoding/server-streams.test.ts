import { setTimeout as delay } from "node:timers/promises";
import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { HandlerContext } from "@connectrpc/connect";
import { describe, expect, it, vi } from "vitest";
import { call, transcoderOf, unary } from "./in-memory.ts";

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
