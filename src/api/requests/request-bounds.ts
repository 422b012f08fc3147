import type { ErrorName } from "../../lockout/errors/errors.ts";

/** The most characters of a text that is refused, or cut, where it has more. */
export interface TextBound {
  /** Unicode code points, as ZITADEL's rules count them. */
  readonly characters: number;
  /** `cut` for what must not stop a login, else the refusal. `requestTooLong` names the field. */
  readonly above: ErrorName | "cut";
}

/** The most elements of a repeated field. */
export interface ListBound {
  readonly elements: number;
  readonly above: ErrorName;
  /** Of each element, where they are texts. What messages hold has bounds of its own. */
  readonly each?: TextBound;
}

/** The bound of a field: of its characters, bytes or items. */
export type FieldBound = TextBound | ListBound;

/** Nothing that is stored has a longer id: ours have 18 digits, and users' ids are at most as long as ZITADEL's. */
const idCharacters = 200;

const id: TextBound = { characters: idCharacters, above: "requestTooLong" };
const userId: TextBound = { characters: idCharacters, above: "userIdInvalid" };
const accountId: TextBound = {
  characters: idCharacters,
  above: "accountUnknown",
};
const tokenId: TextBound = { characters: idCharacters, above: "tokenUnknown" };
const keyId: TextBound = { characters: idCharacters, above: "keyUnknown" };
// RSA with 4096 bits has 800.
const publicKey: TextBound = { characters: 2000, above: "publicKeyInvalid" };
const memberRoles: ListBound = {
  elements: 100,
  above: "memberRolesInvalid",
  each: { characters: 200, above: "memberRolesInvalid" },
};
const hookId: TextBound = { characters: idCharacters, above: "hookUnknown" };
const loginName: TextBound = { characters: 200, above: "subjectMissing" };
const note: TextBound = { characters: 1000, above: "requestTooLong" };
const ticket: TextBound = { characters: 200, above: "requestTooLong" };
// A token holds where the page before ended: a time and an id, in which JSON may write six characters for one, as base64url.
const pageToken: TextBound = { characters: 2000, above: "pageInvalid" };
// ZITADEL takes 30 types of events and 10 of aggregates: whoever sends as many is served.
const types: ListBound = {
  elements: 100,
  above: "requestTooLong",
  each: { characters: 200, above: "requestTooLong" },
};

const orgId: TextBound = {
  characters: idCharacters,
  above: "organizationUnknown",
};
const orgName: TextBound = { characters: 200, above: "orgNameInvalid" };
/** What a list is asked for with: as many queries, and as long texts, as ZITADEL's rules allow. */
const queries: ListBound = { elements: 20, above: "requestTooLong" };
const queriedIds: ListBound = {
  elements: 1000,
  above: "requestTooLong",
  each: id,
};
const queryText: TextBound = { characters: 200, above: "requestTooLong" };

/** The most bytes of a digest of a secret: SHA-512 has as many. */
const secretDigest: TextBound = {
  characters: 64,
  above: "secretDigestInvalid",
};

/** An address, or the list of them that proxies have written. */
export const clientAddressCharacters = 1000;

/**
 * How long each text and each list of a request may be, by the full name of its field. A field that is not here keeps a server from
 * starting: nothing that a caller sends is read, kept or compared before its length was checked.
 */
