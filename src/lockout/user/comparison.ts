/** What was compared, by whom, and what it comes to. */
import type { Factor } from "./factor.ts";

/** How a comparison ended. */
export type Outcome = "succeeded" | "failed" | "not_a_guess";

/** Who tries, as the caller says: recorded with the event. */
export interface Client {
  readonly address?: string;
  readonly userAgent?: string;
  readonly device?: string;
}

/** The result of a completed or reported attempt. */
export interface CompleteResult {
  /** The login goes on only then. */
  readonly accepted: boolean;
  /** Whether the user is locked now, or this factor. */
  readonly locked: boolean;
  readonly failed: number;
  readonly limit: number;
  /** When that lock ends by itself, where it does: milliseconds since 1970 UTC. */
  readonly lockEndTime?: number;
  /** The device that is remembered from now on, and until when, unless it succeeds again: milliseconds since 1970 UTC. */
  readonly device?: { readonly id: string; readonly expireTime: number };
  /** What the device shows from now on. It is made anew for each response, and never stored. */
  readonly deviceToken?: string;
}

/** What was compared. */
export interface Comparison {
  /** Of the attempt, which holds a chance; undefined where there was none: it is reported after the fact. */
  readonly id: string | undefined;
  readonly factor: Factor;
  readonly client: Client;
  /** The caller's keyed hash of what was wrong. */
  readonly secretDigest?: Uint8Array | undefined;
  /** The device whose chance it holds; undefined where it holds one of the user's. */
  readonly deviceId?: string | undefined;
  /** How often all devices had been forgotten when it was begun; left out for never. */
  readonly deviceGeneration?: number | undefined;
  /** What the device shows, of what is reported after the fact. */
  readonly deviceToken?: string | undefined;
  /** Set where nobody said how it ended: it counts as failed, as of now. */
  readonly hasExpired?: true;
}
