import type {
  DescField,
  DescMessage,
  DescMethodUnary,
} from "@bufbuild/protobuf";
import { ScalarType, create, getOption } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { http } from "../../gen/google/api/annotations_pb.js";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { requestBounds } from "../../src/api/requests/request-bounds.ts";
import type { FieldBound } from "../../src/api/requests/request-bounds.ts";
import { pathPrefixes } from "../../src/api/services.ts";
import type { ErrorCode } from "../../src/lockout/errors/error-entry.ts";
import { errorCatalogue } from "../../src/lockout/errors/errors.ts";
import type { ErrorName } from "../../src/lockout/errors/errors.ts";
import { openDoors } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

// A text or a list that is longer than its field may be is refused before anything else looks at it, by every protocol.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

interface Case {
  readonly method: DescMethodUnary;
  readonly title: string;
  /** The request with the field of the case. */
  readonly input: (value: unknown) => Record<string, unknown>;
  readonly tooLong: unknown;
  readonly longest: unknown;
  readonly above: ErrorName;
}

/** Two UTF-16 units, four bytes: one character. */
const wide = "\u{1d538}";
/** A text of so many characters, of the widest that fit into a path. */
const textOf = (count: number) => (count > 500 ? "x" : wide).repeat(count);

/** Fields that are in the path of some method. */
const inPaths = new Set([
  "user_id",
  "hook_id",
  "delivery_id",
  "key_id",
  "token_id",
  "attempt_id",
]);

function casesOf(method: DescMethodUnary): Case[] {
  const needed = method.input.fields.flatMap(({ name, localName, oneof }) =>
    inPaths.has(name) && oneof === undefined ? [[localName, "someone"]] : [],
  );
  return fieldsOf(method.input, (value) => value).flatMap(
    ({ field, place, bound }) =>
      lengthsOf(bound, field).map((lengths) => ({
        method,
        title: `${method.parent.typeName}.${method.name}: ${field.name}, ${lengths.what}`,
        // A path needs it.
        input: (value) => ({
          ...(Object.fromEntries(needed) as Record<string, string>),
          ...place(value),
        }),
        ...lengths,
      })),
  );
}

type Place = (value: unknown) => Record<string, unknown>;

/** The fields that have bounds, and how a request holds a value of each. */
function fieldsOf(
  message: DescMessage,
  wrap: (value: Record<string, unknown>) => Record<string, unknown>,
): { field: DescField; place: Place; bound: FieldBound }[] {
  return message.fields.flatMap((field) => {
    const place: Place = (value) =>
      wrap(
        field.oneof === undefined
          ? { [field.localName]: value }
          : { [field.oneof.localName]: { case: field.localName, value } },
      );
    const bound = requestBounds[`${message.typeName}.${field.name}`];
    if (bound !== undefined) {
      return [{ field, place, bound }];
    }
    return field.fieldKind === "message" ? fieldsOf(field.message, place) : [];
  });
}

function lengthsOf(
  bound: FieldBound,
  field: DescField,
): (Pick<Case, "tooLong" | "longest" | "above"> & { what: string })[] {
  if ("characters" in bound) {
    const { characters, above } = bound;
    if (above === "cut") {
      return [];
    }
    const valueOf: (count: number) => unknown =
      field.scalar === ScalarType.BYTES
        ? (count) => new Uint8Array(count)
        : textOf;
    const tooLong = valueOf(characters + 1);
    const longest = valueOf(characters);
    return [{ what: "its characters", tooLong, longest, above }];
  }
  const { elements, above, each } = bound;
  const [tooLong, longest] = [elements + 1, elements].map((count) =>
    Array.from({ length: count }, (_, index) => elementOf(field, index)),
  );
  return [
    { what: "its values", tooLong, longest, above },
    ...(each === undefined
      ? []
      : lengthsOf(each, field).map((lengths) => ({
          ...lengths,
          what: "each of its values",
          tooLong: [lengths.tooLong],
          longest: [lengths.longest],
        }))),
  ];
}

function elementOf(field: DescField, index: number): unknown {
  return field.fieldKind === "list" && field.listKind === "message"
    ? create(field.message)
    : `v${index}`;
}

const methods = [...pathPrefixes.keys()].flatMap((service) =>
  service.methods.filter(
    (method): method is DescMethodUnary => method.methodKind === "unary",
  ),
);
const cases = methods.flatMap(casesOf);
/** Some have none: ZITADEL's newest services are called by Connect instead. */
const hasRoute = (method: DescMethodUnary) =>
  getOption(method, http).pattern.case !== undefined;
/** An id that nobody has is not found, and an etag that none had is not the present one. */
const codes: Partial<Record<ErrorCode, Code>> = {
  ABORTED: Code.Aborted,
  INVALID_ARGUMENT: Code.InvalidArgument,
  NOT_FOUND: Code.NotFound,
};
const { listEvents } = AdminService.method;

