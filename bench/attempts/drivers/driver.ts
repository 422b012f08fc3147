/** How the comparison of a pair ends. Half of the pairs fail, and each user's by turns, so that nobody locks. */
export type PairOutcome = "succeeded" | "failed";

/** Makes pairs against one system: an attempt is begun, and when that is durable and answered, completed. */
export interface PairDriver {
  /** Resolves when the pair is durable and answered. Rejects where the system says anything but yes. */
  pair(user: number, outcome: PairOutcome): Promise<void>;
  close(): Promise<void>;
}

/** Which system to drive, and how to reach it. */
export type DriverSpec =
  | { readonly kind: "lockoutd"; readonly port: number; readonly token: string }
  | { readonly kind: "redis"; readonly port: number }
  | { readonly kind: "postgres"; readonly port: number }
  | { readonly kind: "store"; readonly database: string }
  | { readonly kind: "sqlite"; readonly database: string };

/** So many users make attempts, by turns: far more than are in flight. */
export const userCount = 10_000;

/** A user's id: 18 digits, as ZITADEL's. */
export function userIdOf(user: number): string {
  return `3${String(user).padStart(17, "0")}`;
}

/** The connections that so many pairs in flight share, as login programs that each hold one would. */
export function connectionsFor(inFlight: number): number {
  return Math.min(Math.ceil(inFlight / 32), 32);
}
