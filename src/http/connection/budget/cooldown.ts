import { TokenBucket } from "./token-bucket.ts";
import type { Watched } from "./watchdog.ts";

/** Connections of one network that had to be ended: so many at once, and per second, change nothing. */
const endedBurst = 1;
const endedRate = 1;

/** For so long after one more the network's new connections are slowed down, in milliseconds … */
const slowMs = 5000;

/** … to one in so many milliseconds, and half as many with each that has to be ended again … */
const shortestIntervalMs = 100;
const longestIntervalMs = 3200;

/** … and those that would wait for longer than this are closed, in milliseconds. */
const maxDelayMs = 5000;

interface Network {
  readonly ended: TokenBucket;
  /** The last connection of its that had to be ended. By `performance.now()`, as all times here. */
  endedAt: number;
  slowUntil: number;
  /** Between two of its new connections, in milliseconds. */
  intervalMs: number;
  /** When its next connection begins at the earliest. */
  nextAt: number;
}

/**
 * Slows down the new connections of networks whose connections have to be ended again and again: a client that comes back at once
 * costs more than one that stays.
 */
export class Cooldown implements Watched {
  place = -1;
  readonly #networks = new Map<string, Network>();

  /**
   * A connection of the network has been ended for what its client did.
   *
   * @param now by `performance.now()`
   */
  ended(network: string, now: number): void {
    let entry = this.#networks.get(network);
    if (entry === undefined) {
      const ended = new TokenBucket(endedBurst, endedRate);
      entry = {
        ended,
        endedAt: now,
        slowUntil: 0,
        intervalMs: shortestIntervalMs / 2,
        nextAt: 0,
      };
      this.#networks.set(network, entry);
    }
    entry.endedAt = now;
    if (!entry.ended.take(1, now)) {
      entry.slowUntil = now + slowMs;
      entry.intervalMs = Math.min(longestIntervalMs, 2 * entry.intervalMs);
    }
  }

  /**
   * For how long a new connection of the network waits, in milliseconds; undefined where that is too long.
   *
   * @param now by `performance.now()`
   */
  delay(network: string, now: number): number | undefined {
    const entry = this.#networks.get(network);
    if (entry === undefined || now > entry.slowUntil) {
      return 0;
    }
    const at = Math.max(entry.nextAt, now);
    if (at - now > maxDelayMs) {
      return undefined;
    }
    entry.nextAt = at + entry.intervalMs;
    return at - now;
  }

  /** Forgets networks that have long had no connection ended. */
  check(now: number): void {
    for (const [network, { endedAt }] of this.#networks) {
      if (now - endedAt > slowMs) {
        this.#networks.delete(network);
      }
    }
  }
}
