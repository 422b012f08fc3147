import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type {
  LockUserRequest,
  UnlockUserRequest,
  UserService,
} from "../../gen/zitadel/user/v2/user_service_pb.js";
import type {
  LockUserRequest as LockUserRequestBeta,
  UnlockUserRequest as UnlockUserRequestBeta,
  UserService as UserServiceBeta,
} from "../../gen/zitadel/user/v2beta/user_service_pb.js";
import {
  getCaller,
  holdsPermissionEverywhere,
  requirePermission,
} from "../auth/caller.ts";
import type { Caller } from "../auth/caller.ts";
import { LockoutError } from "../lockout/errors.ts";
import { lockUser, unlockUser } from "../lockout/user.ts";
import type { DecideUser, LockApi } from "../lockout/user.ts";
import type { UserStore } from "../store/users.ts";
import { changedDetails, onlyEvent } from "./details.ts";
import { requireUserId } from "./subjects.ts";

/** zitadel.user.v2.UserService and its v2beta, which have the same numbers. */
export function createZitadelUserService(
  store: UserStore,
): ServiceImpl<typeof UserService> & ServiceImpl<typeof UserServiceBeta> {
  const change = async (
    userId: string,
    context: HandlerContext,
    decide: (api: LockApi) => DecideUser<void>,
  ) => {
    const caller = getCaller(context.values);
    requireUserId(userId);
    const orgId = await findOrg(store, userId, caller);
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
    lockUser: (request: LockUserRequest | LockUserRequestBeta, context) =>
      change(request.userId, context, lockUser),
    unlockUser: (request: UnlockUserRequest | UnlockUserRequestBeta, context) =>
      change(request.userId, context, unlockUser),
  };
}

/**
 * ZITADEL's v2 calls name no organisation, since its ids are unique; ours are so within an organisation only. Where the header
 * names none, the user is looked for where the caller may change users, and nowhere else: what happens to others' users tells
 * nothing. Throws LockoutError where several organisations have the id.
 */
async function findOrg(
  store: UserStore,
  userId: string,
  caller: Caller,
): Promise<string> {
  if (caller.isOrgNamed || !holdsPermissionEverywhere(caller, "user.write"))
    return caller.orgId;
  const orgs = await store.findOrgsOfUser(userId, 2);
  if (orgs.length > 1) throw new LockoutError("userAmbiguous");
  return orgs[0] ?? caller.orgId;
}
