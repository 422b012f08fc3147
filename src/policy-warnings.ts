import type { Logger } from "pino";
import type { CreatedInstance } from "./first-start.ts";
import type { Limits } from "./lockout/policy/limits.ts";
import type { Store } from "./store/store.ts";

const what = {
  maxPasswordAttempts: "wrong passwords",
  maxOtpAttempts: "wrong codes",
} as const;

const flags = {
  maxPasswordAttempts: "--max-password-attempts",
  maxOtpAttempts: "--max-otp-attempts",
} as const;

const kinds = ["maxPasswordAttempts", "maxOtpAttempts"] as const;

/**
 * Logs what may surprise of the default policy: limits of 0, and settings that count for the first start alone.
 *
 * @param set what the operator has set for the first start
 * @param created what the first start created; undefined on later starts
 */
export async function warnOfPolicy(
  store: Store,
  set: Partial<Limits>,
  created: CreatedInstance | undefined,
  log: Logger,
): Promise<void> {
  const { own } = await store.viewPolicy({ kind: "instance" });
  const { numbers: policy, rules } = own;
  if (policy === undefined) {
    return;
  }
  const differing =
    created === undefined
      ? kinds.filter(
          (kind) => set[kind] !== undefined && set[kind] !== policy[kind],
        )
      : [];
  if (differing.length > 0) {
    const words = (limits: Partial<Limits>) =>
      differing.map((kind) => `${limits[kind]} ${what[kind]}`).join(" and ");
    log.warn(
      `the default policy in the database is ${words(policy)}, not ${words(set)}: the settings of a default policy count for the first start alone. ` +
        `To change it: lockoutd policy set ${differing.map((kind) => `${flags[kind]} ${set[kind]}`).join(" ")}`,
    );
  }
  // A 0 is easily taken for "at once". A ceiling locks all the same.
  const isBounded = rules !== undefined && rules.rules.ceiling > 0;
  const zeros = isBounded ? [] : kinds.filter((kind) => policy[kind] === 0);
  if (zeros.length > 0) {
    log.warn(
      `${zeros.map((kind) => what[kind]).join(" and ")} never lock a user: the default policy allows 0 attempts, which means any number; ` +
        "lockoutd policy set changes it",
    );
  }
}