export const requestBounds: Readonly<Record<string, FieldBound>> = {
  "zitadel.admin.v1.ListEventsRequest.editor_user_id": id,
  "zitadel.admin.v1.ListEventsRequest.event_types": types,
  "zitadel.admin.v1.ListEventsRequest.aggregate_id": id,
  "zitadel.admin.v1.ListEventsRequest.aggregate_types": types,
  "zitadel.admin.v1.ListEventsRequest.resource_owner": id,
  "zitadel.admin.v1.GetOrgByIDRequest.id": orgId,
  "zitadel.admin.v1.RemoveOrgRequest.org_id": orgId,
  "zitadel.admin.v1.ListOrgsRequest.queries": queries,
  "zitadel.org.v1.OrgNameQuery.name": queryText,
  "zitadel.org.v1.OrgDomainQuery.domain": queryText,
  "zitadel.org.v1.OrgIDQuery.id": id,
  "zitadel.admin.v1.SetUpOrgRequest.Org.name": orgName,
  "zitadel.admin.v1.SetUpOrgRequest.Org.domain": queryText,
  "zitadel.admin.v1.SetUpOrgRequest.roles": types,
  "zitadel.management.v1.GetOrgByDomainGlobalRequest.domain": queryText,
  "zitadel.management.v1.AddOrgRequest.name": orgName,
  "zitadel.management.v1.UpdateOrgRequest.name": orgName,
  "zitadel.org.v2.AddOrganizationRequest.name": orgName,
  "zitadel.org.v2.AddOrganizationRequest.admins": queries,
  "zitadel.org.v2.AddOrganizationRequest.Admin.user_id": id,
  "zitadel.org.v2.AddOrganizationRequest.Admin.roles": types,
  "zitadel.org.v2.AddOrganizationRequest.org_id": id,
  "zitadel.org.v2.ListOrganizationsRequest.queries": queries,
  "zitadel.org.v2.OrganizationNameQuery.name": queryText,
  "zitadel.org.v2.OrganizationDomainQuery.domain": queryText,
  "zitadel.org.v2.OrganizationIDQuery.id": id,
  "zitadel.instance.v2.GetInstanceRequest.instance_id": {
    characters: idCharacters,
    above: "instanceUnknown",
  },
  "zitadel.admin.v1.AddIAMMemberRequest.user_id": accountId,
  "zitadel.admin.v1.AddIAMMemberRequest.roles": memberRoles,
  "zitadel.admin.v1.UpdateIAMMemberRequest.user_id": accountId,
  "zitadel.admin.v1.UpdateIAMMemberRequest.roles": memberRoles,
  "zitadel.admin.v1.RemoveIAMMemberRequest.user_id": accountId,
  "zitadel.admin.v1.ListIAMMembersRequest.queries": queries,
  "zitadel.management.v1.AddOrgMemberRequest.user_id": accountId,
  "zitadel.management.v1.AddOrgMemberRequest.roles": memberRoles,
  "zitadel.management.v1.UpdateOrgMemberRequest.user_id": accountId,
  "zitadel.management.v1.UpdateOrgMemberRequest.roles": memberRoles,
  "zitadel.management.v1.RemoveOrgMemberRequest.user_id": accountId,
  "zitadel.management.v1.ListOrgMembersRequest.queries": queries,
  "zitadel.member.v1.UserIDQuery.user_id": id,
  "zitadel.management.v1.AddMachineUserRequest.user_name": {
    characters: 200,
    above: "loginNameInvalid",
  },
  "zitadel.management.v1.AddMachineUserRequest.name": queryText,
  "zitadel.management.v1.AddMachineUserRequest.description": queryText,
  "zitadel.management.v1.AddMachineUserRequest.user_id": id,
  "zitadel.management.v1.UpdateMachineRequest.user_id": accountId,
  "zitadel.management.v1.UpdateMachineRequest.description": {
    // As many as ZITADEL's rules allow.
    characters: 500,
    above: "requestTooLong",
  },
  "zitadel.management.v1.UpdateMachineRequest.name": {
    characters: 200,
    above: "accountNameInvalid",
  },
  "zitadel.management.v1.UpdateUserNameRequest.user_id": userId,
  "zitadel.management.v1.UpdateUserNameRequest.user_name": {
    characters: 200,
    above: "loginNameInvalid",
  },
  "zitadel.management.v1.RemoveUserRequest.id": userId,
  "zitadel.management.v1.AddMachineKeyRequest.user_id": accountId,
  "zitadel.management.v1.AddMachineKeyRequest.public_key": publicKey,
  "zitadel.management.v1.GetMachineKeyByIDsRequest.user_id": accountId,
  "zitadel.management.v1.GetMachineKeyByIDsRequest.key_id": keyId,
  "zitadel.management.v1.ListMachineKeysRequest.user_id": accountId,
  "zitadel.management.v1.RemoveMachineKeyRequest.user_id": accountId,
  "zitadel.management.v1.RemoveMachineKeyRequest.key_id": keyId,
  "zitadel.management.v1.AddPersonalAccessTokenRequest.user_id": accountId,
  "zitadel.management.v1.ListPersonalAccessTokensRequest.user_id": accountId,
  "zitadel.management.v1.GetPersonalAccessTokenByIDsRequest.user_id": accountId,
  "zitadel.management.v1.GetPersonalAccessTokenByIDsRequest.token_id": tokenId,
  "zitadel.management.v1.RemovePersonalAccessTokenRequest.user_id": accountId,
  "zitadel.management.v1.RemovePersonalAccessTokenRequest.token_id": tokenId,
  "zitadel.management.v1.GenerateMachineSecretRequest.user_id": accountId,
  "zitadel.management.v1.RemoveMachineSecretRequest.user_id": accountId,
  "zitadel.management.v1.GetUserByIDRequest.id": userId,
  "zitadel.management.v1.GetUserByLoginNameGlobalRequest.login_name": queryText,
  "zitadel.management.v1.ListUsersRequest.queries": queries,
  "zitadel.user.v1.UserNameQuery.user_name": queryText,
  "zitadel.user.v1.LoginNameQuery.login_name": queryText,
  "zitadel.user.v1.InUserIDQuery.user_ids": queriedIds,
  "zitadel.user.v2.ListUsersRequest.queries": queries,
  "zitadel.user.v2.UserNameQuery.user_name": queryText,
  "zitadel.user.v2.LoginNameQuery.login_name": queryText,
  "zitadel.user.v2.InUserIDQuery.user_ids": queriedIds,
  "zitadel.user.v2.OrganizationIdQuery.organization_id": id,
  "zitadel.auth.v1.ListMyMembershipsRequest.queries": queries,
  "zitadel.user.v1.MembershipOrgQuery.org_id": id,
  "zitadel.user.v1.MembershipProjectQuery.project_id": id,
  "zitadel.user.v1.MembershipProjectGrantQuery.project_grant_id": id,
  "zitadel.management.v1.DeactivateUserRequest.id": userId,
  "zitadel.management.v1.ReactivateUserRequest.id": userId,
  "zitadel.management.v1.LockUserRequest.id": userId,
  "zitadel.management.v1.UnlockUserRequest.id": userId,
  "zitadel.object.v2.RequestContext.org_id": id,
  "zitadel.object.v2beta.RequestContext.org_id": id,
  "zitadel.user.v2.GetUserByIDRequest.user_id": userId,
  "zitadel.user.v2.DeactivateUserRequest.user_id": userId,
  "zitadel.user.v2.ReactivateUserRequest.user_id": userId,
  "zitadel.user.v2.LockUserRequest.user_id": userId,
  "zitadel.user.v2.UnlockUserRequest.user_id": userId,
  "zitadel.user.v2beta.GetUserByIDRequest.user_id": userId,
  "zitadel.user.v2beta.DeactivateUserRequest.user_id": userId,
  "zitadel.user.v2beta.ReactivateUserRequest.user_id": userId,
  "zitadel.user.v2beta.LockUserRequest.user_id": userId,
  "zitadel.user.v2beta.UnlockUserRequest.user_id": userId,
  "lockout.v1.BeginAttemptRequest.user_id": userId,
  "lockout.v1.BeginAttemptRequest.login_name": loginName,
  // Ours are shorter: one that is cut is as none.
  "lockout.v1.Client.device_token": { characters: 200, above: "cut" },
  "lockout.v1.ForgetDevicesRequest.user_id": userId,
  "lockout.v1.Client.address": {
    characters: clientAddressCharacters,
    above: "cut",
  },
  // Texts from browsers.
  "lockout.v1.Client.user_agent": { characters: 1000, above: "cut" },
  "lockout.v1.Client.device": { characters: 1000, above: "cut" },
  "lockout.v1.CompleteAttemptRequest.attempt_id": {
    characters: idCharacters,
    above: "attemptUnknown",
  },
  "lockout.v1.CompleteAttemptRequest.secret_digest": secretDigest,
  "lockout.v1.ReportAttemptRequest.user_id": userId,
  "lockout.v1.ReportAttemptRequest.login_name": loginName,
  "lockout.v1.ReportAttemptRequest.secret_digest": secretDigest,
  "lockout.v1.ReportAttemptRequest.idempotency_key": {
    characters: 200,
    above: "requestTooLong",
  },
  "lockout.v1.RecordPasswordChangeRequest.user_id": userId,
  "lockout.v1.GetLockoutRequest.user_id": userId,
  "lockout.v1.GetLockoutRequest.login_name": loginName,
  "lockout.v1.UnlockUsersRequest.user_ids": {
    elements: 10_000,
    above: "requestTooLong",
    each: userId,
  },
  // An address with a zone, and the length of a prefix.
  "lockout.v1.UnlockUsersRequest.address": {
    characters: 68,
    above: "unlockFilterInvalid",
  },
  "lockout.v1.UnlockUsersRequest.name_prefix": {
    characters: 200,
    above: "unlockFilterInvalid",
  },
  "lockout.v1.UnlockUsersRequest.page_token": pageToken,
  "lockout.v1.UnlockUsersRequest.note": note,
  "lockout.v1.UnlockUsersRequest.ticket": ticket,
  "lockout.v1.UnlockRequest.user_id": userId,
  "lockout.v1.UnlockRequest.login_name": loginName,
  "lockout.v1.UnlockRequest.note": note,
  "lockout.v1.UnlockRequest.ticket": ticket,
  "lockout.v1.ListLockedUsersRequest.page_token": pageToken,
  "lockout.v1.ListLockedUsersRequest.name_prefix": {
    characters: 200,
    above: "lockedListInvalid",
  },
  "lockout.v1.ListLockedUsersRequest.order_by": {
    characters: 200,
    above: "lockedListInvalid",
  },
  "lockout.v1.ListUserEventsRequest.user_id": userId,
  "lockout.v1.ListUserEventsRequest.page_token": pageToken,
  "lockout.v1.ListUserEventsRequest.event_types": types,
  "lockout.v1.WatchEventsRequest.after": {
    characters: 20,
    above: "positionInvalid",
  },
  "lockout.v1.WatchEventsRequest.event_types": types,
  "lockout.v1.User.user_id": userId,
  "lockout.v1.User.aliases": {
    elements: 100,
    above: "aliasInvalid",
    each: { characters: 200, above: "aliasInvalid" },
  },
  "lockout.v1.User.resource_owner": id,
  "lockout.v1.GetUserRequest.user_id": userId,
  "lockout.v1.ListUsersRequest.page_token": pageToken,
  "lockout.v1.ListUsersRequest.filter": {
    characters: 200,
    above: "requestTooLong",
  },
  "lockout.v1.FindUsersRequest.query": {
    characters: 200,
    above: "findQueryInvalid",
  },
  "lockout.v1.FindUsersRequest.page_token": pageToken,
  "lockout.v1.DeleteUserRequest.user_id": userId,
  "lockout.v1.SetRulesRequest.etag": {
    characters: idCharacters,
    above: "policyChangedSince",
  },
  "lockout.v1.ResetRulesRequest.etag": {
    characters: idCharacters,
    above: "policyChangedSince",
  },
  "lockout.v1.RollBackPolicyRequest.etag": {
    characters: idCharacters,
    above: "policyChangedSince",
  },
  "lockout.v1.RollBackPolicyRequest.change": {
    characters: 20,
    above: "policyChangeUnknown",
  },
  "lockout.v1.ListPolicyChangesRequest.page_token": pageToken,
  "lockout.v1.Hook.hook_id": hookId,
  "lockout.v1.Hook.url": { characters: 2000, above: "hookUrlInvalid" },
  "lockout.v1.Hook.event_types": { ...types, elements: 200 },
  "lockout.v1.Hook.presets": types,
  "lockout.v1.Hook.organization_id": id,
  "lockout.v1.ListHooksRequest.page_token": pageToken,
  "lockout.v1.GetHookRequest.hook_id": hookId,
  "lockout.v1.DeleteHookRequest.hook_id": hookId,
  "lockout.v1.RotateHookRequest.hook_id": hookId,
  "lockout.v1.TestHookRequest.hook_id": hookId,
  "lockout.v1.ListHookDeliveriesRequest.hook_id": hookId,
  "lockout.v1.ListHookDeliveriesRequest.page_token": pageToken,
  "lockout.v1.RedeliverHookDeliveryRequest.hook_id": hookId,
  "lockout.v1.RedeliverHookDeliveryRequest.delivery_id": {
    characters: idCharacters,
    above: "deliveryUnknown",
  },
  "lockout.v1.CheckPolicyRequest.presets": {
    elements: 100,
    above: "requestTooLong",
    each: { characters: 200, above: "requestTooLong" },
  },
  "lockout.v1.CreateOrganizationRequest.name": orgName,
  "lockout.v1.CreateTokenRequest.name": {
    characters: 200,
    above: "tokenNameInvalid",
  },
  "lockout.v1.CreateTokenRequest.organization_id": {
    characters: idCharacters,
    above: "tokenOrgUnknown",
  },
  "lockout.v1.CreateTokenRequest.roles": {
    elements: 100,
    above: "roleUnknown",
    each: { characters: 200, above: "roleUnknown" },
  },
  "lockout.v1.ListOrganizationsRequest.page_token": pageToken,
  "lockout.v1.ListTokensRequest.page_token": pageToken,
  "lockout.v1.ServiceAccount.user_id": accountId,
  "lockout.v1.ServiceAccount.login_name": {
    characters: 200,
    above: "loginNameInvalid",
  },
  "lockout.v1.ServiceAccount.name": {
    characters: 200,
    above: "requestTooLong",
  },
  "lockout.v1.ServiceAccount.organization_id": {
    characters: idCharacters,
    above: "tokenOrgUnknown",
  },
  "lockout.v1.ServiceAccount.roles": {
    elements: 100,
    above: "accountRoleUnknown",
    each: { characters: 200, above: "accountRoleUnknown" },
  },
  "lockout.v1.ListServiceAccountsRequest.page_token": pageToken,
  "lockout.v1.DeleteServiceAccountRequest.user_id": accountId,
  "lockout.v1.AddKeyRequest.user_id": accountId,
  "lockout.v1.AddKeyRequest.public_key": publicKey,
  "lockout.v1.ListKeysRequest.user_id": accountId,
  "lockout.v1.RemoveKeyRequest.user_id": accountId,
  "lockout.v1.RemoveKeyRequest.key_id": keyId,
  "lockout.v1.SetSecretRequest.user_id": accountId,
  "lockout.v1.RemoveSecretRequest.user_id": accountId,
  "lockout.v1.RotateTokenRequest.token_id": tokenId,
  "lockout.v1.RevokeTokenRequest.token_id": tokenId,
};
