import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type {
  UserService,
  DeactivateUserRequest,
  GetUserByIDRequest,
  ListUsersRequest,
  LockUserRequest,
  ReactivateUserRequest,
  UnlockUserRequest,
} from "../../../gen/zitadel/user/v2/user_service_pb.js";
import type {
  UserService as UserServiceBeta,
  DeactivateUserRequest as DeactivateUserRequestBeta,
  GetUserByIDRequest as GetUserByIDRequestBeta,
  LockUserRequest as LockUserRequestBeta,
  ReactivateUserRequest as ReactivateUserRequestBeta,
  UnlockUserRequest as UnlockUserRequestBeta,
} from "../../../gen/zitadel/user/v2beta/user_service_pb.js";
import { getCaller, orgsWith, requirePermission } from "../../auth/caller.ts";
import type { Caller } from "../../auth/caller.ts";
import type { Permission } from "../../auth/roles.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import {
  deactivateUser,
  lockUser,
  reactivateUser,
} from "../../lockout/user/user.ts";
import { unlockUser } from "../../lockout/user/unlock.ts";
import type { DecideUser, UserApi } from "../../lockout/user/user.ts";
import type { AccountStore } from "../../store/accounts.ts";
import type { UserStore } from "../../store/users.ts";
import { changeStateOfAccount, findAccountFor } from "../accounts/accounts.ts";
import { changedDetails, onlyEvent } from "../messages/details.ts";
import { requireUserId } from "../users/subjects.ts";
import { readableOrgsOfCall } from "../users/user-lookups.ts";
import type { UserLookups } from "../users/user-lookups.ts";
import {
  detailsOf,
  findUserRecord,
  statesV2,
  userV2,
} from "../users/zitadel-users.ts";

/** zitadel.user.v2.UserService and its v2beta, which have the same numbers. */
export function createZitadelUserService(
  store: UserStore & AccountStore,
  users: UserLookups,
): ServiceImpl<typeof UserService> & ServiceImpl<typeof UserServiceBeta> {
  const change = async (
    userId: string,
    context: HandlerContext,
    decide: (api: UserApi) => DecideUser<void>,
  ) => {
    const caller = getCaller(context.values);
    requireUserId(userId);
    const account = await changeStateOfAccount(
      ...([store, userId, context, "v2", decide] as const),
    );
    if (account !== undefined) {
      return account;
    }
    const orgId = await findOrg(store, userId, caller, "user.write");
    // ZITADEL asks for the permission after existence and state. Whoever may not read users would learn both.
    requirePermission(caller, orgId, "user.read");
    const changed = await store.changeUser(
      { orgId, userId },
      caller.id,
      decide({
        version: "v2",
        authorise: () => {
          requirePermission(caller, orgId, "user.write");
        },
      }),
    );
    return { details: changedDetails(onlyEvent(changed)) };
  };
  return {
    async getUserByID(
      { userId }: GetUserByIDRequest | GetUserByIDRequestBeta,
      context,
    ) {
      const caller = getCaller(context.values);
      requireUserId(userId);
      const orgId = await findOrg(store, userId, caller, "user.read");
      // Before the user is read: a caller without the permission learns nothing about who exists.
      requirePermission(caller, orgId, "user.read");
      const record = await findUserRecord(store, { orgId, userId });
      return { details: detailsOf(record), user: userV2(record) };
    },
    async listUsers(request: ListUsersRequest, context) {
      const scope = readableOrgsOfCall(getCaller(context.values));
      const { total, time, ...list } = await users.list(
        ...([request, scope, statesV2, userV2, context] as const),
      );
      return { ...list, details: { totalResult: total, timestamp: time } };
    },
    deactivateUser: (
      request: DeactivateUserRequest | DeactivateUserRequestBeta,
      context,
    ) => change(request.userId, context, deactivateUser),
    reactivateUser: (
      request: ReactivateUserRequest | ReactivateUserRequestBeta,
      context,
    ) => change(request.userId, context, reactivateUser),
    lockUser: (request: LockUserRequest | LockUserRequestBeta, context) =>
      change(request.userId, context, lockUser),
    unlockUser: (request: UnlockUserRequest | UnlockUserRequestBeta, context) =>
      change(request.userId, context, unlockUser),
  };
}

/**
 * ZITADEL's v2 calls name no organisation, since its user ids are unique; ours are unique only within an organisation. Without the header,
 * the user is looked up in the organisations where the caller has the permission, and nowhere else: other users do not affect the result.
 *
 * @throws LockoutError where several organisations have the id
 */
async function findOrg(
  store: UserStore & AccountStore,
  userId: string,
  caller: Caller,
  permission: Permission,
): Promise<string> {
  const account = await findAccountFor(store, caller, userId, permission);
  if (account !== undefined) {
    return account.orgId;
  }
  if (caller.isOrgNamed) {
    return caller.orgId;
  }
  const scope = orgsWith(caller, permission);
  const orgs =
    scope === "all"
      ? await store.findOrgsOfUser(userId, 2)
      : await orgsAmong(store, scope, userId);
  if (orgs.length > 1) {
    throw new LockoutError("userAmbiguous");
  }
  return orgs[0] ?? caller.orgId;
}

/** Those of the organisations that have a user of this id: where there is one alone, it is not asked. */
async function orgsAmong(
  store: Pick<UserStore, "findUser">,
  orgIds: readonly string[],
  userId: string,
): Promise<readonly string[]> {
  if (orgIds.length < 2) {
    return orgIds;
  }
  const found: string[] = [];
  for (const orgId of orgIds) {
    if ((await store.findUser({ orgId, userId })) !== undefined) {
      found.push(orgId);
    }
  }
  return found;
}
