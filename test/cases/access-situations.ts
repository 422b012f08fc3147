import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { SettingsService } from "../../gen/zitadel/settings/v2/settings_service_pb.js";
import { refusal } from "./situation.ts";
import type { Call, CallHeaders, Situation, Stage } from "./situation.ts";

const headerMissing = refusal.unauthenticated(undefined, "auth header missing");
const tokenInvalid = refusal.unauthenticated(
  "AUTH-7fs1e",
  "Errors.Token.Invalid",
);
const orgUnknown = refusal.denied("AUTH-Bs7Ds", "Organisation doesn't exist");
const noMembership = refusal.notFound("AUTHZ-cdgFk", "membership not found");
const noPermission = refusal.denied(
  "AUTH-5mWD2",
  "No matching permissions found",
);

type MakeHeaders = (stage: Stage) => CallHeaders | Promise<CallHeaders>;

const readOrg =
  (headers: MakeHeaders): Call =>
  async (door, stage) =>
    door.call(
      ManagementService.method.getLockoutPolicy,
      {},
      await headers(stage),
    );
const updateDefault =
  (headers: MakeHeaders): Call =>
  async (door, stage) =>
    door.call(
      AdminService.method.updateLockoutPolicy,
      { maxPasswordAttempts: 7 },
      await headers(stage),
    );
const readSettings =
  (headers: MakeHeaders): Call =>
  async (door, stage) =>
    door.call(
      SettingsService.method.getLockoutSettings,
      {},
      await headers(stage),
    );

const unknownOrg = "999999999999999999";

/** Section 4 of the contract: who may call. */
export const accessSituations: readonly Situation[] = [
  {
    name: "no header",
    call: readOrg(() => ({})),
    refused: headerMissing,
  },
  {
    name: "no header, on an admin call",
    call: updateDefault(() => ({})),
    refused: headerMissing,
  },
  {
    name: "not a bearer header",
    call: readOrg(() => ({ authorization: "Basic dXNlcjpwYXNz" })),
    refused: tokenInvalid,
  },
  {
    name: "a bearer header without a token",
    call: readOrg(() => ({ authorization: "Bearer" })),
    refused: tokenInvalid,
  },
  {
    name: "a token that does not exist",
    call: readOrg(() => ({ token: "no-such-token" })),
    refused: tokenInvalid,
  },
  {
    name: "an expired token",
    call: readOrg(async ({ token, server }) => {
      const expiring = await token(["ORG_OWNER"], 60_000);
      server.advance(60_000);
      return { token: expiring };
    }),
    refused: tokenInvalid,
  },
  {
    name: "the token is looked at before the organisation",
    call: readOrg(() => ({ token: "no-such-token", orgId: unknownOrg })),
    refused: tokenInvalid,
  },
  {
    name: "an unknown organisation",
    call: readOrg(({ server }) => ({
      token: server.adminToken,
      orgId: unknownOrg,
    })),
    refused: orgUnknown,
  },
  {
    name: "an unknown organisation, on an admin call",
    call: updateDefault(({ server }) => ({
      token: server.adminToken,
      orgId: unknownOrg,
    })),
    refused: orgUnknown,
  },
  {
    name: "an unknown organisation, on a v2 call",
    call: readSettings(({ server }) => ({
      token: server.adminToken,
      orgId: unknownOrg,
    })),
    refused: orgUnknown,
  },
  {
    name: "an organisation where the caller has no membership",
    call: readOrg(({ orgOwner, server }) => ({
      token: orgOwner,
      orgId: server.firstOrgId,
    })),
    refused: noMembership,
  },
  {
    name: "a membership without the permission",
    call: readOrg(async ({ token }) => ({
      token: await token(["IAM_USER_MANAGER"]),
    })),
    refused: noPermission,
  },
  {
    name: "an organisation's owner, on an admin call",
    call: updateDefault(({ orgOwner }) => ({ token: orgOwner })),
    refused: noPermission,
  },
];
