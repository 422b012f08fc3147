import { Outcome } from "../gen/lockout/v1/attempt_service_pb.js";

/**
 * Compares the secret: `true` if it is right, `false` if it is wrong, `"not-a-guess"` if nothing was compared.
 * Called at most once, and only while the user has a chance left.
 */
export type Verify = () => Promise<Verdict> | Verdict;

export type Verdict = boolean | "not-a-guess";

/**
 * To be thrown out of `verify` by code that surely compared nothing: a field was empty, the database of the
 * passwords was unavailable. Gives the chance back.
 */
export class NotAGuess extends Error {
  constructor(message = "nothing was compared", options?: ErrorOptions) {
    super(message, options);
    this.name = "NotAGuess";
  }
}

/** How a comparison ended. */
export type Verified =
  | { readonly outcome: Outcome.SUCCEEDED | Outcome.FAILED }
  | { readonly outcome: Outcome.NOT_A_GUESS; readonly error?: NotAGuess }
  /** `verify` threw `error`. */
  | { readonly outcome: Outcome.FAILED; readonly thrown: unknown };

/** Runs `verify`. Never rejects. */
export async function runVerify(verify: Verify): Promise<Verified> {
  try {
    const verdict = await verify();
    if (verdict === "not-a-guess") {
      return { outcome: Outcome.NOT_A_GUESS };
    }
    // Only `true` succeeds, whatever else comes from code without types.
    const succeeded = (verdict as unknown) === true;
    return { outcome: succeeded ? Outcome.SUCCEEDED : Outcome.FAILED };
  } catch (error) {
    if (error instanceof NotAGuess) {
      return { outcome: Outcome.NOT_A_GUESS, error };
    }
    return { outcome: Outcome.FAILED, thrown: error };
  }
}
