import type { ErrorEntry } from "./error-entry.ts";

/** The refusals of calls on policies, as a part of the catalogue. */
export const policyErrors = {
  defaultPolicyNotFound: {
    id: "INSTANCE-0oPew",
    code: "NOT_FOUND",
    key: "Errors.IAM.LockoutPolicy.NotFound",
    when: "The instance has no default policy.",
  },
  defaultPolicyNotChanged: {
    id: "INSTANCE-0psjF",
    code: "FAILED_PRECONDITION",
    key: "Errors.IAM.LockoutPolicy.NotChanged",
    when: "The default policy has both numbers already.",
  },
  orgPolicyExists: {
    id: "ORG-0olDf",
    code: "ALREADY_EXISTS",
    key: "Errors.ORG.LockoutPolicy.AlreadyExists",
    when: "The organisation has a policy of its own already.",
  },
  orgPolicyNotFoundOnUpdate: {
    id: "ORG-ADfs1",
    code: "NOT_FOUND",
    key: "Errors.Org.LockoutPolicy.NotFound",
    when: "The organisation has no policy of its own to update.",
  },
  orgPolicyNotChanged: {
    id: "ORG-0JFSr",
    code: "FAILED_PRECONDITION",
    key: "Errors.Org.LockoutPolicy.NotChanged",
    when: "The organisation's policy has both numbers already.",
  },
  orgPolicyNotFoundOnReset: {
    id: "ORG-D4zuz",
    code: "NOT_FOUND",
    key: "Errors.Org.LockoutPolicy.NotFound",
    when: "The organisation has no policy of its own to remove.",
  },
  orgMissingOnAdd: {
    id: "Org-8fJif",
    code: "INVALID_ARGUMENT",
    key: "Errors.ResourceOwnerMissing",
    when: "A policy is added without an organisation.",
  },
  orgMissingOnUpdate: {
    id: "Org-3J9fs",
    code: "INVALID_ARGUMENT",
    key: "Errors.ResourceOwnerMissing",
    when: "A policy is updated without an organisation.",
  },
  orgMissingOnReset: {
    id: "Org-4J9fs",
    code: "INVALID_ARGUMENT",
    key: "Errors.ResourceOwnerMissing",
    when: "A policy is removed without an organisation.",
  },
  rulesInvalid: {
    id: "LOCKOUTD-pol01",
    code: "INVALID_ARGUMENT",
    key: "the rules contradict themselves or are out of range",
    when: "Rules are set that cannot hold. A `google.rpc.BadRequest` beside the detail says of each field what is wrong with it. Nothing was changed.",
  },
  policyChangedSince: {
    id: "LOCKOUTD-pol02",
    code: "ABORTED",
    key: "the policy has changed since: read it again",
    when: "A policy is changed with an `etag` of what it was before. Nothing was changed.",
  },
  ifMatchFailed: {
    id: "LOCKOUTD-pol03",
    code: "ABORTED",
    key: "the policy has none of the etags in If-Match: read it again",
    when: "A policy is changed over JSON with a header `If-Match` that it does not fit. Nothing was changed.",
    httpStatus: 412,
  },
  presetUnknown: {
    id: "LOCKOUTD-pol04",
    code: "INVALID_ARGUMENT",
    key: "presets has a name that is none of these",
    when: "A policy is to be held against a preset that does not exist. The message names those that do.",
  },
  policyChangeUnknown: {
    id: "LOCKOUTD-pol05",
    code: "NOT_FOUND",
    key: "no change of this policy has that position",
    when: "A policy is to be rolled back to a change that ListPolicyChanges does not list for it. Nothing was changed.",
  },
} as const satisfies Record<string, ErrorEntry>;
