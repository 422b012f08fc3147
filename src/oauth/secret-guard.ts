/** How far wrong secrets in a row from one network are let go on: nobody guesses one, nor stops a service by guessing. */
export interface SecretGuard {
  /**
   * Compares a secret, unless too many were wrong before: then it counts as wrong without being compared.
   *
   * @param client whose secret it is, and which: a new one starts anew; an unknown client id has a pool of its own
   */
  readonly check: (
    client: {
      readonly id: string;
      readonly secretId?: string | undefined;
      readonly isKnown: boolean;
    },
    network: string,
    compare: () => boolean,
  ) => boolean;
}

/** What ends or lengthens a row of wrong secrets of an account, for the events. */
export interface SecretReports {
  readonly onWrong: (accountId: string, network: string) => void;
  /** The right one came after wrong ones. */
  readonly onRight: (accountId: string, network: string) => void;
}

interface Row {
  /** Wrong ones in a row since the last pause. */
  wrong: number;
  /** In milliseconds; nothing is compared before. */
  pausedUntil: number;
  pauseMs: number;
}

/** So many pairs of client and network are remembered, and as many of unknown clients; the oldest go first. */
const maxPairs = 100_000;

const firstPauseMs = 60_000;
const longestPauseMs = 15 * 60_000;

/**
 * Makes the guard of a node, which counts for itself, in memory.
 *
 * @param limit wrong secrets in a row before a pause; 0: never
 * @param now milliseconds of a clock that never goes back
 */
export function createSecretGuard(
  limit: number,
  now: () => number,
  { onWrong, onRight }: SecretReports,
): SecretGuard {
  const known = new Map<string, Row>();
  const unknown = new Map<string, Row>();
  return {
    check: ({ id, secretId = "", isKnown }, network, compare) => {
      const rows = isKnown ? known : unknown;
      const key = `${id} ${secretId} ${network}`;
      const row = rows.get(key);
      const time = now();
      if (row !== undefined && time < row.pausedUntil) {
        return false;
      }
      if (compare()) {
        rows.delete(key);
        if (row !== undefined) {
          onRight(id, network);
        }
        return true;
      }
      rows.delete(key);
      const next = row ?? { wrong: 0, pausedUntil: 0, pauseMs: firstPauseMs };
      next.wrong += 1;
      if (limit > 0 && next.wrong >= limit) {
        next.wrong = 0;
        next.pausedUntil = time + next.pauseMs;
        next.pauseMs = Math.min(2 * next.pauseMs, longestPauseMs);
      }
      const [oldest] = rows.keys();
      if (rows.size >= maxPairs && oldest !== undefined) {
        rows.delete(oldest);
      }
      rows.set(key, next);
      if (isKnown) {
        onWrong(id, network);
      }
      return false;
    },
  };
}
