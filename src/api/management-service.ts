import type { ServiceImpl } from "@connectrpc/connect";
import {
  GetDefaultLockoutPolicyResponseSchema,
  GetLockoutPolicyResponseSchema,
} from "../../gen/zitadel/management_pb.js";
import type { ManagementService } from "../../gen/zitadel/management_pb.js";
import { getCaller } from "../auth/caller.ts";
import {
  addOrgPolicy,
  resetOrgPolicy,
  updateOrgPolicy,
} from "../lockout/policy.ts";
import { lockUser, unlockUser } from "../lockout/user.ts";
import type { LockApi } from "../lockout/user.ts";
import { afterAnswer } from "../store/answer.ts";
import type { PolicyStore, StoredPolicy } from "../store/policies.ts";
import type { UserStore } from "../store/users.ts";
import { answerOnce } from "./constant-answers.ts";
import { changedDetails, createdDetails, onlyEvent } from "./details.ts";
import {
  findEffectivePolicy,
  policyMessage,
  requireDefaultPolicy,
} from "./policies.ts";
import { requireUserId } from "./subjects.ts";

// The gate has asked for the permission before: the user's organisation is the call's.
const v1: LockApi = { version: "v1", authorise: () => undefined };

/** zitadel.management.v1.ManagementService: every call is on the organisation of the call. */
export function createManagementService(
  store: PolicyStore & UserStore,
): ServiceImpl<typeof ManagementService> {
  const ownAnswer = answerOnce(
    GetLockoutPolicyResponseSchema,
    (policy: StoredPolicy) => ({ policy: policyMessage(policy, false) }),
  );
  const inheritedAnswer = answerOnce(
    GetLockoutPolicyResponseSchema,
    (policy: StoredPolicy) => ({
      policy: policyMessage(policy, true),
      isDefault: true,
    }),
  );
  const defaultAnswer = answerOnce(
    GetDefaultLockoutPolicyResponseSchema,
    (policy: StoredPolicy) => ({ policy: policyMessage(policy, true) }),
  );
  return {
    healthz: () => ({}),

    async lockUser(request, context) {
      const { id, orgId } = getCaller(context.values);
      const userId = requireUserId(request.id);
      const changed = await store.changeUser(
        { orgId, userId },
        id,
        lockUser(v1),
      );
      return { details: changedDetails(onlyEvent(changed)) };
    },

    async unlockUser(request, context) {
      const { id, orgId } = getCaller(context.values);
      const userId = requireUserId(request.id);
      const changed = await store.changeUser(
        { orgId, userId },
        id,
        unlockUser(v1),
      );
      return { details: changedDetails(onlyEvent(changed)) };
    },

    getLockoutPolicy: (_request, context) =>
      afterAnswer(
        findEffectivePolicy(store, getCaller(context.values).orgId),
        ({ policy, isDefault }) =>
          isDefault ? inheritedAnswer(policy) : ownAnswer(policy),
      ),

    getDefaultLockoutPolicy: () =>
      afterAnswer(requireDefaultPolicy(store), defaultAnswer),

    async addCustomLockoutPolicy(request, context) {
      const { id, orgId } = getCaller(context.values);
      const event = await store.changePolicy(
        { kind: "org", orgId },
        id,
        addOrgPolicy(orgId, request),
      );
      return { details: createdDetails(event) };
    },

    async updateCustomLockoutPolicy(request, context) {
      const { id, orgId } = getCaller(context.values);
      const event = await store.changePolicy(
        { kind: "org", orgId },
        id,
        updateOrgPolicy(orgId, request),
      );
      return { details: changedDetails(event) };
    },

    async resetLockoutPolicyToDefault(_request, context) {
      const { id, orgId } = getCaller(context.values);
      const event = await store.changePolicy(
        { kind: "org", orgId },
        id,
        resetOrgPolicy(orgId),
      );
      return { details: changedDetails(event) };
    },
  };
}
