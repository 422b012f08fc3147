import { getOption, hasOption, toJson } from "@bufbuild/protobuf";
import type {
  DescEnum,
  DescField,
  DescMessage,
  DescMethod,
  DescService,
} from "@bufbuild/protobuf";
import * as publishedAdmin from "@zitadel/proto/zitadel/admin_pb";
import { http as publishedHttp } from "@zitadel/proto/google/api/annotations_pb";
import { HttpRuleSchema as PublishedHttpRuleSchema } from "@zitadel/proto/google/api/http_pb";
import * as publishedManagement from "@zitadel/proto/zitadel/management_pb";
import * as publishedMessages from "@zitadel/proto/zitadel/message_pb";
import { auth_option as publishedAuthOption } from "@zitadel/proto/zitadel/options_pb";
import { options as publishedV2Options } from "@zitadel/proto/zitadel/protoc_gen_zitadel/v2/options_pb";
import * as publishedSettings from "@zitadel/proto/zitadel/settings/v2/settings_service_pb";
import * as publishedSettingsBeta from "@zitadel/proto/zitadel/settings/v2beta/settings_service_pb";
import * as publishedUsers from "@zitadel/proto/zitadel/user/v2/user_service_pb";
import * as publishedUsersBeta from "@zitadel/proto/zitadel/user/v2beta/user_service_pb";
import { describe, expect, it } from "vitest";
import { http } from "../../gen/google/api/annotations_pb.js";
import { HttpRuleSchema } from "../../gen/google/api/http_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import {
  CredentialsCheckErrorSchema,
  ErrorDetailSchema,
} from "../../gen/zitadel/message_pb.js";
import { auth_option } from "../../gen/zitadel/options_pb.js";
import { options as v2Options } from "../../gen/zitadel/protoc_gen_zitadel/v2/options_pb.js";
import { SettingsService } from "../../gen/zitadel/settings/v2/settings_service_pb.js";
import { SettingsService as SettingsServiceBeta } from "../../gen/zitadel/settings/v2beta/settings_service_pb.js";
import { UserService } from "../../gen/zitadel/user/v2/user_service_pb.js";
import { UserService as UserServiceBeta } from "../../gen/zitadel/user/v2beta/user_service_pb.js";

// The published descriptors are the reference for every name and number: what a client was built from.

const userMethods = [
  "GetUserByID",
  "DeactivateUser",
  "ReactivateUser",
  "LockUser",
  "UnlockUser",
];
const services: readonly (readonly [DescService, DescService, string[]])[] = [
  [
    AdminService,
    publishedAdmin.AdminService,
    ["Healthz", "GetLockoutPolicy", "UpdateLockoutPolicy", "ListEvents"],
  ],
  [
    ManagementService,
    publishedManagement.ManagementService,
    [
      "Healthz",
      "GetUserByID",
      "DeactivateUser",
      "ReactivateUser",
      "LockUser",
      "UnlockUser",
      "GetLockoutPolicy",
      "GetDefaultLockoutPolicy",
      "AddCustomLockoutPolicy",
      "UpdateCustomLockoutPolicy",
      "ResetLockoutPolicyToDefault",
    ],
  ],
  [SettingsService, publishedSettings.SettingsService, ["GetLockoutSettings"]],
  [
    SettingsServiceBeta,
    publishedSettingsBeta.SettingsService,
    ["GetLockoutSettings"],
  ],
  [UserService, publishedUsers.UserService, userMethods],
  [UserServiceBeta, publishedUsersBeta.UserService, userMethods],
];

/** Of what these answer with, only a part is known here: its fields are as published, and others are never sent. */
const partOf: ReadonlySet<string> = new Set(["GetUserByID"]);

describe.each(services)("$typeName", (ours, theirs, methods) => {
  it("has the published name and the methods of the contract", () => {
    expect(ours.typeName).toBe(theirs.typeName);
    expect(ours.methods.map(({ name }) => name)).toEqual(methods);
  });

  it.each(methods)("%s is as published", (name) => {
    const our = findMethod(ours, name);
    const their = findMethod(theirs, name);
    expect(our.methodKind).toBe(their.methodKind);
    expect(shape(our.input)).toEqual(shape(their.input));
    if (partOf.has(name)) {
      expectPart(our.output, their.output);
    } else {
      expect(shape(our.output)).toEqual(shape(their.output));
    }
    expect(toJson(HttpRuleSchema, getOption(our, http))).toEqual(
      toJson(PublishedHttpRuleSchema, getOption(their, publishedHttp)),
    );
    expect(permissionOf(our, auth_option, v2Options), "the permission").toEqual(
      permissionOf(their, publishedAuthOption, publishedV2Options),
    );
  });
});

describe("the details of errors", () => {
  it.each([
    [ErrorDetailSchema, publishedMessages.ErrorDetailSchema],
    [
      CredentialsCheckErrorSchema,
      publishedMessages.CredentialsCheckErrorSchema,
    ],
  ])("$typeName is as published", (ours, theirs) => {
    expect(shape(ours)).toEqual(shape(theirs));
  });
});

it("the options have the published numbers", () => {
  expect(auth_option.number).toBe(publishedAuthOption.number);
  expect(v2Options.number).toBe(publishedV2Options.number);
});

function findMethod(service: DescService, name: string): DescMethod {
  const method = service.methods.find((candidate) => candidate.name === name);
  if (method === undefined) {
    throw new Error(`${service.typeName} lacks ${name}`);
  }
  return method;
}

function permissionOf(
  method: DescMethod,
  v1: typeof auth_option | typeof publishedAuthOption,
  v2: typeof v2Options | typeof publishedV2Options,
) {
  return {
    v1: hasOption(method, v1) ? getOption(method, v1).permission : undefined,
    v2: hasOption(method, v2)
      ? getOption(method, v2).authOption?.permission
      : undefined,
  };
}

/** Holds each field of ours to the published one, also in the messages of the published file that we have a part of. */
function expectPart(ours: DescMessage, theirs: DescMessage): void {
  expect(ours.typeName).toBe(theirs.typeName);
  for (const field of ours.fields) {
    const published = theirs.fields.find(({ name }) => name === field.name);
    if (field.message?.name === "User" && published?.message !== undefined) {
      expect(field.number).toBe(published.number);
      expectPart(field.message, published.message);
    } else {
      expect(fieldShape(field)).toEqual(published && fieldShape(published));
    }
  }
}

/** Everything of a message that the wire and JSON show, with the messages in it. */
function shape(message: DescMessage, within = new Set<string>()): unknown {
  if (within.has(message.typeName)) {
    return message.typeName;
  }
  const seen = new Set([...within, message.typeName]);
  return {
    name: message.typeName,
    fields: message.fields.map((field) => fieldShape(field, seen)),
  };
}

function fieldShape(
  field: DescField,
  seen: ReadonlySet<string> = new Set(),
): unknown {
  return {
    number: field.number,
    name: field.name,
    json: field.jsonName,
    kind: field.fieldKind,
    list: field.fieldKind === "list" ? field.listKind : undefined,
    scalar: field.scalar,
    presence: field.presence,
    oneof: field.oneof?.name,
    message: messageShape(field, seen),
    enum: field.enum && enumShape(field.enum),
  };
}

function messageShape(field: DescField, seen: ReadonlySet<string>): unknown {
  return field.message && shape(field.message, new Set(seen));
}

function enumShape(desc: DescEnum): unknown {
  return {
    name: desc.typeName,
    values: desc.values.map(({ name, number }) => [name, number]),
  };
}
