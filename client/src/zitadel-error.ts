import type { LockoutResult } from "./result.ts";
import type { GuessableFactor } from "./with-lockout.ts";

/** An error as ZITADEL's calls for sessions and logins return it. */
export interface ZitadelError {
  /** The code of the gRPC status. */
  readonly code: "INVALID_ARGUMENT" | "FAILED_PRECONDITION";
  /** The id in `zitadel.v1.ErrorDetail`; a status message is `<message> (<id>)`. */
  readonly id: string;
  /** In English, as ZITADEL translates it. */
  readonly message: string;
}

const locked = "User is locked";
const wrongCode = { id: "CODE-woT0xc", message: "Code is invalid" };
const errors = {
  password: {
    wrong: { id: "COMMAND-3M0fs", message: "Password is invalid" },
    locked: { id: "COMMAND-JLK35", message: locked },
  },
  totp: {
    wrong: { id: "EVENT-8isk2", message: "Invalid code" },
    locked: { id: "COMMAND-SF3fg", message: locked },
  },
  otp_sms: {
    wrong: wrongCode,
    locked: { id: "COMMAND-S6h4R", message: locked },
  },
  otp_email: {
    wrong: wrongCode,
    locked: { id: "COMMAND-S6h4R", message: locked },
  },
} as const;

/**
 * The error that ZITADEL returns for a check with this result: for a program in ZITADEL's place, whose callers know its errors. The last
 * chance is still "wrong", the next one "locked". Undefined for what ZITADEL has no such error for: a success, an outage, a
 * recovery code. Like `private`, it tells whether somebody is locked: callers may see it, the person who types must not.
 */
export function zitadelErrorOf(
  result: LockoutResult,
  factor: GuessableFactor,
): ZitadelError | undefined {
  if (factor === "recovery_code") {
    return undefined;
  }
  switch (result.private.outcome) {
    case "wrong":
      return { code: "INVALID_ARGUMENT", ...errors[factor].wrong };
    case "locked":
      return { code: "FAILED_PRECONDITION", ...errors[factor].locked };
    case "accepted":
    case "inactive":
    case "busy":
    case "throttled":
    case "not_a_guess":
    case "expired":
    case "invalid":
    case "unavailable":
      return undefined;
  }
}
