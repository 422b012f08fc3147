import http2 from "node:http2";
import { type DescMethod, toJson } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createClient,
  createMethodImplSpec,
  type HandlerContext,
  type Interceptor,
  type MethodImpl,
  type Transport,
} from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { createHttpServer } from "../../src/http/http-server.ts";
import { createTranscoder } from "../../src/transcoding/index.ts";
import { type AnyImplementation, serviceOf } from "./in-memory.ts";
import { registryOf } from "./vectors.ts";

const registry = registryOf({
  Unary: { input: "Message", post: "/unary", body: "*" },
  Serve: { input: "Message", post: "/serve", body: "*", stream: "server" },
  Collect: { input: "Message", post: "/collect", body: "*", stream: "client" },
});
const service = serviceOf(registry);

interface Message {
  readonly text: string;
  readonly revision: bigint;
}

function check({ text }: Message): void {
  if (text === "fail") {
    throw new ConnectError("it failed", Code.FailedPrecondition, undefined, [
      { desc: ErrorInfoSchema, value: { reason: "ASKED_FOR" } },
    ]);
  }
}

const implementations: Readonly<Record<string, AnyImplementation>> = {
  Unary(request: Message) {
    check(request);
    return { text: `${request.text}!`, revision: request.revision };
  },
  async *Serve(request: Message) {
    check(request);
    yield { text: `${request.text}1` };
    if (request.text === "break") {
      throw new ConnectError("lost", Code.DataLoss);
    }
    yield { text: `${request.text}2` };
  },
  async Collect(requests: AsyncIterable<Message>) {
    const texts: string[] = [];
    for await (const request of requests) {
      check(request);
      texts.push(request.text);
    }
    return { text: texts.join("+") };
  },
};

const spec = {
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

const order: string[] = [];
const interceptor: Interceptor = (next) => async (request) => {
  order.push("interceptor");
  return await next(request);
};
const server = createHttpServer({
  services: [spec],
  transcoder: (shared) =>
    createTranscoder({ ...shared, registry, services: [{ spec }] }),
  handlerOptions: {
    interceptors: [interceptor],
    requestGate(context: HandlerContext) {
      order.push("gate");
      if (context.requestHeader.get("x-user") === null) {
        throw new ConnectError("who are you", Code.Unauthenticated);
      }
    },
  },
});
let origin = "";

beforeAll(async () => {
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  origin = `http://127.0.0.1:${port}`;
});

beforeEach(() => {
  order.length = 0;
});

afterAll(() => server.close());

/** What a call came to, whatever carried it. */
interface Outcome {
  readonly messages: readonly unknown[];
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly details: readonly unknown[];
  };
}

type Caller = (
  method: string,
  messages: readonly object[],
  header: Record<string, string>,
) => Promise<Outcome>;

function rpc(transport: (baseUrl: string) => Transport): Caller {
  return async (name, messages, headers) => {
    const client = createClient(
      service,
      transport(origin),
    ) as unknown as Record<
      string,
      (request: unknown, options: object) => unknown
    >;
    const method = service.methods.find((one) => one.name === name);
    if (method === undefined) {
      throw new Error(`no method ${name}`);
    }
    const request =
      method.methodKind === "client_streaming"
        ? (async function* () {
            yield* messages;
          })()
        : messages[0];
    const received: unknown[] = [];
    try {
      const response = client[method.localName]?.(request, { headers });
      if (method.methodKind === "server_streaming") {
        for await (const message of response as AsyncIterable<never>) {
          received.push(toJson(method.output, message));
        }
      } else {
        received.push(toJson(method.output, (await response) as never));
      }
      return { messages: received };
    } catch (reason) {
      const error = ConnectError.from(reason);
      return {
        messages: received,
        error: {
          code: error.code,
          message: error.rawMessage,
          details: error
            .findDetails(ErrorInfoSchema)
            .map((detail) => detail.reason),
        },
      };
    }
  };
}

const rest: Caller = async (name, messages, header) => {
  const response = await fetch(`${origin}/${name.toLowerCase()}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...header },
    body: messages.map((message) => JSON.stringify(message)).join("\n"),
  });
  const lines = (await response.text()).trimEnd().split("\n");
  const parsed = lines.map((line) => JSON.parse(line) as unknown);
  if (response.ok) {
    return { messages: parsed };
  }
  const error = parsed[0] as {
    code: number;
    message: string;
    details?: readonly { reason: string }[];
  };
  return {
    messages: [],
    error: {
      code: error.code,
      message: error.message,
      details: (error.details ?? []).map(({ reason }) => reason),
    },
  };
};

const callers: readonly (readonly [string, Caller])[] = [
  ["grpc", rpc((baseUrl) => createGrpcTransport({ baseUrl }))],
  [
    "grpc-web",
    rpc((baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })),
  ],
  [
    "connect",
    rpc((baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })),
  ],
  ["rest", rest],
];

const failed = {
  messages: [],
  error: {
    code: Code.FailedPrecondition,
    message: "it failed",
    details: ["ASKED_FOR"],
  },
};

describe.each(callers)("a method called by %s", (_name, call) => {
  const header = { "x-user": "ann" };
  const a = { text: "a", revision: "9007199254740993" };

  it("answers", async () => {
    expect(await call("Unary", [a], header)).toEqual({
      messages: [{ text: "a!", revision: "9007199254740993" }],
    });
    expect(order).toEqual(["gate", "interceptor"]);
  });

  it("streams its answer", async () => {
    expect(await call("Serve", [a], header)).toEqual({
      messages: [{ text: "a1" }, { text: "a2" }],
    });
    expect(order).toEqual(["gate", "interceptor"]);
  });

  it("takes a stream", async () => {
    expect(await call("Collect", [a, { text: "b" }], header)).toEqual({
      messages: [{ text: "a+b" }],
    });
    expect(order).toEqual(["gate", "interceptor"]);
  });

  it.each(["Unary", "Serve", "Collect"])(
    "%s fails with code, message and details",
    async (method) => {
      expect(await call(method, [{ text: "fail" }], header)).toEqual(failed);
    },
  );

  it.each(["Unary", "Serve", "Collect"])(
    "%s is refused by the gate",
    async (method) => {
      expect(await call(method, [a], {})).toEqual({
        messages: [],
        error: {
          code: Code.Unauthenticated,
          message: "who are you",
          details: [],
        },
      });
      expect(order).toEqual(["gate"]);
    },
  );
});

describe("an array that cannot be finished", () => {
  const request = {
    method: "POST",
    headers: {
      accept: "application/json",
      "content-type": "application/json",
      "x-user": "ann",
    },
  };
  const body = '{"text":"break"}';

  it("ends in a broken connection over HTTP/1.1", async () => {
    const whole = async () => {
      const response = await fetch(`${origin}/serve`, { ...request, body });
      return await response.text();
    };
    await expect(whole()).rejects.toThrow();
  });

  it("ends in a reset stream over HTTP/2", async () => {
    const session = http2.connect(origin);
    const stream = session.request({
      ":method": "POST",
      ":path": "/serve",
      ...request.headers,
    });
    stream.end(body);
    stream.resume();
    // Either an error event, or only the code with which the stream was closed.
    stream.on("error", () => undefined);
    await new Promise((resolve) => stream.once("close", resolve));
    expect(stream.rstCode).not.toBe(http2.constants.NGHTTP2_NO_ERROR);
    session.destroy();
  });
});
