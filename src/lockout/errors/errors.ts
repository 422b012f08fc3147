/**
 * The catalogue of errors: every refusal that has a meaning of its own stands here once, with its id, its
 * code and its text. `docs/reference/errors.md` is made from it.
 */

import { accountErrors } from "./account-errors.ts";
import type { ErrorEntry } from "./error-entry.ts";
import { hookErrors } from "./hook-errors.ts";
import { lookupErrors } from "./lookup-errors.ts";
import { policyErrors } from "./policy-errors.ts";

const entries = {
  ...policyErrors,
  ...lookupErrors,
  authHeaderMissing: {
    id: "",
    code: "UNAUTHENTICATED",
    key: "auth header missing",
    when: "The call has no authorization header.",
  },
  tokenInvalid: {
    id: "AUTH-7fs1e",
    code: "UNAUTHENTICATED",
    key: "Errors.Token.Invalid",
    when: "The authorization header is not `Bearer <token>`, or the token is unknown, revoked or expired, or has other roles than when the call began.",
  },
  issuerUnavailable: {
    id: "LOCKOUTD-sgn01",
    code: "UNAVAILABLE",
    key: "the issuer of the token cannot be asked for its keys at the moment, try again",
    when: "The token is of the issuer that `--oidc-issuer` names, which is away, as the log says; or its key is unknown, and the issuer was asked for its keys less than five seconds ago.",
  },
  orgUnknown: {
    id: "AUTH-Bs7Ds",
    code: "PERMISSION_DENIED",
    key: "Organisation doesn't exist",
    when: "The header x-zitadel-orgid names an organisation that does not exist.",
  },
  membershipNotFound: {
    id: "AUTHZ-cdgFk",
    code: "NOT_FOUND",
    key: "membership not found",
    when: "The caller has no role in the organisation of the call, nor on the instance.",
  },
  permissionDenied: {
    id: "AUTH-5mWD2",
    code: "PERMISSION_DENIED",
    key: "No matching permissions found",
    when: "None of the caller's roles in the organisation of the call has the permission.",
  },
  contextInstanceFalse: {
    id: "LOCKOUTD-ctx01",
    code: "INVALID_ARGUMENT",
    key: "ctx.instance must be true when it is set",
    when: "GetLockoutSettings is called with `ctx.instance` set to false.",
  },
  eventRangeEmpty: {
    id: "LOCKOUTD-evt01",
    code: "INVALID_ARGUMENT",
    key: "range.since must not be after range.until",
    when: "ListEvents is called with a range that ends before it begins.",
  },
  userUnknownOnLockV1: {
    id: "COMMAND-5M9fs",
    code: "NOT_FOUND",
    key: "Errors.User.NotFound",
    when: "LockUser (v1) names a user that the organisation of the call does not have.",
  },
  userStateOnLockV1: {
    id: "COMMAND-3NN8v",
    code: "FAILED_PRECONDITION",
    key: "Errors.User.ShouldBeActiveOrInitial",
    when: "LockUser (v1) names a user who is inactive or locked already.",
  },
  userUnknownOnUnlockV1: {
    id: "COMMAND-M0dos",
    code: "NOT_FOUND",
    key: "Errors.User.NotFound",
    when: "UnlockUser (v1) names a user that the organisation of the call does not have.",
  },
  userNotLockedV1: {
    id: "COMMAND-4M0ds",
    code: "FAILED_PRECONDITION",
    key: "Errors.User.NotLocked",
    when: "UnlockUser (v1) names a user who is not locked.",
  },
  userUnknownOnLockV2: {
    id: "COMMAND-450yxuqrh1",
    code: "NOT_FOUND",
    key: "Errors.User.NotFound",
    when: "LockUser (v2) names a user that does not exist.",
  },
  userStateOnLockV2: {
    id: "COMMAND-lgws8wtsqf",
    code: "FAILED_PRECONDITION",
    key: "Errors.User.ShouldBeActiveOrInitial",
    when: "LockUser (v2) names a user who is inactive or locked already.",
  },
  userUnknownOnUnlockV2: {
    id: "COMMAND-x377t913pw",
    code: "NOT_FOUND",
    key: "Errors.User.NotFound",
    when: "UnlockUser (v2) names a user that does not exist.",
  },
  userNotLockedV2: {
    id: "COMMAND-olb9vb0oca",
    code: "FAILED_PRECONDITION",
    key: "Errors.User.NotLocked",
    when: "UnlockUser (v2) names a user who is not locked.",
  },
  userIdInvalid: {
    id: "LOCKOUTD-usr01",
    code: "INVALID_ARGUMENT",
    key: "a user id has 1 to 200 characters",
    when: "A call names a user by an id that is empty or too long.",
  },
  userUnknown: {
    id: "LOCKOUTD-usr02",
    code: "NOT_FOUND",
    key: "Errors.User.NotFound",
    when: "GetUser, DeleteUser, GetLockout, DeactivateUser, ReactivateUser, GetUserByID, RemoveUser or UpdateUserName names a user that the organisation of the call does not have; GetUserByLoginNameGlobal a login name of nobody whom the caller may see.",
  },
  aliasTaken: {
    id: "LOCKOUTD-usr03",
    code: "ALREADY_EXISTS",
    key: "an alias belongs to another user of the organisation",
    when: "PutUser gives a user an alias that another user of the organisation has.",
  },
  aliasInvalid: {
    id: "LOCKOUTD-usr04",
    code: "INVALID_ARGUMENT",
    key: "an alias has 1 to 200 characters, not all of them blank, and a user has at most 100",
    when: "PutUser gives a user an alias that is empty or too long, or too many.",
  },
  userStateInvalid: {
    id: "LOCKOUTD-usr05",
    code: "INVALID_ARGUMENT",
    key: "unknown user state",
    when: "PutUser or ListUsers asks for a state that does not exist.",
  },
  userAmbiguous: {
    id: "LOCKOUTD-usr06",
    code: "FAILED_PRECONDITION",
    key: "several organisations have a user of this id: name one of them in the header x-zitadel-orgid",
    when: "A call of ZITADEL's user service (v2) names no organisation, and several organisations in which the caller may make the call have a user of that id. Nothing was changed.",
  },
  userAlreadyInactive: {
    id: "LOCKOUTD-usr08",
    code: "FAILED_PRECONDITION",
    key: "the user is inactive already",
    when: "DeactivateUser names a user who is inactive.",
  },
  userNotInactive: {
    id: "LOCKOUTD-usr09",
    code: "FAILED_PRECONDITION",
    key: "the user is not inactive",
    when: "ReactivateUser names a user who is not inactive.",
  },
  subjectMissing: {
    id: "LOCKOUTD-att01",
    code: "INVALID_ARGUMENT",
    key: "set user_id or login_name, of 1 to 200 characters that are not all blank",
    when: "An attempt, GetLockout or Unlock names nobody, or both a user and a login name.",
  },
  factorUnknown: {
    id: "LOCKOUTD-att02",
    code: "INVALID_ARGUMENT",
    key: "unknown factor: set one of the factors that are counted",
    when: "An attempt names no factor or one that does not exist. Nothing is counted.",
  },
  outcomeUnknown: {
    id: "LOCKOUTD-att03",
    code: "INVALID_ARGUMENT",
    key: "unknown outcome: set succeeded, failed or not a guess",
    when: "An attempt is completed or reported without an outcome, or with one that does not exist. Nothing is counted.",
  },
  secretDigestInvalid: {
    id: "LOCKOUTD-att08",
    code: "INVALID_ARGUMENT",
    key: "secret_digest has 16 to 64 bytes: send a keyed hash of the secret, never the secret",
    when: "CompleteAttempt or ReportAttempt has a secret_digest that is too short or too long. Nothing is counted.",
  },
  idempotencyKeyReused: {
    id: "LOCKOUTD-att07",
    code: "FAILED_PRECONDITION",
    key: "idempotency_key was used for another request: choose a new key for each attempt",
    when: "ReportAttempt has a key with which the organisation has reported something else within 10 minutes. Nothing is counted.",
  },
  attemptUnknown: {
    id: "LOCKOUTD-att05",
    code: "NOT_FOUND",
    key: "attempt not found",
    when: "CompleteAttempt names an attempt that the organisation of the call never had, or that ended long ago.",
  },
  attemptClosedOtherwise: {
    id: "LOCKOUTD-att06",
    code: "FAILED_PRECONDITION",
    key: "the attempt ended with another outcome",
    when: "CompleteAttempt names an attempt that was completed with another outcome, or that expired and so counts as failed.",
  },
  notLocked: {
    id: "LOCKOUTD-lck01",
    code: "FAILED_PRECONDITION",
    key: "not locked",
    when: "Unlock names a user or a login name that is not locked.",
  },
  lockedAnew: {
    id: "LOCKOUTD-lck02",
    code: "FAILED_PRECONDITION",
    key: "locked anew since if_locked_at",
    when: "Unlock names a user or a login name whose lock began after `if_locked_at`. Nothing was changed.",
  },
  unlockScopeMissing: {
    id: "LOCKOUTD-lck03",
    code: "INVALID_ARGUMENT",
    key: "set user_ids, or one or more of since, reason, address and name_prefix, and not both",
    when: "UnlockUsers names no users and says nothing of them, or does both. Nothing was changed.",
  },
  unlockFilterInvalid: {
    id: "LOCKOUTD-lck04",
    code: "INVALID_ARGUMENT",
    key: "address is an IP address or a network such as 203.0.113.0/24, reason a reason of locks, and name_prefix of 1 to 200 characters that are not all blank",
    when: "UnlockUsers has a filter that is none. Nothing was changed.",
  },
  findQueryInvalid: {
    id: "LOCKOUTD-usr10",
    code: "INVALID_ARGUMENT",
    key: "query has 1 to 200 characters that are not all blank",
    when: "FindUsers is called without a text to look for, or with one that is too long.",
  },
  activityRangeInvalid: {
    id: "LOCKOUTD-act01",
    code: "INVALID_ARGUMENT",
    key: "since lies before until, with at most 1000 intervals between them, each a minute, an hour or a day",
    when: "GetActivity asks for no interval, for too many, or for ones that do not exist.",
  },
  lockedListInvalid: {
    id: "LOCKOUTD-lck05",
    code: "INVALID_ARGUMENT",
    key: "order_by is lock_time or lock_time desc, reason a reason of locks, and name_prefix of 1 to 200 characters that are not all blank",
    when: "ListLockedUsers has an order or a filter that is none.",
  },
  orgNameInvalid: {
    id: "LOCKOUTD-org01",
    code: "INVALID_ARGUMENT",
    key: "the name of an organisation has 1 to 200 characters, not all of them blank",
    when: "CreateOrganization, AddOrganization, AddOrg, SetUpOrg or UpdateOrg is called without a name or with one that is too long.",
  },
  tokenNameInvalid: {
    id: "LOCKOUTD-tok01",
    code: "INVALID_ARGUMENT",
    key: "the name of a token has at most 200 characters",
    when: "CreateToken is called with a name that is too long.",
  },
  roleUnknown: {
    id: "LOCKOUTD-tok02",
    code: "INVALID_ARGUMENT",
    key: "a token needs one role or more, such as IAM_OWNER or ORG_OWNER",
    when: "CreateToken is called without a role, or with one that does not exist.",
  },
  tokenExpiryPast: {
    id: "LOCKOUTD-tok03",
    code: "INVALID_ARGUMENT",
    key: "the expiry of a token must lie in the future",
    when: "CreateToken is called with an expiry that has passed.",
  },
  tokenOrgUnknown: {
    id: "LOCKOUTD-tok04",
    code: "NOT_FOUND",
    key: "Organisation doesn't exist",
    when: "CreateToken or CreateServiceAccount names an organisation that does not exist.",
  },
  tokenUnknown: {
    id: "LOCKOUTD-tok05",
    code: "NOT_FOUND",
    key: "token not found",
    when: "RevokeToken or RotateToken names a token that does not exist, or RemovePersonalAccessToken or GetPersonalAccessTokenByIDs one that the account does not have.",
  },
  tokenOverlapInvalid: {
    id: "LOCKOUTD-tok06",
    code: "INVALID_ARGUMENT",
    key: "overlap must be between 0 s and 365 days",
    when: "RotateToken is called with an overlap that is negative, or longer than a year.",
  },
  tokenExpired: {
    id: "LOCKOUTD-tok07",
    code: "FAILED_PRECONDITION",
    key: "the token has expired: create another",
    when: "RotateToken names a token that has expired.",
  },
  ...accountErrors,
  pageInvalid: {
    id: "LOCKOUTD-lst01",
    code: "INVALID_ARGUMENT",
    key: "page_size must not be negative, and page_token must come from the previous response to the same request: repeat its other fields",
    when: "A list is requested with a negative page size, or with a page token that was not returned to a request with the same other fields, in the same organisation.",
  },
  timeInvalid: {
    id: "LOCKOUTD-tim01",
    code: "INVALID_ARGUMENT",
    key: "a time lies between the years 1 and 9999, and its nanoseconds between 0 and 999999999",
    when: "A call has a time that google.protobuf.Timestamp does not allow.",
  },
  positionInvalid: {
    id: "LOCKOUTD-evt02",
    code: "INVALID_ARGUMENT",
    key: "after must be a position from an earlier response",
    when: "WatchEvents is called with a position that does not exist, or not yet: after a backup was restored, positions of later events do not exist.",
  },
  usersTooMany: {
    id: "LOCKOUTD-usr07",
    code: "RESOURCE_EXHAUSTED",
    key: "the organisation has reached its quota of users: delete some, or ask the operator for more",
    when: "A call would register a user beyond `--max-users-per-org`: PutUser, or an attempt or password change with a new id. Nothing is counted; users who are registered log in as before.",
  },
  watchesTooMany: {
    id: "LOCKOUTD-evt03",
    code: "RESOURCE_EXHAUSTED",
    key: "the token has reached its quota of open watches: end one, or use another token",
    when: "WatchEvents is called with a token that has `--max-watches-per-token` streams open.",
  },
  serverWatchesTooMany: {
    id: "LOCKOUTD-evt04",
    code: "RESOURCE_EXHAUSTED",
    key: "the server has reached its quota of open watches: try again later, or on another node",
    when: "WatchEvents is called while the server has `--max-watches` streams open, of all tokens together.",
  },
  ...hookErrors,
  requestTooLong: {
    id: "LOCKOUTD-req01",
    code: "INVALID_ARGUMENT",
    key: "a field of the request is too long",
    when: "A text or a list of a request is longer than it may be. The message names it, with the most that it may have.",
  },
  storeUnavailable: {
    id: "LOCKOUTD-sto01",
    code: "UNAVAILABLE",
    key: "the store cannot be used at the moment, try again",
    when: "The database is locked, full, read-only or broken. Nothing was changed; the log says which.",
  },
} as const satisfies Record<string, ErrorEntry>;

