import type { Skipped } from "../support/redis-server.ts";

/** Compares a secret; says whether it was right. */
export type Compare = () => Promise<boolean>;

/** What stands between those who guess and the comparison of one user's secret. */
export interface Guard {
  /** A login with a guess; `compare` is called if the guard lets it through. */
  login(compare: Compare): Promise<void>;
  close(): Promise<void>;
}

/** A way to guard logins, as the comparison lists it. */
export interface Contestant {
  readonly title: string;
  readonly store: string;
  readonly start: (
    directory: string,
    limit: number,
  ) => Promise<Guard | Skipped>;
}
