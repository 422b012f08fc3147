import type { JsonObject } from "@bufbuild/protobuf";

const alice = { userId: "alice" };
const aliceV1 = { id: "alice" };
const remarks = { note: "called the help desk", ticket: "HD-1204" };
const limits = { maxPasswordAttempts: 5, maxOtpAttempts: 3 };
const candidate = {
  presets: ["pci-dss-4.0.1"],
  candidate: { ...limits, rules: { lockDuration: "1800s" } },
};
const hook = {
  url: "https://hooks.example.com/lockoutd",
  presets: ["lock"],
};
const hookId = { hookId: "HOOK_ID" };
const delivery = { ...hookId, deliveryId: "DELIVERY_ID" };
const accountId = { userId: "ACCOUNT_ID" };
const orgId = { id: "ORG_ID" };
const orgNamed = (nameQuery: JsonObject) => ({
  query: { limit: 20 },
  queries: [{ nameQuery }],
});
const listedByName = {
  query: { limit: 20 },
  queries: [
    {
      loginNameQuery: {
        loginName: "alice",
        method: "TEXT_QUERY_METHOD_STARTS_WITH",
      },
    },
  ],
};
const machineKey = { ...accountId, keyId: "MACHINE_KEY_ID" };
const machineToken = { ...accountId, tokenId: "MACHINE_TOKEN_ID" };
const aliceTries = {
  ...alice,
  factor: "FACTOR_PASSWORD",
  client: { address: "192.0.2.7", userAgent: "Mozilla/5.0" },
};

/**
 * A request for each method with a body or a path that names something, by the method's full name, as the page of the API offers it. They work on a
 * server with a locked user `alice`, in an order in which each finds what it changes; ids that the server makes are placeholders.
 */
