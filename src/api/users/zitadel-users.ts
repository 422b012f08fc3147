import { UserState as UserStateV1 } from "../../../gen/zitadel/user_pb.js";
import { UserState as UserStateV2 } from "../../../gen/zitadel/user/v2/user_pb.js";
import type { Account } from "../../lockout/account/account-record.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { AccountStore } from "../../store/accounts.ts";
import type {
  StoredUser,
  UserKey,
  UserRecord,
  UserStore,
} from "../../store/users.ts";
import { findAccount } from "../accounts/accounts.ts";
import { timestampFromMicros } from "../messages/moment.ts";

/** A user, or a service account. */
export interface ShownUser extends UserRecord {
  /** Undefined for users. */
  readonly account?: Pick<Account, "name" | "description" | "secret">;
}

/** A user or a service account as ZITADEL's calls show one. @throws LockoutError `userUnknown` */
export async function findUserRecord(
  store: Pick<UserStore, "findUserRecord"> & AccountStore,
  key: UserKey,
): Promise<ShownUser> {
  const account = await findAccount(store, key.userId);
  if (account?.orgId === key.orgId) {
    const user = userOfAccount(account);
    return { user, account, ...(await store.findAccountEvents(account)) };
  }
  const found = await store.findUserRecord(key);
  if (found === undefined) {
    throw new LockoutError("userUnknown");
  }
  return found;
}

/** A service account, as users are. */
export function userOfAccount({
  id,
  orgId,
  state,
  loginName,
}: Account): StoredUser {
  return { orgId, userId: id, ...state, aliases: [loginName] };
}

/** `zitadel.user.v1.User` */
export function userV1(record: ShownUser) {
  const { name, loginNames } = namesOf(record);
  return {
    id: record.user.userId,
    details: detailsOf(record),
    state: statesV1[stateOf(record)],
    userName: name,
    loginNames,
    preferredLoginName: name,
    type: typeOf(record),
  };
}

/** `zitadel.user.v2.User`, and that of v2beta, which has the same numbers. */
export function userV2(record: ShownUser) {
  const { name, loginNames } = namesOf(record);
  return {
    userId: record.user.userId,
    details: detailsOf(record),
    state: statesV2[stateOf(record)],
    username: name,
    loginNames,
    preferredLoginName: name,
    type: typeOf(record),
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

/** Who logs in: the same in all versions. */
type UserType =
  | { readonly case: "human"; readonly value: Record<string, never> }
  | {
      readonly case: "machine";
      readonly value: {
        readonly name: string;
        readonly description: string;
        readonly hasSecret: boolean;
      };
    };

function typeOf({ account }: ShownUser): UserType {
  if (account === undefined) {
    return { case: "human", value: {} };
  }
  const { name, description, secret } = account;
  return {
    case: "machine",
    value: { name, description, hasSecret: secret !== undefined },
  };
}

/** States as v1 numbers them. */
export const statesV1 = {
  active: UserStateV1.ACTIVE,
  initial: UserStateV1.INITIAL,
  inactive: UserStateV1.INACTIVE,
  locked: UserStateV1.LOCKED,
} as const;

/** States as v2 and v2beta number them. */
export const statesV2 = {
  active: UserStateV2.ACTIVE,
  initial: UserStateV2.INITIAL,
  inactive: UserStateV2.INACTIVE,
  locked: UserStateV2.LOCKED,
} as const;

/** The state that is shown: of whoever is locked, that. */
export function stateOf({ user }: Pick<UserRecord, "user">) {
  return user.lock === undefined ? user.account : "locked";
}

function namesOf({ user: { aliases } }: UserRecord) {
  const [name = ""] = aliases;
  return { name, loginNames: [...aliases] };
}
