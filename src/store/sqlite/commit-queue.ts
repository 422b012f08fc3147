import type { WaitingCall } from "../meter.ts";
import { StoreUnavailableError } from "../store.ts";
import { isUnavailable, primaryCode, unavailable } from "./errors.ts";

/** The steps of a transaction on the one connection; each throws SQLite's error where it fails. */
export interface Transaction {
  begin(): void;
  savepoint(): void;
  release(): void;
  /** Goes back to the last savepoint, which stays. */
  rollbackTo(): void;
  commit(): void;
  /** Does nothing where SQLite has ended the transaction by itself, as it does on some errors. */
  rollback(): void;
  /** A number that grows with each row that is written. */
  changes(): number;
}

/** The bounds of a {@link CommitQueue}. */
export interface CommitQueueOptions {
  /** How many commands share a transaction at most: a flush blocks the event loop while it runs. */
  readonly maxBatch: number;
  /** How often a transaction that another process keeps from beginning is tried again. */
  readonly busyRetries: number;
  /** The time between two tries, in milliseconds. */
  readonly busyDelayMs: number;
  /** Called when a batch was committed, before its callers are told. @param seconds that its transaction took */
  readonly onCommit?: (seconds: number, commands: number) => void;
  /** The call that asks for a command now, where calls want to know. */
  readonly currentCall?: (() => WaitingCall | undefined) | undefined;
  /** Called when a batch has ended and its callers are told. */
  readonly afterCommit?: () => void;
}

/** How many turns of the event loop a batch waits at most, while each turn brings more commands. */
const maxTurns = 4;

interface Waiting {
  /** Runs the command; returns what tells its caller of the success. */
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
  /** Told of the commit. */
  readonly call: WaitingCall | undefined;
}

/**
 * Group commit. With `synchronous=FULL` a commit costs a sync to disk, a thousand times what a command costs,
 * so the commands that wait together share one transaction and one sync. No caller gets a result before
 * the commit: not even a refusal, since it may depend on what an earlier command of the same transaction wrote.
 *
 * - Why a flush by `setImmediate`: it runs after all sockets that are readable in this turn of the event loop
 *   were read, so that their commands are in. A timer would add its delay to each command of a quiet server; a microtask would run
 *   after the first socket, and each command alone.
 * - Why not at the end of the first turn: while it lasted, others have sent theirs. A batch waits as long as each turn brings more,
 *   {@link maxTurns} at most: a sixth more commands in a second. On a quiet server it is one turn, in which nothing happens.
 * - A command that fails takes back what it wrote itself, and that alone. Hardly any has written before it fails, and a savepoint
 *   for each costs an eighth of all: SQLite copies the pages that are written after it. So there are none, and when a command does
 *   fail after it has written, its batch is rolled back and runs again with them. Commands touch nothing but the database.
 * - Why not a worker thread: SQLite has one writer, so nothing would run in parallel, and handing a command over costs
 *   more than running it.
 * - Why not `synchronous=NORMAL` with a sync now and then: a confirmed change could be lost.
 *
 * Commands run in the order of the calls.
 */
export class CommitQueue {
  readonly #transaction: Transaction;
  readonly #options: CommitQueueOptions;
  #waiting: Waiting[] = [];
  #scheduled = false;
  /** So many of those who wait were rolled back, and run again with a savepoint each. */
  #again = 0;
  #failedBegins = 0;
  #closing: Promise<void> | undefined;

  constructor(transaction: Transaction, options: CommitQueueOptions) {
    this.#transaction = transaction;
    this.#options = options;
  }

