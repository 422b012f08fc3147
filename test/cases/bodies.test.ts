import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import type { DescMethodUnary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { forms, named } from "../support/forms.ts";
import type { Form } from "../support/forms.ts";
import { restRequest } from "../support/rest-request.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { openWire } from "../support/wire.ts";
import type { Wire, WireResponse } from "../support/wire.ts";

// Section 5 of the contract: the same body is read in the same way whatever it comes in, compressed or not, early or late, by
// whichever protocol.

let server: TestServer;
let wire: Wire;

beforeAll(async () => {
  server = await startTestServer();
  wire = openWire(server.url);
});

afterAll(async () => {
  await server.close();
});

const grpc: Form = {
  name: "gRPC",
  protocol: "grpc",
  codec: "json",
  httpVersion: "2",
};
const grpcWeb: Form = {
  name: "gRPC-Web",
  protocol: "grpc-web",
  codec: "json",
  httpVersion: "1.1",
};
const connect: Form = {
  name: "Connect",
  protocol: "connect",
  codec: "json",
  httpVersion: "1.1",
};
const rest: Form = {
  name: "REST",
  protocol: "rest",
  codec: "json",
  httpVersion: "1.1",
};

const withBody = named([
  grpc,
  { ...grpc, compression: "gzip" },
  { ...grpc, compression: "br", late: true },
  { ...grpc, late: true },
  { ...grpc, byTemplate: true },
  grpcWeb,
  { ...grpcWeb, compression: "gzip" },
  { ...grpcWeb, text: true },
  { ...grpcWeb, text: true, compression: "br", late: true },
  { ...grpcWeb, byTemplate: true, compression: "gzip" },
  connect,
  { ...connect, compression: "gzip" },
  { ...connect, compression: "br", httpVersion: "2" },
  { ...connect, late: true },
  rest,
  { ...rest, compression: "gzip" },
  { ...rest, compression: "br", httpVersion: "2" },
  { ...rest, late: true },
]);

const byGet = named([
  { ...connect, get: true },
  { ...connect, get: true, compression: "gzip" },
]);

const { createToken, createOrganization, listOrganizations } =
  AccessService.method;
const { listEvents } = AdminService.method;
const { listLockedUsers } = AttemptService.method;

interface Row {
  readonly name: string;
  readonly method: DescMethodUnary;
  readonly body: string | Uint8Array;
  readonly forms: readonly Form[];
}

const rows: readonly Row[] = [
  {
    name: "a time that does not exist",
    method: createToken,
    body: '{"roles":["IAM_OWNER"],"expireTime":"2030-02-30T00:00:00Z"}',
    forms: withBody,
  },
  {
    name: "a hexadecimal number",
    method: listEvents,
    body: '{"limit":"0x10"}',
    forms: withBody,
  },
  {
    name: "a name that is not UTF-8",
    method: createOrganization,
    body: Buffer.from('{"name":"\xff"}', "latin1"),
    forms: withBody,
  },
  {
    name: "an unknown field of 9,000 characters",
    method: listEvents,
    body: `{"${"u".repeat(9_000)}":1}`,
    forms: withBody,
  },
  {
    name: "an unknown field of 70,000 characters",
    method: listEvents,
    body: `{"${"u".repeat(70_000)}":1}`,
    forms: withBody,
  },
  {
    name: "an unknown field of 7,000 characters beyond Latin",
    method: listEvents,
    body: `{"${"\u{1f511}".repeat(7_000)}":1}`,
    forms: withBody,
  },
  {
    name: "a field twice",
    method: createOrganization,
    body: '{"name":"a","name":"b"}',
    forms: withBody,
  },
  {
    name: "nesting over the limit",
    method: listEvents,
    body: `{"limit":${"[".repeat(101)}${"]".repeat(101)}}`,
    forms: withBody,
  },
  {
    name: "no JSON",
    method: createOrganization,
    body: "name=a",
    forms: withBody,
  },
  {
    name: "a time that does not exist, in a query",
    method: listLockedUsers,
    body: '{"since":"2026-02-30T00:00:00Z"}',
    forms: byGet,
  },
  {
    name: "an unknown field in a query",
    method: listLockedUsers,
    body: `{"${"u".repeat(2_000)}":1}`,
    forms: byGet,
  },
];

function call(
  form: Form,
  method: DescMethodUnary,
  body: string | Uint8Array,
): Promise<WireResponse> {
  const template = restRequest(method, {});
  const bodiless = form.protocol === "rest" && template.method === "GET";
  return wire(form, {
    method,
    bytes: bodiless ? undefined : Buffer.from(body),
    headers: new Headers({ authorization: `Bearer ${server.adminToken}` }),
    rest: template,
  });
}

/** Code and message of a refusal, whichever form of error it came as. */
function refusalOf(response: WireResponse) {
  if (response.ok) {
    throw new Error("it was taken");
  }
  if ("error" in response) {
    const { code, rawMessage } = response.error;
    return { code, message: rawMessage };
  }
  const { code, message } = JSON.parse(
    Buffer.from(response.json).toString(),
  ) as { code: Code; message: string };
  return { code, message };
}

describe.each(rows)("$name", ({ method, body, forms: tried }) => {
  for (const form of tried) {
    it(`by ${form.name}: INVALID_ARGUMENT, in few words`, async () => {
      const usual = form.protocol === "rest" ? rest : connect;
      const uncompressed = refusalOf(await call(usual, method, body));
      const refusal = refusalOf(await call(form, method, body));
      expect(refusal).toEqual({
        code: Code.InvalidArgument,
        message: uncompressed.message,
      });
      expect(refusal.message.length).toBeLessThanOrEqual(501);
      // The connection outlives it.
      const next = await call(form, method, "{}");
      if (!next.ok) {
        expect(refusalOf(next).code).not.toBe(Code.Internal);
      }
    });
  }
});

describe("a long response is compressed, where the client takes that", () => {
  beforeAll(async () => {
    for (let i = 0; i < 20; i += 1) {
      const name = JSON.stringify({ name: `organisation ${i}` });
      const response = await call(connect, createOrganization, name);
      expect(response.ok).toBe(true);
    }
  });

  it.each(forms.filter(({ compression }) => compression !== undefined))(
    "by $name",
    async (form) => {
      const { output } = listOrganizations;
      const body = form.codec === "json" ? "{}" : "";
      const response = await call(form, listOrganizations, body);
      expect(response).toMatchObject({ ok: true, compressed: true });
      if (!response.ok) {
        return;
      }
      const { organizations } =
        form.codec === "json"
          ? fromJsonString(output, Buffer.from(response.bytes).toString())
          : fromBinary(output, response.bytes);
      expect(organizations.length).toBeGreaterThan(20);
    },
  );
});
