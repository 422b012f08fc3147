import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  GetDefaultLockoutPolicyResponseSchema,
  GetLockoutPolicyResponseSchema,
} from "../../../gen/zitadel/management_pb.js";
import type { ManagementService } from "../../../gen/zitadel/management_pb.js";
import { getCaller } from "../../auth/caller.ts";
import {
  addOrgPolicy,
  resetOrgPolicy,
  updateOrgPolicy,
} from "../../lockout/policy/policy.ts";
import {
  deactivateUser,
  lockUser,
  reactivateUser,
} from "../../lockout/user/user.ts";
import { unlockUser } from "../../lockout/user/unlock.ts";
import type { DecideUser, UserApi } from "../../lockout/user/user.ts";
import { andThen } from "../../store/awaitable.ts";
import type { AccountStore } from "../../store/accounts.ts";
import type { PolicyStore, StoredPolicy } from "../../store/policies.ts";
import type { UserStore } from "../../store/users.ts";
import { changeStateOfAccount } from "../accounts/accounts.ts";
import { respondOnce } from "./constant-responses.ts";
import {
  changedDetails,
  createdDetails,
  lastEvent,
  onlyEvent,
} from "../messages/details.ts";
import {
  findEffectivePolicy,
  policyMessage,
  requireDefaultPolicy,
} from "../policies/policies.ts";
import type { createMachineMethods } from "./machine-methods.ts";
import type { createMachineTokenMethods } from "./machine-token-methods.ts";
import type { createOrgMembers } from "./members.ts";
import type { createManagementOrgMethods } from "./org-methods.ts";
import { requireUserId } from "../users/subjects.ts";
import type { UserLookups } from "../users/user-lookups.ts";
import { findUserRecord, statesV1, userV1 } from "../users/zitadel-users.ts";

// The gate has asked for the permission before: the user's organisation is the call's.
const v1: UserApi = { version: "v1", authorise: () => undefined };

/** zitadel.management.v1.ManagementService: every call is on the organisation of the call. */
export function createManagementService(
  store: PolicyStore & UserStore & AccountStore,
  users: UserLookups,
): Omit<
  ServiceImpl<typeof ManagementService>,
  | keyof ReturnType<typeof createManagementOrgMethods>
  | keyof ReturnType<typeof createMachineMethods>
  | keyof ReturnType<typeof createMachineTokenMethods>
  | keyof ReturnType<typeof createOrgMembers>
> {
  const ownResponse = respondOnce(
    GetLockoutPolicyResponseSchema,
    (policy: StoredPolicy) => ({ policy: policyMessage(policy, false) }),
  );
  const inheritedResponse = respondOnce(
    GetLockoutPolicyResponseSchema,
    (policy: StoredPolicy) => ({
      policy: policyMessage(policy, true),
      isDefault: true,
    }),
  );
  const defaultResponse = respondOnce(
    GetDefaultLockoutPolicyResponseSchema,
    (policy: StoredPolicy) => ({ policy: policyMessage(policy, true) }),
  );
  const changeUser = async (
    userId: string,
    context: HandlerContext,
    decide: (api: UserApi) => DecideUser<void>,
  ) => {
    const { id, orgId } = getCaller(context.values);
    const account = await changeStateOfAccount(
      ...([store, userId, context, "v1", decide] as const),
    );
    if (account !== undefined) {
      return account;
    }
    const changed = await store.changeUser(
      { orgId, userId: requireUserId(userId) },
      id,
      decide(v1),
    );
    return { details: changedDetails(onlyEvent(changed)) };
  };
  return {
    healthz: () => ({}),

    async getUserByID(request, context) {
      const { orgId } = getCaller(context.values);
      const userId = requireUserId(request.id);
      const found = await findUserRecord(store, { orgId, userId });
      return { user: userV1(found) };
    },
    async getUserByLoginNameGlobal({ loginName }, context) {
      return { user: userV1(await users.findNamed(loginName, context)) };
    },
    async listUsers(request, context) {
      const { orgId } = getCaller(context.values);
      const { total, time, ...list } = await users.list(
        ...([request, [orgId], statesV1, userV1, context] as const),
      );
      return { ...list, details: { totalResult: total, viewTimestamp: time } };
    },
    deactivateUser: (request, context) =>
      changeUser(request.id, context, deactivateUser),
    reactivateUser: (request, context) =>
      changeUser(request.id, context, reactivateUser),
    lockUser: (request, context) => changeUser(request.id, context, lockUser),
    unlockUser: (request, context) =>
      changeUser(request.id, context, unlockUser),

    getLockoutPolicy: (_request, context) =>
      andThen(
        findEffectivePolicy(store, getCaller(context.values).orgId),
        ({ policy, isDefault }) =>
          isDefault ? inheritedResponse(policy) : ownResponse(policy),
      ),

    getDefaultLockoutPolicy: () =>
      andThen(requireDefaultPolicy(store), defaultResponse),

    async addCustomLockoutPolicy(request, context) {
      const { id, orgId } = getCaller(context.values);
      const events = await store.changePolicy(
        { kind: "org", orgId },
        id,
        addOrgPolicy(orgId, request),
      );
      return { details: createdDetails(lastEvent(events)) };
    },

    async updateCustomLockoutPolicy(request, context) {
      const { id, orgId } = getCaller(context.values);
      const events = await store.changePolicy(
        { kind: "org", orgId },
        id,
        updateOrgPolicy(orgId, request),
      );
      return { details: changedDetails(lastEvent(events)) };
    },

    async resetLockoutPolicyToDefault(_request, context) {
      const { id, orgId } = getCaller(context.values);
      const events = await store.changePolicy(
        { kind: "org", orgId },
        id,
        resetOrgPolicy(orgId),
      );
      return { details: changedDetails(lastEvent(events)) };
    },
  };
}
