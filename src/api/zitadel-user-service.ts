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
import { getCaller, requirePermission } from "../auth/caller.ts";
import { lockUser, unlockUser } from "../lockout/user.ts";
import type { DecideUser, LockApi } from "../lockout/user.ts";
import type { UserStore } from "../store/user-store.ts";
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
    const orgId = await findOrg(store, userId, caller.orgId);
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

/** v2 calls do not name the organisation: the user of this id in the call's organisation, else the oldest one. */
async function findOrg(
  store: UserStore,
  userId: string,
  callOrgId: string,
): Promise<string> {
  const orgs = await store.findOrgsOfUser(userId);
  return orgs.includes(callOrgId) ? callOrgId : (orgs[0] ?? callOrgId);
}