/** The names of the entries. */
export type ErrorName = keyof typeof entries;

/** All entries by name, in the order of the page. */
export const errorCatalogue: Readonly<Record<ErrorName, ErrorEntry>> = entries;

/** What is wrong with a field of a request. */
export interface FieldViolation {
  /** By the names of the message, such as `rules.lock_growth`. */
  readonly field: string;
  readonly description: string;
}

/** What a {@link LockoutError} says beyond its entry. */
export interface LockoutErrorOptions extends ErrorOptions {
  /** What it is about, where the entry says so: it follows the key in the message. */
  readonly about?: string;
  /** What is wrong with which fields, where the entry says so. */
  readonly violations?: readonly FieldViolation[];
}

/** A refusal of the catalogue. The folders below the API throw it; `api/errors.ts` alone turns it into a status with its detail. */
export class LockoutError extends Error {
  readonly entry: ErrorEntry;
  readonly violations: readonly FieldViolation[];

  constructor(
    name: ErrorName,
    { about, violations = [], ...options }: LockoutErrorOptions = {},
  ) {
    const entry: ErrorEntry = errorCatalogue[name];
    const key = about === undefined ? entry.key : `${entry.key}: ${about}`;
    super(entry.id === "" ? key : `${key} (${entry.id})`, options);
    this.name = "LockoutError";
    this.entry = entry;
    this.violations = violations;
  }
}
