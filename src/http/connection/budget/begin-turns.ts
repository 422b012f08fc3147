import type { ConnectionAccount } from "./budget.ts";

/**
 * Between these so many requests begin in one turn of the event loop, and in the first. Hundreds of connections may be read in one, each with
 * a hundred requests: whoever else has asked is served between.
 */
const fewestAtOnce = 4;
const mostAtOnce = 256;
const firstAtOnce = 32;

/** After a short turn so many times as many begin in the next. */
const growth = 1.25;

/** So long a turn shall take where requests wait, in milliseconds: fewer begin in the next where it took longer. */
const turnMs = 5;

/** A connection on which requests wait to begin. */
export interface Beginner {
  readonly account: Pick<ConnectionAccount, "network">;
  /** For how many requests one counts. Default 1. */
  readonly weight?: number;
  /**
   * Begins the request that has waited longest.
   *
   * @param now by `performance.now()`
   * @returns whether another one may begin
   */
  beginNext(now: number): boolean;
}

/**
 * Lets requests begin, so many at once as the event loop can bear. Those beyond wait: networks take turns, and the connections of
 * each, so that nobody waits for all that another client asks for.
 */
export class BeginTurns {
  /** Requests that have begun in this turn. */
  #begun = 0;
  #atOnce = firstAtOnce;
  /** When the turn began, by `performance.now()`; undefined where nothing has begun in it. */
  #since: number | undefined;
  /** Whose turn it is, is first, in the map and in the sets. */
  readonly #waiting = new Map<string, Set<Beginner>>();

  /**
   * Whether a request may begin at once; it is counted.
   *
   * @param weight for how many requests it counts
   */
  take(weight = 1): boolean {
    if (this.#begun >= this.#atOnce) {
      return false;
    }
    this.#begun += weight;
    this.#endSoon();
    return true;
  }

  /** Has a connection begin its requests when it is its turn. */
  wait(beginner: Beginner): void {
    const { network } = beginner.account;
    const beginners = this.#waiting.get(network);
    if (beginners === undefined) {
      this.#waiting.set(network, new Set([beginner]));
    } else {
      beginners.add(beginner);
    }
    this.#endSoon();
  }

  /**
   * Begins something else of a network, at once or when it is its turn.
   *
   * @returns whether it was at once
   */
  begin(network: string, weight: number, begin: () => void): boolean {
    if (this.take(weight)) {
      begin();
      return true;
    }
    this.wait({
      account: { network },
      weight,
      beginNext: () => {
        begin();
        return false;
      },
    });
    return false;
  }

  /** Has the turn end when the event loop has read what there was. */
  #endSoon(): void {
    if (this.#since === undefined) {
      this.#since = performance.now();
      setImmediate(this.#end);
    }
  }

  readonly #end = (): void => {
    const now = performance.now();
    this.#adapt(now - (this.#since ?? now));
    this.#begun = 0;
    this.#since = undefined;
    // Who has more goes behind all others, and is met again.
    for (const [network, beginners] of this.#waiting) {
      if (this.#begun >= this.#atOnce) {
        return;
      }
      for (const beginner of beginners) {
        this.take(beginner.weight);
        beginners.delete(beginner);
        if (beginner.beginNext(now)) {
          beginners.add(beginner);
        }
        break;
      }
      this.#waiting.delete(network);
      if (beginners.size > 0) {
        this.#waiting.set(network, beginners);
      }
    }
  };

  /**
   * Lets half as many begin as in a turn that took too long, and more after a short one in which no more could begin. Where few do, it
   * gets fewer again: how long a turn takes is known of those like it.
   */
  #adapt(ms: number): void {
    if (ms > turnMs && this.#begun > fewestAtOnce) {
      const half = Math.max(fewestAtOnce, Math.floor(this.#begun / 2));
      this.#atOnce = Math.min(this.#atOnce, half);
    } else if (this.#begun >= this.#atOnce) {
      this.#atOnce = Math.min(mostAtOnce, Math.ceil(this.#atOnce * growth));
    } else if (this.#begun * 4 < this.#atOnce && this.#atOnce > firstAtOnce) {
      this.#atOnce -= 1;
    }
  }
}
