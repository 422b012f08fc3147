import type { HttpLimits } from "../../limits.ts";
import { Roster } from "./roster.ts";
import type { Listed } from "./roster.ts";

/** Something with a deadline of its own: a request whose body is awaited, an idle connection. */
export interface Watched extends Listed {
  /**
   * Called now and then; acts when its time is over.
   *
   * @param now in milliseconds of `performance.now()`
   * @param later runs what may be due for thousands at once, some with each turn of the event loop
   */
  check(now: number, later: (task: () => void) => void): void;

  /** The server ends what still runs, for the given reason. */
  abort?(reason: unknown): void;
}

/** So many tasks run in one turn: a few milliseconds. */
const tasksPerTurn = 100;

/**
 * Checks everything that has a time-out, with one timer for the server: a timer for each request would cost more than most requests
 * do. A time-out fires late by at most one interval, or two where its begin is not timed exactly.
 */
export class Watchdog {
  readonly #watched = new Roster<Watched>();
  readonly #timer: NodeJS.Timeout;
  /** What is put off, in its order; the first ones have run. */
  #tasks: (() => void)[] = [];
  #tasksRun = 0;

  /** @param intervalMs time between two rounds, in milliseconds */
  constructor(intervalMs: number) {
    this.#timer = setInterval(() => {
      // After sockets were read, which a busy process does late: what was waited for may have arrived.
      setImmediate(() => {
        const now = performance.now();
        this.#watched.forEach((each) => {
          each.check(now, this.#later);
        });
      });
    }, intervalMs).unref();
  }

  add(watched: Watched): void {
    this.#watched.add(watched);
  }

  delete(watched: Watched): void {
    this.#watched.delete(watched);
  }

  /** Ends what still runs: with a shutdown, after its grace. */
  abort(reason: unknown): void {
    this.#watched.forEach((each) => {
      each.abort?.(reason);
    });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#watched.clear();
    this.#tasks = [];
    this.#tasksRun = 0;
  }

  readonly #later = (task: () => void): void => {
    if (this.#tasks.push(task) === 1) {
      setImmediate(this.#runTasks);
    }
  };

  readonly #runTasks = (): void => {
    const end = this.#tasksRun + tasksPerTurn;
    for (const task of this.#tasks.slice(this.#tasksRun, end)) {
      task();
    }
    this.#tasksRun = end;
    if (end < this.#tasks.length) {
      setImmediate(this.#runTasks);
      return;
    }
    this.#tasks = [];
    this.#tasksRun = 0;
  };
}

/** How often time-outs are looked at, and what connections did meanwhile: often enough for the shortest of them. */
export function checkingInterval(limits: HttpLimits): number {
  const timeouts = [
    limits.headersTimeoutMs,
    limits.bodyTimeoutMs,
    limits.streamIdleTimeoutMs,
    limits.idleTimeoutMs,
    limits.maxConnectionAgeMs,
    limits.maxConnectionAgeGraceMs,
    limits.writeStallTimeoutMs,
    limits.heartbeatMs,
  ].filter((ms) => ms > 0);
  return Math.max(
    10,
    Math.min(250, ...timeouts.map((ms) => Math.floor(ms / 4))),
  );
}
