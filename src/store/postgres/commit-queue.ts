import type { KeyObject } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { NewId } from "../ids.ts";
import type { StoreMeter, WaitingCall } from "../meter.ts";
import { StoreUnavailableError } from "../store.ts";
import type { Connection, PostgresDatabase } from "./database.ts";
import {
  BatchError,
  isConflict,
  isUnavailable,
  unavailable,
} from "./errors.ts";
import { load } from "./load.ts";
import type { Need } from "./needs.ts";
import { loadSources, SourceMissing } from "./sources.ts";
import { Workspace } from "./workspace.ts";
import { writeAndCommit } from "./write.ts";

/** What a {@link CommitQueue} works with, and its bounds. */
export interface CommitQueueOptions {
  readonly database: PostgresDatabase;
  /** The key under which login names are hashed. */
  readonly nameKey: KeyObject;
  /** Makes sure that so many keys for new subjects can be taken at once; resolves with what gives them. */
  readonly takeKeys: (count: number) => Promise<() => number>;
  /** Whether an organisation has reached the quota of users. */
  readonly isFull: (orgId: string) => boolean;
  /** Makes ids of attempts. */
  readonly newId: NewId;
  /** Tests' own time, instead of the database's; null where there is none. */
  readonly time: () => number | null;
  /** Told of the database's time, in milliseconds since 1970, when a batch has read it. */
  readonly onTime: (time: number) => void;
  readonly notifies: boolean;
  /** How many commands share a transaction at most. */
  readonly maxBatch: number;
  /** How often a batch that met others' transactions is tried. */
  readonly maxTries: number;
  /** Told of what is committed. */
  readonly meter: StoreMeter;
  /** Called when a batch was committed, before its callers get their results. Must not throw. */
  readonly afterCommit: (workspace: Workspace) => void;
}

interface Waiting {
  readonly needs: readonly Need[];
  /** Runs the command; returns what tells its caller of the success. */
  readonly run: (workspace: Workspace, time: number) => () => void;
  readonly reject: (error: unknown) => void;
  /** Told of the commit. */
  readonly call: WaitingCall | undefined;
}

