import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { PolicySource } from "../../gen/lockout/v1/policy_service_pb.js";
import type {
  CheckPolicyRequest,
  PolicySchema,
  PolicyService,
  SetRulesRequest,
} from "../../gen/lockout/v1/policy_service_pb.js";
import { getCaller } from "../auth/caller.ts";
import { LockoutError } from "../lockout/errors.ts";
import { etagOf } from "../lockout/policy-etag.ts";
import type { Precondition } from "../lockout/policy-etag.ts";
import { limitsOf } from "../lockout/policy.ts";
import type { DecidePolicy } from "../lockout/policy.ts";
import { resetRules, setRules } from "../lockout/rules-commands.ts";
import { noRules } from "../lockout/rules.ts";
import type {
  DatedPolicy,
  PolicyOwner,
  PolicyStore,
} from "../store/policies.ts";
import { budgetMessages } from "./budget-messages.ts";
import { checkPolicy } from "./check-policy.ts";
import type { NumbersAndRules } from "./check-policy.ts";
import { timestampFromMicros } from "./moment.ts";
import { readRules, rulesMessage } from "./rules-message.ts";

type PolicyMessage = MessageInitShape<typeof PolicySchema>;

/** lockout.v1.PolicyService */
export function createPolicyService(
  store: PolicyStore,
): ServiceImpl<typeof PolicyService> {
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

function policyMessage(
  view: DatedPolicy,
): PolicyMessage & { readonly etag: string } {
  const { limits, rules } = heldBy(view);
  const { own, inherited } = view;
  const changes = [
    own.numbers ?? inherited.numbers,
    own.rules ?? inherited.rules,
  ].map((part) => part?.changeMicros ?? 0);
  return {
    maxPasswordAttempts: BigInt(limits.maxPasswordAttempts),
    maxOtpAttempts: BigInt(limits.maxOtpAttempts),
    rules: rulesMessage(rules),
    numbersFrom: sourceOf(view, "numbers"),
    rulesFrom: sourceOf(view, "rules"),
    etag: etagOf(view),
    updateTime: timestampFromMicros(Math.max(...changes)),
    budgets: budgetMessages(limits, rules),
  };
}

/** The policy that holds. @throws LockoutError where the instance has none */
function heldBy(view: DatedPolicy): NumbersAndRules {
  const { own, inherited } = view;
  if (own.numbers === undefined && inherited.numbers === undefined) {
    throw new LockoutError("defaultPolicyNotFound");
  }
  const { rules = noRules } = own.rules ?? inherited.rules ?? {};
  return { limits: limitsOf(view), rules };
}

function sourceOf(
  { owner, own }: DatedPolicy,
  part: "numbers" | "rules",
): PolicySource {
  return owner === "org" && own[part] !== undefined
    ? PolicySource.ORGANIZATION
    : PolicySource.DEFAULT;
}
