import {
  beginAttempt,
  completeAttempt,
  reportAttempt,
} from "../../../src/lockout/attempt/attempt.ts";
import type { Client, Outcome } from "../../../src/lockout/user/comparison.ts";
import type { Factor } from "../../../src/lockout/user/factor.ts";
import { addOrgPolicy } from "../../../src/lockout/policy/policy.ts";
import { noRules } from "../../../src/lockout/policy/rules.ts";
import type { Rules } from "../../../src/lockout/policy/rules.ts";
import { unlockSubject } from "../../../src/lockout/user/unlock.ts";
import type { UnlockCommand } from "../../../src/lockout/user/unlock.ts";
import type { PolicyOwner } from "../../../src/store/policies.ts";
import type {
  AttemptStore,
  Subject,
  UserKey,
  UserStore,
} from "../../../src/store/users.ts";
import { rulesDecision } from "../../support/change-policy.ts";
import type { StoreBed } from "./bed.ts";
import { limits, orgA } from "./samples.ts";

/** How long an attempt may stay open in these tests, in milliseconds. */
export const ttlMs = 60_000;
export const aliceKey: UserKey = { orgId: orgA.orgId, userId: "alice" };
export const alice: Subject = { kind: "user", ...aliceKey };

/** Calls on attempts, and on what decides about them, as the API makes them. */
export function attemptCalls(bed: StoreBed) {
  return {
    begin: (
      subject: Subject,
      factor: Factor = "password",
      client: Client = {},
      store: AttemptStore = bed.store,
    ) =>
      store.beginAttempt(subject, "login", (view, attemptId) =>
        beginAttempt(view, { attemptId, factor, client, ttlMs }),
      ),
    complete: (
      attemptId: string | undefined,
      outcome: Outcome,
      store: AttemptStore = bed.store,
      orgId: string = orgA.orgId,
    ) =>
      store.completeAttempt(
        orgId,
        attemptId ?? "none was opened",
        "login",
        (view, attempt) => completeAttempt(view, attempt, outcome),
      ),
    /** Gives the organisation a policy. */
    setLimits: (
      password: number,
      otp = password,
      org: Extract<PolicyOwner, { kind: "org" }> = orgA,
    ) =>
      bed.store.changePolicy(
        org,
        "admin",
        addOrgPolicy(org.orgId, limits(password, otp)),
      ),
    /** Gives the organisation these rules, and no others. */
    setRules: (rules: Partial<Rules>) =>
      bed.store.changePolicy(orgA, "admin", () =>
        rulesDecision("org", { ...noRules, ...rules }),
      ),
    unlock: (
      subject: Subject,
      command: Partial<UnlockCommand> = {},
      store: UserStore = bed.store,
    ) =>
      store.unlock(
        subject,
        "admin",
        unlockSubject({
          ...{ note: "", ticket: "", ifLockedAt: undefined },
          ...{ unknown: "notLocked", ...command },
        }),
      ),
    report: (subject: Subject, outcome: Outcome, factor: Factor = "password") =>
      bed.store.reportAttempt(subject, "login", (view) =>
        reportAttempt(view, factor, {}, outcome),
      ),
  };
}
