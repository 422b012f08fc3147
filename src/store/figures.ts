/** The part of the port that is about numbers of the whole installation, for metrics. What `store.ts` says of every method holds here too. */
import type { LockReason } from "../lockout/user/lock.ts";

/** How soon tokens expire that are counted: names and milliseconds. Each has those of the ones before it. */
export const tokenHorizons = {
  "1d": 86_400_000,
  "7d": 7 * 86_400_000,
  "30d": 30 * 86_400_000,
} as const;

/** The name of one of {@link tokenHorizons}. */
export type TokenHorizon = keyof typeof tokenHorizons;

/** How many users are locked for a reason. */
export interface LockedUsers {
  /** Undefined for all organisations together. */
  readonly orgId: string | undefined;
  readonly reason: LockReason;
  readonly count: number;
}

/** Numbers of the whole installation. */
export interface StoreFigures {
  /** Accounts alone, not login names that lead to nobody. None where nobody is locked. */
  readonly lockedUsers: readonly LockedUsers[];
  /** How many tokens expire so soon, without those that have expired. */
  readonly tokensExpiring: Readonly<Record<TokenHorizon, number>>;
  /** How many hooks there are. */
  readonly hooks: Readonly<Record<"enabled" | "disabled", number>>;
}

/** The part of the port that is about these numbers. */
export interface FigureStore {
  /** Reads them; no user is looked at. @param perOrg whether users are counted for each organisation */
  figures(perOrg: boolean): Promise<StoreFigures>;
  /** How many commands wait to be committed by this process now. */
  waitingCommands(): number;
}
