import { Code, ConnectError } from "@connectrpc/connect";
import type {
  CheckPolicyResponse,
  ListPolicyChangesResponse,
  Policy,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import { PolicySource } from "../../../gen/lockout/v1/policy_service_pb.js";
import { may } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { candidateOf, isNumber, settingNames, settingsOf } from "./settings.ts";
import type { Settings } from "./settings.ts";

/** Who has a policy: an organisation, or the instance, whose policy is the default. The same calls for both. */
export interface PolicyOwner {
  readonly isDefault: boolean;
  readonly mayWrite: boolean;
  get(signal: AbortSignal): Promise<Policy>;
  /** @param settings undefined for what holds */
  check(
    settings: Settings | undefined,
    signal: AbortSignal,
  ): Promise<CheckPolicyResponse>;
  listChanges(
    pageToken: string,
    signal: AbortSignal,
  ): Promise<ListPolicyChangesResponse>;
  /** @param change a position; undefined for what an organisation has before its first: the default's policy */
  rollBack(change: string | undefined): Promise<unknown>;
  /** Writes what differs from what held. @throws ConnectError ABORTED where somebody has changed the policy since */
  save(before: Policy, after: Settings): Promise<void>;
}

/** The owner of the policy that is shown. @param isDefault the instance, not the organisation that is chosen */
export function policyOwner(session: Session, isDefault: boolean): PolicyOwner {
  const { policies, admin, management } = session.clients;
  const calls = isDefault
    ? {
        mayWrite: may(session, "iam.policy.write"),
        get: policies.getInstancePolicy,
        check: policies.checkInstancePolicy,
        listChanges: policies.listInstancePolicyChanges,
        rollBack: policies.rollBackInstancePolicy,
        setRules: policies.setInstanceRules,
      }
    : {
        mayWrite: may(session, "policy.write"),
        get: policies.getPolicy,
        check: policies.checkPolicy,
        listChanges: policies.listPolicyChanges,
        rollBack: policies.rollBackPolicy,
        setRules: policies.setRules,
      };
  const writeNumbers = async (
    { numbersFrom }: Policy,
    { maxPasswordAttempts, maxOtpAttempts }: Settings,
  ) => {
    const limits = { maxPasswordAttempts, maxOtpAttempts };
    if (isDefault) {
      await admin.updateLockoutPolicy(limits);
    } else if (numbersFrom === PolicySource.ORGANIZATION) {
      await management.updateCustomLockoutPolicy(limits);
    } else {
      await management.addCustomLockoutPolicy(limits);
    }
  };
  const writeRules = ({ etag }: Policy, after: Settings) =>
    calls.setRules({ etag, rules: candidateOf(after).rules ?? {} });
  return {
    isDefault,
    mayWrite: calls.mayWrite,
    get: (signal) => calls.get({}, { signal }),
    check: (settings, signal) =>
      calls.check(
        settings === undefined ? {} : { candidate: candidateOf(settings) },
        { signal },
      ),
    listChanges: (pageToken, signal) =>
      calls.listChanges({ pageToken, pageSize: 20 }, { signal }),
    rollBack: (change) =>
      change === undefined
        ? management.resetLockoutPolicyToDefault({})
        : calls.rollBack({ change }),
    save: async (before, after) => {
      const was = settingsOf(before);
      const differs = (ofNumbers: boolean) =>
        settingNames.some(
          (name) => isNumber(name) === ofNumbers && was[name] !== after[name],
        );
      if (!differs(true)) {
        await writeRules(before, after);
        return;
      }
      // The calls that write numbers take no etag.
      if ((await calls.get({})).etag !== before.etag) {
        throw changedMeanwhile();
      }
      if (!differs(false)) {
        await writeNumbers(before, after);
        return;
      }
      const { maxPasswordAttempts, maxOtpAttempts } = was;
      const largest = Math.max(maxPasswordAttempts, maxOtpAttempts);
      if (after.ceiling === 0 || after.ceiling >= largest) {
        // The rules first: where somebody has changed the policy, nothing is written at all.
        await writeRules(before, after);
        await writeNumbers(before, after);
      } else {
        // The ceiling may not be below the numbers that hold, so they go first.
        await writeNumbers(before, after);
        const now = await calls.get({});
        const rules = settingsOf(now);
        if (
          settingNames.some(
            (name) => !isNumber(name) && rules[name] !== was[name],
          )
        ) {
          throw changedMeanwhile();
        }
        await writeRules(now, after);
      }
    },
  };
}

function changedMeanwhile(): ConnectError {
  return new ConnectError("the policy has changed", Code.Aborted);
}
