import type { HttpLimits } from "../limits.ts";

/** Connections that were opened together do not end together: each lasts up to so much of the limit longer, or less long. */
const jitter = 0.1;

/** How long a connection lasts. */
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

  /** Whether it takes no new requests, as far as its protocol can say so. */
  isOver(now: number): boolean {
    return now >= this.#endsAt;
  }

  /** Whether what still runs on it has to end. */
  isPastGrace(now: number): boolean {
    return now >= this.#cutAt;
  }
}
