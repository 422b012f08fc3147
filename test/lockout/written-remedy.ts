import type { Limits } from "../../src/lockout/policy/limits.ts";
import { noRules } from "../../src/lockout/policy/rules.ts";
import type { Rules } from "../../src/lockout/policy/rules.ts";

/** Numbers and rules. */
export interface Policy {
  readonly limits: Limits;
  readonly rules: Rules;
}

/** Does to a policy what `would_meet` says, as a person reads it. */
export function applyWritten(text: string, policy: Policy): Policy {
  return text.split(", ").reduce(({ limits, rules }, change) => {
    const [field = "", value = ""] = change.split(": ");
    const number = value === "off" ? 0 : Number(value.replace(/s$/, ""));
    switch (field) {
      case "max_password_attempts":
        return { limits: { ...limits, maxPasswordAttempts: number }, rules };
      case "max_otp_attempts":
        return { limits: { ...limits, maxOtpAttempts: number }, rules };
      default:
        return { limits, rules: { ...rules, ...rule(field, value, number) } };
    }
  }, policy);
}

function rule(field: string, value: string, number: number): Partial<Rules> {
  switch (`${field}: ${value}`) {
    case "rules.lock_scope: LOCK_SCOPE_USER":
      return { lockScope: "user" };
    case "rules.devices: off":
      return { devices: noRules.devices };
    case "rules.remembered_secrets: off":
      return { rememberedSecrets: 0 };
    case "rules.lock_growth: off":
      return { lockGrowth: 0 };
  }
  if (value !== "off" && field !== "rules.ceiling" && !value.endsWith("s")) {
    throw new Error(`no duration: ${field}: ${value}`);
  }
  switch (field) {
    case "rules.lock_duration":
      return { lockDurationMs: number * 1000 };
    case "rules.max_lock_duration":
      return { maxLockDurationMs: number * 1000 };
    case "rules.observation_window":
      return { observationWindowMs: number * 1000 };
    case "rules.ceiling":
      return { ceiling: number };
    default:
      throw new Error(`no field: ${field}`);
  }
}