/**
 * Group commit across a network. The commands that wait together share one transaction of two round trips: one locks and
 * reads all their rows, one writes and commits. In between the commands run, one after the other, each on what those before
 * it have changed; one that throws has changed nothing. No caller gets a result before the commit: not even a
 * refusal, since it may depend on what an earlier command of the batch wrote.
 *
 * Commands run in the order of the calls, one batch at a time: what comes meanwhile is the next batch, so under load batches grow
 * and the round trips are shared by more.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #waiting: Waiting[] = [];
  #busy = false;
  #closing: Promise<void> | undefined;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  /**
   * Runs a command on the rows that it needs; resolves when what it wrote is durable. What the command throws is thrown on.
   *
   * @param place whether it runs after those that wait, or before them
   * @throws StoreUnavailableError when the transaction fails
   */
  run<T>(
    needs: readonly Need[],
    command: (workspace: Workspace, time: number) => T,
    place: "last" | "first" = "last",
  ): Promise<T> {
    if (this.#closing !== undefined) {
      return Promise.reject(new StoreUnavailableError("the store is closed"));
    }
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = {
        needs,
        run: (workspace, time) => {
          const result = command(workspace, time);
          return () => {
            resolve(result);
          };
        },
        reject,
        call: this.#options.meter.currentCall?.(),
      };
      if (place === "first") {
        this.#waiting.unshift(waiting);
      } else {
        this.#waiting.push(waiting);
      }
      if (!this.#busy) {
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
    this.#closing ??= this.run([], () => undefined).catch(() => undefined);
    return this.#closing;
  }

  /** After the sockets that are readable in this turn of the event loop were read: their commands are in. */
  #schedule(): void {
    this.#busy = true;
    setImmediate(() => {
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#options.maxBatch);
      for (const settle of await this.#settle(batch)) {
        settle();
      }
    }
    this.#busy = false;
  }

  /** Runs a batch, again where it met others; returns what tells the callers how it ended. */
  async #settle(batch: readonly Waiting[]): Promise<readonly (() => void)[]> {
    const { maxTries } = this.#options;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#commit(batch);
      } catch (error) {
        // Commands that cannot share a transaction, such as two that remove and create the same user, never will.
        if (error instanceof BatchError && batch.length > 1) {
          return this.#settleHalves(batch);
        }
        const again = isConflict(error) || error instanceof BatchError;
        if (again && tries < maxTries) {
          // At random, so that those who met do not meet again.
          await delay(Math.random() * 2 ** tries * 5);
          continue;
        }
        // One that the database refuses shall not take the others along.
        if (!isUnavailable(error) && batch.length > 1) {
          return this.#settleHalves(batch);
        }
        const failure =
          again || isUnavailable(error) ? unavailable(error) : error;
        return batch.map(({ reject }) => () => {
          reject(failure);
        });
      }
    }
  }

  /** Runs two halves of a batch one after the other, so that the culprit is alone soon, and the others are not. */
  async #settleHalves(
    batch: readonly Waiting[],
  ): Promise<readonly (() => void)[]> {
    const middle = Math.ceil(batch.length / 2);
    return [
      ...(await this.#settle(batch.slice(0, middle))),
      ...(await this.#settle(batch.slice(middle))),
    ];
  }

  async #commit(batch: readonly Waiting[]): Promise<readonly (() => void)[]> {
    const needs = batch.flatMap((waiting) => waiting.needs);
    // Nothing to be read or written: only to be told in turn.
    if (needs.length === 0) {
      return batch.map((waiting) => this.#runIdle(waiting));
    }
    const { database, takeKeys, afterCommit, meter } = this.#options;
    const newKey = await takeKeys(needs.length);
    const start = performance.now();
    const { workspace, settlements } = await database.use(async (connection) =>
      this.#transact(connection, batch, needs, newKey),
    );
    workspace.tally.commit();
    meter.committed((performance.now() - start) / 1000, batch.length);
    for (const { call } of batch) {
      call?.committed(start, batch.length);
    }
    afterCommit(workspace);
    return settlements;
  }

  async #transact(
    connection: Connection,
    batch: readonly Waiting[],
    needs: readonly Need[],
    newKey: () => number,
  ) {
    const { nameKey, newId, isFull, notifies, onTime, meter } = this.#options;
    const { loaded, time } = await load(
      connection,
      needs,
      this.#options.time(),
    );
    onTime(time);
    const workspace = new Workspace(
      loaded,
      nameKey,
      { newKey, newId, isFull },
      meter,
    );
    const settlements = await this.#runAll(connection, batch, workspace, time);
    await writeAndCommit(connection, workspace, notifies);
    return { workspace, settlements };
  }

  /**
   * Runs commands one after the other. Those that ask for sources of failures are run again once these are locked and read, in one more round
   * trip: which ones they need is known only when the rules are.
   */
  async #runAll(
    connection: Connection,
    batch: readonly Waiting[],
    workspace: Workspace,
    time: number,
  ): Promise<readonly (() => void)[]> {
    const settlements: (() => void)[] = [];
    let left = batch;
    for (;;) {
      const again: Waiting[] = [];
      for (const waiting of left) {
        const settlement = this.#runOne(waiting, workspace, time);
        if (settlement === undefined) {
          again.push(waiting);
        } else {
          settlements.push(settlement);
        }
      }
      if (again.length === 0) {
        return settlements;
      }
      const { missing } = workspace.sources;
      workspace.sources.take(await loadSources(connection, missing));
      left = again;
    }
  }

  /** Undefined where it has to be run again. */
  #runOne(
    { run, reject }: Waiting,
    workspace: Workspace,
    time: number,
  ): (() => void) | undefined {
    try {
      return workspace.run(() => run(workspace, time));
    } catch (error) {
      if (error instanceof BatchError) {
        throw error;
      }
      if (error instanceof SourceMissing) {
        return undefined;
      }
      return () => {
        reject(error);
      };
    }
  }

  #runIdle({ run, reject }: Waiting): () => void {
    try {
      return run(emptyWorkspace, 0);
    } catch (error) {
      return () => {
        reject(error);
      };
    }
  }
}

const emptyWorkspace = new Workspace(
  {
    ...{
      subjects: [],
      counters: [],
      attempts: [],
      aliases: [],
      names: [],
      reports: [],
      removedOrgs: [],
    },
    ...{ policies: [], policySequences: [], userSequences: [], storms: [] },
  },
  undefined,
);
