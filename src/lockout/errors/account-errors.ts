import type { ErrorEntry } from "./error-entry.ts";

/** Refusals of calls about service accounts: a part of the catalogue in `errors.ts`. */
export const accountErrors = {
  accountUnknown: {
    id: "LOCKOUTD-acc01",
    code: "NOT_FOUND",
    key: "service account not found",
    when: "A call names a service account that does not exist, or is none of an organisation where the caller may see it.",
  },
  loginNameInvalid: {
    id: "LOCKOUTD-acc02",
    code: "INVALID_ARGUMENT",
    key: "the login name of a service account has 1 to 200 visible characters, and none of blanks, %, + and :",
    when: "CreateServiceAccount, AddMachineUser or UpdateUserName is called with a login name that is none.",
  },
  accountNameTaken: {
    id: "LOCKOUTD-acc03",
    code: "ALREADY_EXISTS",
    key: "another service account has this login name",
    when: "CreateServiceAccount, AddMachineUser or UpdateUserName is called with the login name of another account of the installation.",
  },
  accountRoleUnknown: {
    id: "LOCKOUTD-acc04",
    code: "INVALID_ARGUMENT",
    key: "a service account has roles such as IAM_OWNER or ORG_OWNER",
    when: "CreateServiceAccount or UpdateServiceAccount names a role that does not exist.",
  },
  accountsTooMany: {
    id: "LOCKOUTD-acc05",
    code: "RESOURCE_EXHAUSTED",
    key: "the organisation has 1000 service accounts, which are the most: delete some",
    when: "CreateServiceAccount or AddMachineUser is called for an organisation that has as many accounts as it may have.",
  },
  keysTooMany: {
    id: "LOCKOUTD-acc06",
    code: "RESOURCE_EXHAUSTED",
    key: "the service account has 10 keys, which are the most: remove one",
    when: "AddKey or AddMachineKey is called for an account that has as many keys as it may have.",
  },
  publicKeyInvalid: {
    id: "LOCKOUTD-acc07",
    code: "INVALID_ARGUMENT",
    key: "public_key is PEM (BEGIN PUBLIC KEY) with a key of RSA (2048 to 4096 bits), P-256 or Ed25519",
    when: "AddKey or AddMachineKey is called with a public key that is none, or of another kind.",
  },
  keyExpiryPast: {
    id: "LOCKOUTD-acc08",
    code: "INVALID_ARGUMENT",
    key: "the expiry of a key must lie in the future",
    when: "AddKey or AddMachineKey is called with an expiry that has passed.",
  },
  keyUnknown: {
    id: "LOCKOUTD-acc09",
    code: "NOT_FOUND",
    key: "key not found",
    when: "RemoveKey, RemoveMachineKey or GetMachineKeyByIDs names a key that the account does not have.",
  },
  secretMissing: {
    id: "LOCKOUTD-acc10",
    code: "FAILED_PRECONDITION",
    key: "the service account has no secret",
    when: "RemoveSecret or RemoveMachineSecret is called for an account without a secret.",
  },
  subjectIsAccount: {
    id: "LOCKOUTD-acc11",
    code: "FAILED_PRECONDITION",
    key: "this is a service account, which has no attempts: only an administrator's lock stops it",
    when: "BeginAttempt, ReportAttempt, RecordPasswordChange or PutUser names a service account of the organisation of the call by its id. Nothing is counted or changed.",
  },
  machineByNameOnly: {
    id: "LOCKOUTD-acc12",
    code: "INVALID_ARGUMENT",
    key: "a service account has a user_name, a name and a description: it takes no id, and no type of access tokens other than the default",
    when: "AddMachineUser or UpdateMachine asks for more.",
  },
  memberRolesInvalid: {
    id: "LOCKOUTD-acc13",
    code: "INVALID_ARGUMENT",
    key: "roles are one or more: of the instance such as IAM_OWNER, of an organisation such as ORG_OWNER",
    when: "AddIAMMember, UpdateIAMMember, AddOrgMember or UpdateOrgMember names no role, or one that does not exist or holds elsewhere.",
  },
  memberExists: {
    id: "LOCKOUTD-acc14",
    code: "ALREADY_EXISTS",
    key: "the service account has roles there already: UpdateIAMMember or UpdateOrgMember replaces them",
    when: "AddIAMMember or AddOrgMember names an account that has such roles.",
  },
  memberUnknown: {
    id: "LOCKOUTD-acc15",
    code: "NOT_FOUND",
    key: "the service account has no roles there",
    when: "UpdateIAMMember, RemoveIAMMember, UpdateOrgMember or RemoveOrgMember names an account that has no such roles.",
  },
  memberNotChanged: {
    id: "LOCKOUTD-acc16",
    code: "FAILED_PRECONDITION",
    key: "the service account has just these roles there",
    when: "UpdateIAMMember or UpdateOrgMember names the roles that the account has.",
  },
  accountTokensTooMany: {
    id: "LOCKOUTD-acc17",
    code: "RESOURCE_EXHAUSTED",
    key: "the service account has 100 personal access tokens, expired ones too, which are the most: remove one",
    when: "AddPersonalAccessToken is called for an account that has as many tokens as it may have.",
  },
  accountNameInvalid: {
    id: "LOCKOUTD-acc18",
    code: "INVALID_ARGUMENT",
    key: "the name of a service account has 1 to 200 characters",
    when: "UpdateMachine is called without a name or with one that is too long.",
  },
  accountNotChanged: {
    id: "LOCKOUTD-acc19",
    code: "FAILED_PRECONDITION",
    key: "no changes: the service account has this name and description",
    when: "UpdateMachine is called with the name and the description that the account has.",
  },
  loginNameNotChanged: {
    id: "LOCKOUTD-acc20",
    code: "FAILED_PRECONDITION",
    key: "no changes: the service account has this login name",
    when: "UpdateUserName is called with the login name that the account has.",
  },
  userNameOfUser: {
    id: "LOCKOUTD-acc21",
    code: "FAILED_PRECONDITION",
    key: "this is a user, whose login names are aliases: PutUser of lockout.v1.UserService changes them",
    when: "UpdateUserName names a user who is no service account.",
  },
} as const satisfies Record<string, ErrorEntry>;
