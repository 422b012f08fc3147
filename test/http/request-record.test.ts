import fc from "fast-check";
import { expect, test } from "vitest";
import { recordFields } from "../../src/http/request/record.ts";
import type { RequestRecord } from "../../src/http/request/record.ts";

const anyRecord: fc.Arbitrary<RequestRecord> = fc.record({
  requestId: fc.stringMatching(/^[\w.:+/=@~-]{1,40}$/),
  method: fc.oneof(fc.constant("GET"), fc.string()),
  path: fc.oneof(fc.constant("/a"), fc.string({ unit: "binary" })),
  protocol: fc.constantFrom("grpc", "grpc-web", "connect", "rest", "http"),
  httpVersion: fc.constantFrom("1.0", "1.1", "2.0"),
  status: fc.nat(599),
  grpcStatus: fc.option(fc.nat(16), { nil: undefined }),
  durationMs: fc.nat(1e9).map((micros) => micros / 1000),
  bytes: fc.nat(),
  remoteAddress: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant("")),
  ...{ values: fc.constant(undefined), route: fc.constant(undefined) },
  ...{ code: fc.constant(undefined), traceparent: fc.constant(undefined) },
  rpc: fc.option(fc.constantFrom("a.v1.B/C", 'a"\\'), { nil: undefined }),
});

test("the fields of records, one after the other, are those that JSON would have", () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { minLength: 1 }), (records) => {
      for (const record of records) {
        expect(`{${recordFields(record)}}`).toBe(JSON.stringify(record));
      }
    }),
  );
});