  /**
   * Runs a command inside a transaction; resolves when it is durable. What the command throws is thrown on.
   *
   * @param place whether it runs after those that wait, or before them
   * @throws StoreUnavailableError when the transaction fails; then nothing was written
   */
  run<T>(command: () => T, place: "last" | "first" = "last"): Promise<T> {
    if (this.#closing !== undefined) {
      return Promise.reject(new StoreUnavailableError("the store is closed"));
    }
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = {
        run: () => {
          const result = command();
          return () => {
            resolve(result);
          };
        },
        reject,
        call: this.#options.currentCall?.(),
      };
      if (place === "first") {
        this.#waiting.unshift(waiting);
      } else {
        this.#waiting.push(waiting);
      }
      if (!this.#scheduled) {
        this.#schedule();
      }
    });
  }

  /** How many commands wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Takes no more commands, and resolves when all that were taken are settled. */
  close(): Promise<void> {
    this.#closing ??= this.run(() => undefined).catch(() => undefined);
    return this.#closing;
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#gather(0, maxTurns);
  }

  /** Flushes at the end of a turn that has brought no more commands than had been `seen`, or of the last of the `turns`. */
  #gather(seen: number, turns: number): void {
    setImmediate(() => {
      const count = this.#waiting.length;
      if (count === seen || turns === 1 || count >= this.#options.maxBatch) {
        this.#flush();
      } else {
        this.#gather(count, turns - 1);
      }
    });
  }

  #flush(): void {
    this.#scheduled = false;
    const start = performance.now();
    if (!this.#begin()) {
      return;
    }
    const again = this.#again > 0;
    const batch = this.#waiting.splice(
      0,
      this.#again || this.#options.maxBatch,
    );
    this.#again = 0;
    for (const settle of this.#commit(batch, again, start)) {
      settle();
    }
    this.#options.afterCommit?.();
    if (this.#waiting.length > 0) {
      this.#schedule();
    }
  }

  /** Begins a transaction, or sees to those who wait for it. */
  #begin(): boolean {
    try {
      this.#transaction.begin();
      this.#failedBegins = 0;
      return true;
    } catch (error) {
      const { busyRetries, busyDelayMs } = this.#options;
      if (
        primaryCode(error) === "SQLITE_BUSY" &&
        this.#failedBegins < busyRetries
      ) {
        this.#failedBegins += 1;
        this.#scheduled = true;
        setTimeout(() => {
          this.#flush();
        }, busyDelayMs);
        return false;
      }
      this.#failedBegins = 0;
      this.#again = 0;
      const failure = unavailable(error);
      for (const { reject } of this.#waiting.splice(0)) {
        reject(failure);
      }
      return false;
    }
  }

  /** Runs and commits a batch; returns what tells the callers how it ended. */
  #commit(
    batch: readonly Waiting[],
    again: boolean,
    start: number,
  ): readonly (() => void)[] {
    try {
      const settlements = again
        ? this.#runApart(batch)
        : this.#runTogether(batch);
      if (settlements === undefined) {
        this.#transaction.rollback();
        this.#waiting.unshift(...batch);
        this.#again = batch.length;
        return [];
      }
      this.#transaction.commit();
      const seconds = (performance.now() - start) / 1000;
      this.#options.onCommit?.(seconds, batch.length);
      for (const { call } of batch) {
        call?.committed(start, batch.length);
      }
      return settlements;
    } catch (error) {
      const failure = unavailable(error);
      this.#rollback();
      return batch.map(({ reject }) => () => {
        reject(failure);
      });
    }
  }

  /** Runs commands; there is no result if one would have to take back what it wrote. */
  #runTogether(batch: readonly Waiting[]): (() => void)[] | undefined {
    const transaction = this.#transaction;
    const settlements: (() => void)[] = [];
    for (const { run, reject } of batch) {
      const before = transaction.changes();
      try {
        settlements.push(run());
      } catch (error) {
        throwUnavailable(error);
        if (transaction.changes() !== before) {
          return undefined;
        }
        settlements.push(() => {
          reject(error);
        });
      }
    }
    return settlements;
  }

  #runApart(batch: readonly Waiting[]): (() => void)[] {
    const transaction = this.#transaction;
    return batch.map(({ run, reject }) => {
      transaction.savepoint();
      let settle;
      try {
        settle = run();
      } catch (error) {
        throwUnavailable(error);
        transaction.rollbackTo();
        settle = () => {
          reject(error);
        };
      }
      transaction.release();
      return settle;
    });
  }

  #rollback(): void {
    try {
      this.#transaction.rollback();
    } catch {
      // The callers are told of the error that came first.
    }
  }
}

/** The file is at fault, not the command: what the others wrote cannot be trusted to commit either. */
function throwUnavailable(error: unknown): void {
  if (isUnavailable(error)) {
    throw error;
  }
}
