/** What may be used at once, and how much of it comes back each second. */
export class TokenBucket {
  readonly #burst: number;
  readonly #rate: number;
  #tokens: number;
  #at = 0;

  /** @param rate per second */
  constructor(burst: number, rate: number) {
    this.#burst = burst;
    this.#rate = rate;
    this.#tokens = burst;
  }

  /**
   * @param now in milliseconds, of a clock that never jumps
   * @returns whether there was as much
   */
  take(tokens: number, now: number): boolean {
    const back = ((now - this.#at) / 1000) * this.#rate;
    this.#tokens = Math.min(this.#burst, this.#tokens + back) - tokens;
    this.#at = now;
    return this.#tokens >= 0;
  }
}
