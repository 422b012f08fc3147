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
import * as publishedAuth from "@zitadel/proto/zitadel/auth_pb";
import * as publishedManagement from "@zitadel/proto/zitadel/management_pb";
import * as publishedMessages from "@zitadel/proto/zitadel/message_pb";
import { auth_option as publishedAuthOption } from "@zitadel/proto/zitadel/options_pb";
import { options as publishedV2Options } from "@zitadel/proto/zitadel/protoc_gen_zitadel/v2/options_pb";
import * as publishedOrganizations from "@zitadel/proto/zitadel/org/v2/org_service_pb";
import * as publishedSettings from "@zitadel/proto/zitadel/settings/v2/settings_service_pb";
import * as publishedSettingsBeta from "@zitadel/proto/zitadel/settings/v2beta/settings_service_pb";
import * as publishedUsers from "@zitadel/proto/zitadel/user/v2/user_service_pb";
import * as publishedUsersBeta from "@zitadel/proto/zitadel/user/v2beta/user_service_pb";
import { describe, expect, it } from "vitest";
import { http } from "../../gen/google/api/annotations_pb.js";
import { HttpRuleSchema } from "../../gen/google/api/http_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { AuthService } from "../../gen/zitadel/auth_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import {
  CredentialsCheckErrorSchema,
  ErrorDetailSchema,
} from "../../gen/zitadel/message_pb.js";
import { auth_option } from "../../gen/zitadel/options_pb.js";
import { options as v2Options } from "../../gen/zitadel/protoc_gen_zitadel/v2/options_pb.js";
import { OrganizationService } from "../../gen/zitadel/org/v2/org_service_pb.js";
import { InstanceService } from "../../gen/zitadel/instance/v2/instance_service_pb.js";
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
    [
      ...["Healthz", "GetLockoutPolicy", "UpdateLockoutPolicy", "ListEvents"],
      ...["GetOrgByID", "GetDefaultOrg", "ListOrgs", "GetMyInstance"],
      ...["SetUpOrg", "RemoveOrg"],
      ...["AddIAMMember", "UpdateIAMMember", "RemoveIAMMember"],
      "ListIAMMembers",
    ],
  ],
  [
    ManagementService,
    publishedManagement.ManagementService,
    [
      "Healthz",
      ...["GetUserByID", "GetUserByLoginNameGlobal", "ListUsers"],
      "DeactivateUser",
      "ReactivateUser",
      "LockUser",
      "UnlockUser",
      "GetLockoutPolicy",
      "GetDefaultLockoutPolicy",
      "AddCustomLockoutPolicy",
      "UpdateCustomLockoutPolicy",
      "ResetLockoutPolicyToDefault",
      ...["GetMyOrg", "GetOrgByDomainGlobal", "AddOrg"],
      "UpdateOrg",
      ...[
        "AddMachineUser",
        "UpdateMachine",
        "UpdateUserName",
        "RemoveUser",
        "AddMachineKey",
      ],
      ...["GetMachineKeyByIDs", "ListMachineKeys", "RemoveMachineKey"],
      ...["AddPersonalAccessToken", "GetPersonalAccessTokenByIDs"],
      ...["ListPersonalAccessTokens", "RemovePersonalAccessToken"],
      ...["GenerateMachineSecret", "RemoveMachineSecret"],
      ...["AddOrgMember", "UpdateOrgMember", "RemoveOrgMember"],
      "ListOrgMembers",
    ],
  ],
  [SettingsService, publishedSettings.SettingsService, ["GetLockoutSettings"]],
  [
    SettingsServiceBeta,
    publishedSettingsBeta.SettingsService,
    ["GetLockoutSettings"],
  ],
  [
    AuthService,
    publishedAuth.AuthService,
    ["GetMyUser", "ListMyZitadelPermissions", "ListMyMemberships"],
  ],
  [
    UserService,
    publishedUsers.UserService,
    userMethods.toSpliced(1, 0, "ListUsers"),
  ],
  [UserServiceBeta, publishedUsersBeta.UserService, userMethods],
  [
    OrganizationService,
    publishedOrganizations.OrganizationService,
    ["AddOrganization", "ListOrganizations"],
  ],
];

/**
 * Of what these send and take, only a part is known here: its fields are as published. Others are never sent; what else is taken is refused, as a
 * message that is there, or a choice that is empty.
 */
const partOf: ReadonlySet<string> = new Set([
  ...["GetUserByID", "SetUpOrg", "AddOrganization", "ListUsers"],
  ...["GetUserByLoginNameGlobal", "GetMyUser"],
  ...["ListIAMMembers", "ListOrgMembers"],
]);

describe.each(services)("$typeName", (ours, theirs, methods) => {
  it("has the published name and the methods of the contract", () => {
    expect(ours.typeName).toBe(theirs.typeName);
    expect(ours.methods.map(({ name }) => name)).toEqual(methods);
  });

  it.each(methods)("%s is as published", (name) => {
    const our = findMethod(ours, name);
    const their = findMethod(theirs, name);
    expect(our.methodKind).toBe(their.methodKind);
    if (partOf.has(name)) {
      expectPart(our.input, their.input);
      expectPart(our.output, their.output);
    } else {
      expect(shape(our.input)).toEqual(shape(their.input));
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

it("InstanceService.GetInstance is as published since the descriptors that are compared with", () => {
  const [getInstance] = InstanceService.methods;
  expect(
    getInstance && permissionOf(getInstance, auth_option, v2Options),
  ).toEqual({
    v1: undefined,
    v2: "authenticated",
  });
  expect(getInstance && hasOption(getInstance, http)).toBe(false);
  const numbers = (message: DescMessage | undefined) =>
    message?.fields.map(({ name, number }) => `${name} ${number}`);
  const instance = getInstance?.output.fields[0]?.message;
  expect({
    name: InstanceService.typeName,
    request: numbers(getInstance?.input),
    response: numbers(getInstance?.output),
    instance: numbers(instance),
    domain: numbers(instance?.fields.at(-1)?.message),
  }).toEqual({
    name: "zitadel.instance.v2.InstanceService",
    request: ["instance_id 1"],
    response: ["instance 1"],
    instance: [
      ...["id 1", "change_date 2", "creation_date 3", "state 4", "name 5"],
      ...["version 6", "custom_domains 7"],
    ],
    domain: [
      ...["instance_id 1", "creation_date 2", "domain 3", "primary 4"],
      "generated 5",
    ],
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

/** Holds each field of ours to the published one, also in the messages that are part of it. */
function expectPart(ours: DescMessage, theirs: DescMessage): void {
  expect(ours.typeName).toBe(theirs.typeName);
  for (const field of ours.fields) {
    const published = theirs.fields.find(({ name }) => name === field.name);
    if (field.message !== undefined && published?.message !== undefined) {
      const ours = fieldShape(field) as object;
      expect({ ...ours, message: undefined }).toEqual({
        ...(fieldShape(published) as object),
        message: undefined,
      });
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
