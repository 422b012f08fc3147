import { inspect } from "node:util";
import type { RememberedDevice } from "./device-cookie.ts";

/** How a login went. */
export interface LockoutResult {
  /** The login goes on only then. */
  readonly accepted: boolean;
  /** What a person may see: the same whether the secret is wrong, the user locked or inactive, or the name unknown. */
  readonly public: PublicAnswer;
  /**
   * What happened, for logs and the program. Never to be shown: it tells whether an account exists and is locked. It
   * is not enumerable, so that a result that is sent or spread by mistake goes without it.
   */
  readonly private: PrivateAnswer;
  /** What the device shows from now on, where it was to be remembered and is: for `deviceCookie`. Not enumerable, as `private`. */
  readonly device?: RememberedDevice;
}

/**
 * `refused` stands for all that depends on the user or the secret. `try_later` depends on neither: the server is away,
 * all the chances of the name, which need not exist, are in use at this moment, or the network of the person has failed too often.
 */
export type PublicCode = "accepted" | "refused" | "try_later";

export interface PublicAnswer {
  /** For pages that are not in English. */
  readonly code: PublicCode;
  /** One constant English text for each code. */
  readonly message: string;
}

/**
 * - `accepted`: the secret is right, and the user was not locked.
 * - `wrong`: the secret is wrong. `locked` says whether this was the last chance.
 * - `locked`: the user is locked, or was when the attempt was completed.
 * - `inactive`: the user is inactive, and not locked. Nothing was compared.
 * - `busy`: others held all the chances for as long as `busyTimeoutMs`.
 * - `throttled`: too many failures came from the network of the person's address. Nothing was compared.
 * - `not_a_guess`: `verify` compared nothing. Nothing was counted.
 * - `expired`: `verify` took longer than an attempt may be open; the attempt counts as failed.
 * - `invalid`: the server refused the request as it is, such as a login name that is too long. Nothing was counted.
 * - `unavailable`: the server was not reached, or did not allow the call; `error` says why.
 */
export type PrivateOutcome =
  | "accepted"
  | "wrong"
  | "locked"
  | "inactive"
  | "busy"
  | "throttled"
  | "not_a_guess"
  | "expired"
  | "invalid"
  | "unavailable";

/** The numbers are undefined where the server did not tell them. */
export interface PrivateAnswer {
  readonly outcome: PrivateOutcome;
  readonly locked: boolean | undefined;
  readonly failedAttempts: number | undefined;
  /** The limit of the policy that holds; 0 never locks. */
  readonly limit: number | undefined;
  /** How many more failures lock the user; undefined where none does. */
  readonly remaining: number | undefined;
  /** What went wrong, of the connection, of `dummy`, or as `verify` said with NotAGuess. */
  readonly error: unknown;
  /** What loggers and JSON.stringify write: the same with the error as text. Errors have no fields of their own, or bytes. */
  toJSON(): Readonly<Record<string, unknown>>;
}

/** What the server tells of a counter. */
export interface Counted {
  readonly locked: boolean;
  readonly failedAttempts: number;
  readonly limit: number;
}

const publicCodes: Readonly<Record<PrivateOutcome, PublicCode>> = {
  accepted: "accepted",
  wrong: "refused",
  locked: "refused",
  inactive: "refused",
  // Only an unlocked user's secret is not compared, or compared too late: to tell would tell the lock.
  not_a_guess: "refused",
  expired: "refused",
  invalid: "refused",
  busy: "try_later",
  throttled: "try_later",
  unavailable: "try_later",
};

const messages: Readonly<Record<PublicCode, string>> = {
  accepted: "You are signed in.",
  refused:
    "That did not work. Check what you entered. After too many failed attempts an account is locked.",
  try_later: "Signing in is not possible at the moment. Try again later.",
};

export function lockoutResult(
  outcome: PrivateOutcome,
  counted?: Counted,
  error?: unknown,
): LockoutResult {
  const code = publicCodes[outcome];
  const shown = {
    accepted: outcome === "accepted",
    public: { code, message: messages[code] },
  };
  const told = {
    outcome,
    locked: counted?.locked,
    failedAttempts: counted?.failedAttempts,
    limit: counted?.limit,
    remaining: counted && remaining(counted),
    error,
  };
  const hidden: PrivateAnswer = Object.defineProperty({ ...told }, "toJSON", {
    value: () => ({
      ...told,
      ...(error !== undefined && {
        error: error instanceof Error ? String(error) : inspect(error),
      }),
    }),
  }) as typeof told & Pick<PrivateAnswer, "toJSON">;
  return Object.defineProperty(shown, "private", {
    value: hidden,
  }) as typeof shown & { readonly private: PrivateAnswer };
}

// A user who is not locked has at least one chance, even where the limit was lowered below the count.
function remaining(counted: Counted): number | undefined {
  const { locked, failedAttempts, limit } = counted;
  if (locked) {
    return 0;
  }
  return limit === 0 ? undefined : Math.max(limit - failedAttempts, 1);
}
