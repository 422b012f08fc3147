import { toBinary, create } from "@bufbuild/protobuf";
import { Code, createServiceImplSpec } from "@connectrpc/connect";
import type { ServiceImpl } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { afterEach, describe, expect, test } from "vitest";
import type { HttpServerOptions } from "../../src/http/http-server.ts";
import {
  ConformanceService,
  UnaryRequestSchema,
} from "../conformance/gen/connectrpc/conformance/v1/service_pb.js";
import { callHttp2 } from "./http2-call.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

const never = new Promise<never>(() => undefined);
const path = "/connectrpc.conformance.v1.ConformanceService";
const message = encodeEnvelope(
  0,
  toBinary(UnaryRequestSchema, create(UnaryRequestSchema)),
);

/** Methods that take no notice of their signal. */
const deaf: Partial<ServiceImpl<typeof ConformanceService>> = {
  unary: () => never,
  clientStream: () => never,
  async *serverStream() {
    yield {};
    await never;
  },
  async *bidiStream(requests) {
    for await (const request of requests) {
      yield { payload: { data: request.requestData } };
      await never;
    }
  },
};

function serve(
  implementation: Partial<ServiceImpl<typeof ConformanceService>>,
  options: HttpServerOptions = {},
) {
  const service = createServiceImplSpec<typeof ConformanceService>(
    ConformanceService,
    implementation,
  );
  return startServer({
    services: [service],
    limits: { drainTimeoutMs: 50 },
    ...options,
  });
}

function callGrpc(
  url: string,
  method: string,
  timeout: string,
  body: Uint8Array | undefined,
  contentType = "application/grpc",
) {
  return callHttp2(
    url,
    {
      ":method": "POST",
      ":path": `${path}/${method}`,
      "content-type": contentType,
      "grpc-timeout": timeout,
      te: "trailers",
    },
    body,
  );
}

function callConnect(url: string, timeoutMs: string, body = "{}") {
  return fetch(`${url}${path}/Unary`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "connect-timeout-ms": timeoutMs,
    },
    body,
  });
}

describe("a method that ignores its signal is answered at the deadline", () => {
  for (const method of [
    "Unary",
    "ServerStream",
    "ClientStream",
    "BidiStream",
  ]) {
    test(`gRPC ${method}`, async () => {
      const { url, ended } = await serve(deaf);
      const answer = await callGrpc(url, method, "50m", message);
      expect({ ...answer.header, ...answer.trailer }["grpc-status"]).toBe(
        String(Code.DeadlineExceeded),
      );
      expect(await ended(1)).toMatchObject([
        { status: 200, grpcStatus: Code.DeadlineExceeded, protocol: "grpc" },
      ]);
    });
  }

  test("gRPC-Web", async () => {
    const { url, ended } = await serve(deaf);
    const type = "application/grpc-web+proto";
    const { body } = await callGrpc(url, "Unary", "50m", message, type);
    expect(body.toString()).toContain("grpc-status: 4\r\n");
    expect(await ended(1)).toMatchObject([
      { status: 200, grpcStatus: Code.DeadlineExceeded, protocol: "grpc-web" },
    ]);
  });

  test("Connect", async () => {
    const { url } = await serve(deaf);
    const response = await callConnect(url, "50");
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: "deadline_exceeded" });
  });
});

test("the deadline holds while the gate is waiting", async () => {
  const { url } = await serve(deaf, {
    handlerOptions: { requestGate: () => never },
  });
  expect((await callConnect(url, "50")).status).toBe(504);
  const { header, trailer } = await callGrpc(url, "Unary", "50m", message);
  expect({ ...header, ...trailer }["grpc-status"]).toBe("4");
});

test("the deadline holds while a body is awaited", async () => {
  const { url } = await serve(deaf);
  for (const method of ["Unary", "ClientStream", "BidiStream"]) {
    const { header, trailer, resetCode } = await callGrpc(
      url,
      method,
      "50m",
      undefined,
    );
    expect({ ...header, ...trailer }["grpc-status"]).toBe("4");
    expect(resetCode).toBe(0);
  }
});

describe("a deadline that Node's timers cannot hold is cut, not fired", () => {
  const slow: Partial<ServiceImpl<typeof ConformanceService>> = {
    unary: async (_, context) => {
      const timeoutMs = context.timeoutMs() ?? 0;
      // Long enough for a timer of 1 ms, which is what an overflow makes.
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { payload: { requestInfo: { timeoutMs: BigInt(timeoutMs) } } };
    },
  };

  test("Connect", async () => {
    const { url } = await serve(slow);
    const response = await callConnect(url, "9999999999");
    expect(response.status).toBe(200);
    const { payload } = (await response.json()) as {
      payload: { requestInfo: { timeoutMs: string } };
    };
    expect(Number(payload.requestInfo.timeoutMs)).toBeGreaterThan(
      2 ** 31 - 1e5,
    );
  });

  for (const timeout of ["99999999H", "1200000m", "99999999n"]) {
    test(`gRPC ${timeout}`, async () => {
      const { url } = await serve(slow);
      const { trailer } = await callGrpc(url, "Unary", timeout, message);
      expect(trailer["grpc-status"]).toBe("0");
    });
  }

  test("a deadline in microseconds is whole milliseconds to the method", async () => {
    const { url, faults } = await serve(slow);
    for (const type of ["application/grpc", "application/grpc-web"]) {
      const { header, trailer, body } = await callGrpc(
        url,
        "Unary",
        "59999999u",
        message,
        type,
      );
      expect(header[":status"]).toBe(200);
      expect(`${String(trailer["grpc-status"])} ${body.toString()}`).toMatch(
        /^0 |grpc-status: 0\r\n/,
      );
    }
    expect(faults).toEqual([]);
  });

  test("a malformed deadline is refused", async () => {
    const { url } = await serve(slow);
    expect((await callConnect(url, "soon")).status).toBe(400);
    const { header } = await callGrpc(url, "Unary", "5 parsecs", message);
    expect(header["grpc-status"]).toBe(String(Code.InvalidArgument));
  });
});
