import { createServiceImplSpec } from "@connectrpc/connect";
import type { ServiceImpl } from "@connectrpc/connect";
import { afterEach, describe, expect, test } from "vitest";
import type { HttpServerOptions } from "../../src/http/http-server.ts";
import { ConformanceService } from "../conformance/gen/connectrpc/conformance/v1/service_pb.js";
import { callHttp2 } from "./http2-call.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

const path = "/connectrpc.conformance.v1.ConformanceService/Unary";

/** Each of them throws, or fails, at another stage of a request's life. */
const broken: Record<string, HttpServerOptions> = {
  gate: {
    handlerOptions: {
      requestGate: () => {
        throw new Error("secret");
      },
    },
  },
  "gate, later": {
    handlerOptions: {
      requestGate: () => Promise.reject(new Error("secret")),
    },
  },
  interceptor: {
    handlerOptions: {
      interceptors: [
        () => () => {
          throw new Error("secret");
        },
      ],
    },
  },
  "interceptor, after the method": {
    handlerOptions: {
      interceptors: [
        (next) => async (request) => {
          await next(request);
          throw new Error("secret");
        },
      ],
    },
  },
  "a header that cannot be sent": {
    handlerOptions: {
      interceptors: [
        (next) => async (request) => {
          const response = await next(request);
          response.header.set(":status", "secret");
          return response;
        },
      ],
    },
  },
  method: serving(() => {
    throw new Error("secret");
  }),
  "method, with what is no error": serving(() => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    throw "secret";
  }),
  "method, with nothing": serving(() => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    throw undefined;
  }),
  serialization: serving(() =>
    Promise.resolve({ payload: { data: "no bytes" } } as never),
  ),
};

function serving(
  unary: NonNullable<ServiceImpl<typeof ConformanceService>["unary"]>,
): HttpServerOptions {
  const service = createServiceImplSpec<typeof ConformanceService>(
    ConformanceService,
    { unary },
  );
  return { services: [service] };
}

describe("a fault is answered with an internal error in the caller's protocol", () => {
  for (const [stage, options] of Object.entries(broken)) {
    test(stage, async () => {
      const { url, ended } = await startServer({
        ...serving(() => ({})),
        ...options,
      });
      const response = await fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
      const text = await response.text();
      expect(response.status).toBe(500);
      expect(text).not.toContain("secret");
      const { header, trailer } = await callHttp2(
        url,
        {
          ":method": "POST",
          ":path": path,
          "content-type": "application/grpc",
        },
        Buffer.alloc(5),
      );
      expect({ ...header, ...trailer }).toMatchObject({ "grpc-status": "13" });
      expect(await ended(2)).toHaveLength(2);
    });
  }
});

test("hooks that throw end nothing", async () => {
  const { url } = await startServer({
    ...serving(() => ({})),
    pages: [
      {
        path: "/broken",
        respond: () => {
          throw new Error("page");
        },
      },
    ],
    onRequestEnd: () => {
      throw new Error("log");
    },
    onFault: () => {
      throw new Error("report");
    },
  });
  for (let i = 0; i < 3; i++) {
    expect((await fetch(`${url}/broken`)).status).toBe(500);
    const header = { ":method": "GET", ":path": "/broken" };
    const answer = await callHttp2(url, header, Buffer.alloc(0));
    expect(answer.header[":status"]).toBe(500);
  }
});
