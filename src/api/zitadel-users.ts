import { UserState as UserStateV1 } from "../../gen/zitadel/user_pb.js";
import { UserState as UserStateV2 } from "../../gen/zitadel/user/v2/user_pb.js";
import { LockoutError } from "../lockout/errors.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { UserKey, UserRecord, UserStore } from "../store/users.ts";
import { findAccount } from "./accounts.ts";
import { timestampFromMicros } from "./moment.ts";

/** A user or a service account as ZITADEL's calls show one. @throws LockoutError `userUnknown` */
export async function findUserRecord(
  store: UserStore & AccountStore,
  key: UserKey,
): Promise<UserRecord> {
  const account = await findAccount(store, key.userId);
  if (account?.orgId === key.orgId) {
    const user = { ...key, ...account.state, aliases: [account.loginName] };
    return { user, ...(await store.findAccountEvents(account)) };
  }
  const found = await store.findUserRecord(key);
  if (found === undefined) {
    throw new LockoutError("userUnknown");
  }
  return found;
}

/** `zitadel.user.v1.User` */
export function userV1(record: UserRecord) {
  const { name, loginNames } = namesOf(record);
  return {
    id: record.user.userId,
    details: detailsOf(record),
    state: statesV1[stateOf(record)],
    userName: name,
    loginNames,
    preferredLoginName: name,
  };
}

/** `zitadel.user.v2.User`, and that of v2beta, which has the same numbers. */
export function userV2(record: UserRecord) {
  const { name, loginNames } = namesOf(record);
  return {
    userId: record.user.userId,
    details: detailsOf(record),
    state: statesV2[stateOf(record)],
    username: name,
    loginNames,
    preferredLoginName: name,
  };
}

/** `details` of a user: of what is recorded, which of users of earlier versions may be nothing yet. */
export function detailsOf({ user, first, last }: UserRecord) {
  return {
    sequence: BigInt(last?.sequence ?? 0),
    ...(first !== undefined && {
      creationDate: timestampFromMicros(first.creationMicros),
    }),
    ...(last !== undefined && {
      changeDate: timestampFromMicros(last.creationMicros),
    }),
    resourceOwner: user.orgId,
  };
}

const statesV1 = {
  active: UserStateV1.ACTIVE,
  initial: UserStateV1.INITIAL,
  inactive: UserStateV1.INACTIVE,
  locked: UserStateV1.LOCKED,
} as const;

const statesV2 = {
  active: UserStateV2.ACTIVE,
  initial: UserStateV2.INITIAL,
  inactive: UserStateV2.INACTIVE,
  locked: UserStateV2.LOCKED,
} as const;

function stateOf({ user }: UserRecord) {
  return user.lock === undefined ? user.account : "locked";
}

function namesOf({ user: { aliases } }: UserRecord) {
  const [name = ""] = aliases;
  return { name, loginNames: [...aliases] };
}
