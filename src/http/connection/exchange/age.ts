import type { HttpLimits } from "../../limits.ts";

/** The fraction by which the age of each connection is longer or shorter, at random, so that connections that were opened together do not end together. */
const jitter = 0.1;

/** When a connection has to end. */
export class ConnectionAge {
  /** By `performance.now()`. */
  readonly #endsAt: number;
  readonly #cutAt: number;

  /**
   * @param now when the connection was opened, by `performance.now()`
   * @param random a number from 0 to 1, for the jitter
   */
  constructor(
    { maxConnectionAgeMs, maxConnectionAgeGraceMs }: HttpLimits,
    now: number = performance.now(),
    random: number = Math.random(),
  ) {
    const ms = maxConnectionAgeMs * (1 + jitter * (2 * random - 1));
    this.#endsAt = ms === 0 ? Infinity : now + ms;
    this.#cutAt =
      maxConnectionAgeGraceMs === 0
        ? Infinity
        : this.#endsAt + maxConnectionAgeGraceMs;
  }

  get isLimited(): boolean {
    return this.#endsAt !== Infinity;
  }

  /** Whether it takes no new requests, as far as its protocol can tell the client. */
  isOver(now: number): boolean {
    return now >= this.#endsAt;
  }

  /** Whether the requests that still run on it are aborted. */
  isPastGrace(now: number): boolean {
    return now >= this.#cutAt;
  }
}