export const examples: Readonly<Record<string, JsonObject>> = {
  "zitadel.admin.v1.AdminService.UpdateLockoutPolicy": limits,
  "zitadel.admin.v1.AdminService.ListEvents": {
    limit: 20,
    eventTypes: ["user.locked", "user.unlocked"],
  },
  "zitadel.management.v1.ManagementService.AddCustomLockoutPolicy": limits,
  "zitadel.management.v1.ManagementService.UpdateCustomLockoutPolicy": {
    maxPasswordAttempts: 7,
    maxOtpAttempts: 5,
  },
  "lockout.v1.PolicyService.SetRules": { rules: {} },
  "lockout.v1.PolicyService.SetInstanceRules": { rules: {} },
  "lockout.v1.PolicyService.RollBackPolicy": { change: "POSITION" },
  "lockout.v1.PolicyService.RollBackInstancePolicy": { change: "POSITION" },
  "lockout.v1.PolicyService.CheckPolicy": candidate,
  "lockout.v1.PolicyService.CheckInstancePolicy": candidate,
  "lockout.v1.UserService.PutUser": {
    ...alice,
    aliases: ["alice@example.com"],
    state: "USER_STATE_ACTIVE",
  },
  "lockout.v1.UserService.GetUser": alice,
  "lockout.v1.AttemptService.Unlock": { ...alice, ...remarks },
  "lockout.v1.AttemptService.UnlockUsers": {
    address: "192.0.2.0/24",
    namePrefix: "alice",
    dryRun: true,
    ...remarks,
  },
  "lockout.v1.AttemptService.BeginAttempt": aliceTries,
  "lockout.v1.AttemptService.CompleteAttempt": {
    attemptId: "ATTEMPT_ID",
    outcome: "OUTCOME_FAILED",
  },
  "lockout.v1.AttemptService.ReportAttempt": {
    ...aliceTries,
    outcome: "OUTCOME_FAILED",
  },
  "lockout.v1.AttemptService.RecordPasswordChange": alice,
  "lockout.v1.AttemptService.ForgetDevices": alice,
  "lockout.v1.AttemptService.GetLockout": alice,
  "lockout.v1.AttemptService.ListUserEvents": alice,
  "zitadel.management.v1.ManagementService.GetUserByID": aliceV1,
  "zitadel.management.v1.ManagementService.ListUsers": listedByName,
  "zitadel.user.v2.UserService.ListUsers": listedByName,
  "zitadel.auth.v1.AuthService.ListMyMemberships": {
    queries: [{ iamQuery: { iam: true } }],
  },
  "zitadel.management.v1.ManagementService.DeactivateUser": aliceV1,
  "zitadel.management.v1.ManagementService.ReactivateUser": aliceV1,
  "zitadel.management.v1.ManagementService.LockUser": aliceV1,
  "zitadel.management.v1.ManagementService.UnlockUser": aliceV1,
  "zitadel.user.v2.UserService.GetUserByID": alice,
  "zitadel.user.v2.UserService.DeactivateUser": alice,
  "zitadel.user.v2.UserService.ReactivateUser": alice,
  "zitadel.user.v2.UserService.LockUser": alice,
  "zitadel.user.v2.UserService.UnlockUser": alice,
  "zitadel.user.v2beta.UserService.GetUserByID": alice,
  "zitadel.user.v2beta.UserService.DeactivateUser": alice,
  "zitadel.user.v2beta.UserService.ReactivateUser": alice,
  "zitadel.user.v2beta.UserService.LockUser": alice,
  "zitadel.user.v2beta.UserService.UnlockUser": alice,
  "lockout.v1.UserService.DeleteUser": alice,
  "lockout.v1.AccessService.CreateOrganization": { name: "Example Inc." },
  "zitadel.management.v1.ManagementService.AddOrg": { name: "Example Ltd." },
  "zitadel.org.v2.OrganizationService.AddOrganization": {
    name: "Example GmbH",
  },
  "zitadel.org.v2.OrganizationService.ListOrganizations": orgNamed({
    name: "example",
    method: "TEXT_QUERY_METHOD_STARTS_WITH_IGNORE_CASE",
  }),
  "zitadel.admin.v1.AdminService.SetUpOrg": { org: { name: "Example SA" } },
  "zitadel.admin.v1.AdminService.ListOrgs": orgNamed({ name: "Example SA" }),
  "zitadel.admin.v1.AdminService.GetOrgByID": orgId,
  "lockout.v1.AccessService.CreateToken": {
    name: "login page",
    roles: ["IAM_LOGIN_CLIENT"],
  },
  "lockout.v1.AccessService.RotateToken": {
    tokenId: "TOKEN_ID",
    overlap: "3600s",
  },
  "lockout.v1.AccessService.RevokeToken": { tokenId: "TOKEN_ID" },
  "lockout.v1.AccessService.CreateServiceAccount": {
    loginName: "login-page",
    name: "login page",
    roles: ["IAM_LOGIN_CLIENT"],
  },
  "lockout.v1.AccessService.UpdateServiceAccount": {
    ...accountId,
    name: "login page, second version",
  },
  "lockout.v1.AccessService.AddKey": accountId,
  "lockout.v1.AccessService.ListKeys": accountId,
  "lockout.v1.AccessService.RemoveKey": { ...accountId, keyId: "KEY_ID" },
  "lockout.v1.AccessService.SetSecret": accountId,
  "lockout.v1.AccessService.RemoveSecret": accountId,
  "zitadel.management.v1.ManagementService.AddMachineUser": {
    userName: "reports",
    name: "monthly reports",
  },
  "zitadel.management.v1.ManagementService.UpdateMachine": {
    ...accountId,
    name: "login page, third version",
  },
  "zitadel.management.v1.ManagementService.UpdateUserName": {
    ...accountId,
    userName: "login-page-3",
  },
  "zitadel.management.v1.ManagementService.UpdateOrg": { name: "Example AG" },
  "zitadel.management.v1.ManagementService.AddMachineKey": accountId,
  "zitadel.management.v1.ManagementService.ListMachineKeys": accountId,
  "zitadel.management.v1.ManagementService.GetMachineKeyByIDs": machineKey,
  "zitadel.management.v1.ManagementService.RemoveMachineKey": machineKey,
  "zitadel.management.v1.ManagementService.AddPersonalAccessToken": accountId,
  "zitadel.management.v1.ManagementService.ListPersonalAccessTokens": accountId,
  "zitadel.management.v1.ManagementService.GetPersonalAccessTokenByIDs":
    machineToken,
  "zitadel.management.v1.ManagementService.RemovePersonalAccessToken":
    machineToken,
  "zitadel.management.v1.ManagementService.GenerateMachineSecret": accountId,
  "zitadel.management.v1.ManagementService.RemoveMachineSecret": accountId,
  "zitadel.management.v1.ManagementService.AddOrgMember": {
    ...accountId,
    roles: ["ORG_OWNER_VIEWER"],
  },
  "zitadel.management.v1.ManagementService.UpdateOrgMember": {
    ...accountId,
    roles: ["ORG_USER_MANAGER"],
  },
  "zitadel.management.v1.ManagementService.ListOrgMembers": {},
  "zitadel.management.v1.ManagementService.RemoveOrgMember": accountId,
  "zitadel.admin.v1.AdminService.UpdateIAMMember": {
    ...accountId,
    roles: ["IAM_OWNER_VIEWER"],
  },
  "zitadel.admin.v1.AdminService.ListIAMMembers": {
    queries: [{ userIdQuery: accountId }],
  },
  "zitadel.admin.v1.AdminService.RemoveIAMMember": accountId,
  "zitadel.admin.v1.AdminService.AddIAMMember": {
    ...accountId,
    roles: ["IAM_LOGIN_CLIENT"],
  },
  "lockout.v1.AccessService.DeleteServiceAccount": accountId,
  "zitadel.management.v1.ManagementService.RemoveUser": { id: "MACHINE_ID" },
  "zitadel.admin.v1.AdminService.RemoveOrg": { orgId: "ORG_ID" },
  ...hookExamples(""),
  ...hookExamples("Instance"),
};

/** Of the calls about the hooks of an organisation, or of the instance. */
function hookExamples(whose: "" | "Instance"): Record<string, JsonObject> {
  const of = (call: string) =>
    `lockout.v1.HookService.${call.replace("Hook", `${whose}Hook`)}`;
  return {
    [of("CreateHook")]: hook,
    [of("GetHook")]: hookId,
    [of("UpdateHook")]: { ...hookId, eventTypes: ["user.locked"] },
    [of("RotateHook")]: hookId,
    [of("TestHook")]: hookId,
    [of("ListHookDeliveries")]: hookId,
    [of("RedeliverHookDelivery")]: delivery,
    [of("DeleteHook")]: hookId,
  };
}
