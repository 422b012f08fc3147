import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { PolicySource } from "../../gen/lockout/v1/policy_service_pb.js";
import type {
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
  const { own, inherited } = view;
  const numbers = own.numbers ?? inherited.numbers;
  if (numbers === undefined) {
    throw new LockoutError("defaultPolicyNotFound");
  }
  const rules = own.rules ?? inherited.rules;
  const { maxPasswordAttempts, maxOtpAttempts } = limitsOf(view);
  const changeMicros = Math.max(numbers.changeMicros, rules?.changeMicros ?? 0);
  return {
    maxPasswordAttempts: BigInt(maxPasswordAttempts),
    maxOtpAttempts: BigInt(maxOtpAttempts),
    rules: rulesMessage(rules?.rules ?? noRules),
    numbersFrom: sourceOf(view, "numbers"),
    rulesFrom: sourceOf(view, "rules"),
    etag: etagOf(view),
    updateTime: timestampFromMicros(changeMicros),
  };
}

function sourceOf(
  { owner, own }: DatedPolicy,
  part: "numbers" | "rules",
): PolicySource {
  return owner === "org" && own[part] !== undefined
    ? PolicySource.ORGANIZATION
    : PolicySource.DEFAULT;
}
