import { create, toBinary } from "@bufbuild/protobuf";
import { AnySchema, DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it, vi } from "vitest";
import {
  DebugInfoSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { call, transcoderOf, unary } from "./in-memory.ts";

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
