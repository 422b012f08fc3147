/**
 * The naive service: lockoutd itself, run with the same arguments, but with a transaction and a sync to disk for
 * each request. The rules, the statements, the tables and the way over the network are the same, so the difference
 * is that of group commit alone.
 */
import { CommitQueue } from "../../src/store/sqlite/commit-queue.ts";

// eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on the queue it is taken from
const { run } = CommitQueue.prototype;
// A command is handed to the queue when the one before it is committed: so each batch has one.
let last: Promise<unknown> = Promise.resolve();
CommitQueue.prototype.run = function <T>(
  this: CommitQueue,
  command: () => T,
): Promise<T> {
  const result = last.then(() => run.call(this, command) as Promise<T>);
  last = result.catch(() => undefined);
  return result;
};

await import("../../src/main.ts");
