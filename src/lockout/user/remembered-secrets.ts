/**
 * Remembered secrets: a person who tries one wrong password again and again has made one guess. The last wrong passwords of a user are
 * remembered as keyed hashes, and what is among them does not count. Codes are none of it: a code that was wrong may be right in the
 * next time step.
 */
import type { Factor } from "./factor.ts";
import type { CommandView, UserState } from "./user.ts";

/** What a failure comes to under the rule. */
export interface Remembering {
  /** Whether the secret is among those that are remembered: then the failure does not count. */
  readonly isRepeated: boolean;
  /** What is remembered from now on, the last one first. */
  readonly rememberedSecrets: readonly string[];
}

/**
 * Remembers a wrong secret, in front of all others.
 *
 * @param secretDigest the caller's keyed hash of it; undefined where there is none
 * @returns undefined where the failure counts as without the rule
 */
export function remember(
  { user, rules, hashSecret }: CommandView,
  factor: Factor,
  secretDigest: Uint8Array | undefined,
): Remembering | undefined {
  const most = rules.rememberedSecrets;
  if (factor !== "password" || secretDigest === undefined || most === 0) {
    return undefined;
  }
  const secret = hashSecret(secretDigest);
  const last = (user?.rememberedSecrets ?? []).slice(0, most);
  const others = last.filter((other) => other !== secret);
  return {
    isRepeated: others.length < last.length,
    rememberedSecrets: [secret, ...others].slice(0, most),
  };
}

/** A user of whom no wrong password is remembered, where one was: since the password was right, or is another one. */
export function forgetSecrets(user: UserState | undefined): {
  readonly user?: UserState;
} {
  if (user?.rememberedSecrets === undefined) {
    return {};
  }
  return { user: { ...user, rememberedSecrets: undefined } };
}
