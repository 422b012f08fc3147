import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type {
  CheckPolicyRequest,
  PolicyService,
  RollBackPolicyRequest,
  SetRulesRequest,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import { getCaller } from "../../auth/caller.ts";
import type { Precondition } from "../../lockout/policy/policy-etag.ts";
import { rollBackPolicy } from "../../lockout/policy/policy-rollback.ts";
import type { DecidePolicy } from "../../lockout/policy/policy.ts";
import { resetRules, setRules } from "../../lockout/policy/rules-commands.ts";
import type { PolicyOwner, PolicyStore } from "../../store/policies.ts";
import { checkPolicy } from "../policies/check-policy.ts";
import {
  listPolicyChanges,
  requirePartsAfter,
} from "../policies/policy-changes.ts";
import type { PolicyChangesOptions } from "../policies/policy-changes.ts";
import { heldBy, policyMessage } from "../policies/policy-message.ts";
import { readRules } from "../messages/rules-message.ts";

/** What the service is made of. */
interface PolicyServiceOptions extends PolicyChangesOptions {
  readonly store: PolicyStore & PolicyChangesOptions["store"];
}

/** lockout.v1.PolicyService */
export function createPolicyService(
  options: PolicyServiceOptions,
): ServiceImpl<typeof PolicyService> {
  const { store } = options;
  const orgOf = (context: HandlerContext): PolicyOwner => ({
    kind: "org",
    orgId: getCaller(context.values).orgId,
  });
  const instance: PolicyOwner = { kind: "instance" };

  const get = async (owner: PolicyOwner, context: HandlerContext) => {
    const policy = policyMessage(await store.viewPolicy(owner));
    if (isRest(context)) {
      context.responseHeader.set("etag", `"${policy.etag}"`);
    }
    return policy;
  };
  const change = async (
    owner: PolicyOwner,
    context: HandlerContext,
    decide: DecidePolicy,
  ) => {
    await store.changePolicy(owner, getCaller(context.values).id, decide);
    return policyMessage(await store.viewPolicy(owner));
  };
  const set = (
    owner: PolicyOwner,
    request: SetRulesRequest,
    context: HandlerContext,
  ) =>
    change(
      owner,
      context,
      setRules(readRules(request.rules), precondition(request, context)),
    );
  const rollBack = async (
    owner: PolicyOwner,
    request: RollBackPolicyRequest,
    context: HandlerContext,
  ) => {
    // Read before the command: what was does not change.
    const past = await requirePartsAfter(
      ...([options, owner, request.change, context] as const),
    );
    return change(
      ...([owner, context] as const),
      rollBackPolicy(past, precondition(request, context)),
    );
  };

  const check = (owner: PolicyOwner, request: CheckPolicyRequest) =>
    checkPolicy(request, async () => heldBy(await store.viewPolicy(owner)));

  return {
    getPolicy: (_request, context) => get(orgOf(context), context),
    getInstancePolicy: (_request, context) => get(instance, context),
    setRules: (request, context) => set(orgOf(context), request, context),
    setInstanceRules: (request, context) => set(instance, request, context),
    resetRules: (request, context) =>
      change(
        orgOf(context),
        context,
        resetRules(precondition(request, context)),
      ),
    listPolicyChanges: (request, context) =>
      listPolicyChanges(options, orgOf(context), request, context),
    listInstancePolicyChanges: (request, context) =>
      listPolicyChanges(options, instance, request, context),
    rollBackPolicy: (request, context) =>
      rollBack(orgOf(context), request, context),
    rollBackInstancePolicy: (request, context) =>
      rollBack(instance, request, context),
    checkPolicy: (request, context) => check(orgOf(context), request),
    checkInstancePolicy: (request) => check(instance, request),
  };
}

/** Of which policy the caller knows. */
function precondition(
  { etag }: { readonly etag: string },
  context: HandlerContext,
): Precondition {
  const ifMatch = isRest(context)
    ? context.requestHeader.get("if-match")
    : undefined;
  return { etag, ...(ifMatch != null && { ifMatch }) };
}

/** Only JSON over HTTP has resources of its own, to which HTTP's conditions apply. */
function isRest({ protocolName }: HandlerContext): boolean {
  return protocolName === "rest";
}