describe.each(openDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    it.each(
      doorName === "REST"
        ? cases.filter(({ method }) => hasRoute(method))
        : cases,
    )("$title", async ({ method, input, tooLong, above }) => {
      const door = openDoors(server.url).find(({ name }) => name === doorName);
      const { id, code } = errorCatalogue[above];
      const answer = await door?.call(method, input(tooLong), {
        token: server.adminToken,
      });
      expect(answer).toMatchObject({
        ok: false,
        code: codes[code],
        details: [{ id }],
      });
    });
  },
);

it("a field without an error of its own is named, with what it may have", async () => {
  const [door] = openDoors(server.url);
  const answer = await door?.call(
    listEvents,
    { eventTypes: Array.from({ length: 101 }, () => "user.locked") },
    { token: server.adminToken },
  );
  expect(answer).toMatchObject({
    message:
      "a field of the request is too long: event_types has at most 100 values (LOCKOUTD-req01)",
  });
});

describe("what is as long as it may be is not refused for that", () => {
  const own = new Set<ErrorName>([
    "requestTooLong",
    "userIdInvalid",
    "orgNameInvalid",
    "tokenNameInvalid",
    "aliasInvalid",
  ]);
  it.each(cases.filter(({ above }) => own.has(above)))(
    "$title",
    async ({ method, input, longest, above }) => {
      const [door] = openDoors(server.url);
      const answer = await door?.call(method, input(longest), {
        token: server.adminToken,
      });
      expect(JSON.stringify(answer)).not.toContain(
        `"${errorCatalogue[above].id}"`,
      );
    },
  );
});

it("WatchEvents refuses a position and types that are too long", async () => {
  const client = createClient(
    AttemptService,
    createGrpcTransport({ baseUrl: server.url }),
  );
  const refusalOf = async (request: object) => {
    const stream = client.watchEvents(request, {
      headers: { authorization: `Bearer ${server.adminToken}` },
    });
    try {
      for await (const message of stream) {
        return message;
      }
    } catch (error) {
      return ConnectError.from(error).message;
    }
    return undefined;
  };
  const eventTypes = Array.from({ length: 101 }, () => "user.locked");
  expect(await refusalOf({ eventTypes })).toContain("LOCKOUTD-req01");
  expect(await refusalOf({ after: "1".repeat(21) })).toContain(
    "LOCKOUTD-evt02",
  );
});

it.each(["x".repeat(65), "1".repeat(15_000)])(
  "an organisation in the header that is too long for one is unknown",
  async (orgId) => {
    const [door] = openDoors(server.url);
    const answer = await door?.call(
      UserService.method.listUsers,
      {},
      { token: server.adminToken, orgId },
    );
    expect(answer).toMatchObject({
      ok: false,
      code: Code.PermissionDenied,
      details: [{ id: "AUTH-Bs7Ds" }],
    });
  },
);

it("what a browser says of itself is cut, not refused", async () => {
  const [door] = openDoors(server.url);
  const answer = await door?.call(
    AttemptService.method.reportAttempt,
    {
      subject: { case: "userId", value: "browsing" },
      factor: Factor.PASSWORD,
      outcome: Outcome.FAILED,
      client: { userAgent: wide.repeat(5000), device: wide.repeat(5000) },
    },
    { token: server.adminToken },
  );
  expect(answer).toMatchObject({ ok: true });
  const events = await door?.call(
    listEvents,
    { aggregateId: "browsing", limit: 1 },
    { token: server.adminToken },
  );
  expect(JSON.stringify(events)).toContain(`"${wide.repeat(1000)}"`);
});

it("no name is folded, whose cost is the square of its length, before its length is known", async () => {
  const name = `a${"\u0301".repeat(20_000)}${"\u0316".repeat(20_000)}`;
  const normalise = vi.spyOn(String.prototype, "normalize");
  try {
    const [door] = openDoors(server.url);
    const token = server.adminToken;
    const begun = await door?.call(
      AttemptService.method.beginAttempt,
      { subject: { case: "loginName", value: name }, factor: Factor.PASSWORD },
      { token },
    );
    expect(begun).toMatchObject({ details: [{ id: "LOCKOUTD-att01" }] });
    const put = await door?.call(
      UserService.method.putUser,
      { userId: "folded", aliases: ["short", name] },
      { token },
    );
    expect(put).toMatchObject({ details: [{ id: "LOCKOUTD-usr04" }] });
    const lengths = normalise.mock.contexts.map((text) => String(text).length);
    expect(Math.max(0, ...lengths)).toBeLessThanOrEqual(400);
  } finally {
    normalise.mockRestore();
  }
});
