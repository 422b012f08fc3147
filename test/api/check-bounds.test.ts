import { ScalarType } from "@bufbuild/protobuf";
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { withinBounds } from "../../src/api/requests/check-bounds.ts";
import { requestBounds } from "../../src/api/requests/request-bounds.ts";
import { pathPrefixes } from "../../src/api/services.ts";

const unserved = async () => Promise.reject(new Error("not called"));

function without(name: string) {
  return Object.fromEntries(
    Object.entries(requestBounds).filter(([field]) => field !== name),
  );
}

it.each([
  ["a text", "lockout.v1.GetLockoutRequest.user_id"],
  ["a text of a oneof", "lockout.v1.BeginAttemptRequest.login_name"],
  ["a text of a message within", "lockout.v1.Client.device"],
  ["a list", "lockout.v1.WatchEventsRequest.event_types"],
])("%s without a bound is refused at start, and named", (_kind, field) => {
  const implementation = {
    getLockout: unserved,
    beginAttempt: unserved,
    watchEvents: unserved,
  };
  expect(() =>
    withinBounds(AttemptService, implementation as never, without(field)),
  ).toThrow(field);
});

it("a list whose texts have no bound is refused at start", () => {
  const name = "lockout.v1.User.aliases";
  expect(() =>
    withinBounds(UserService, { putUser: unserved } as never, {
      ...requestBounds,
      [name]: { elements: 100, above: "aliasInvalid" },
    }),
  ).toThrow(name);
});

it("the table has the texts and lists of the requests that are served, and no others", () => {
  const names = new Set<string>();
  const visit = (message: DescMessage) => {
    for (const field of message.fields) {
      if (field.message !== undefined) {
        visit(field.message);
      }
      if (hasLength(field)) {
        names.add(`${message.typeName}.${field.name}`);
      }
    }
  };
  for (const service of pathPrefixes.keys()) {
    for (const { input } of service.methods) {
      visit(input);
    }
  }
  expect(Object.keys(requestBounds).sort()).toEqual([...names].sort());
});

function hasLength(field: DescField): boolean {
  return (
    field.fieldKind === "list" ||
    (field.fieldKind === "scalar" &&
      (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES))
  );
}
