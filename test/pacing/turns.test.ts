import { getEventListeners } from "node:events";
import { queryObjects } from "node:v8";
import { expect, test } from "vitest";
import { createTurns } from "../../src/pacing/turns.ts";
import type { Turn } from "../../src/pacing/turns.ts";

/** Work that is logged when it begins, and ends when it is told. */
function logged(concurrency: number) {
  const inTurn = createTurns(concurrency);
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  return {
    begun,
    run: (name: string, turn?: Turn) =>
      inTurn(() => {
        begun.push(name);
        const end = Promise.withResolvers<string>();
        ends.set(name, end);
        return end.promise;
      }, turn),
    /** Ends what runs, and waits until the next one has begun. */
    end: async (name: string, error?: Error) => {
      const end = ends.get(name);
      if (error === undefined) {
        end?.resolve(`end of ${name}`);
      } else {
        end?.reject(error);
      }
      await new Promise(setImmediate);
    },
  };
}

test("two run at once, the others in the order in which they came, whatever becomes of them", async () => {
  const { run, end, begun } = logged(2);
  const all = ["a", "b", "c", "d"].map((name) => run(name));
  const outcomes = Promise.allSettled(all);
  expect(begun).toEqual(["a", "b"]);
  await end("b", new Error("broken"));
  await expect(all[1]).rejects.toThrow("broken");
  expect(begun).toEqual(["a", "b", "c"]);
  await end("a");
  expect(await all[0]).toBe("end of a");
  expect(begun).toEqual(["a", "b", "c", "d"]);
  await end("c");
  await end("d");
  expect((await outcomes).map(({ status }) => status)).toEqual([
    ...["fulfilled", "rejected", "fulfilled", "fulfilled"],
  ]);
  // Both places are free again.
  const more = ["e", "f", "g"].map((name) => run(name));
  expect(begun.slice(4)).toEqual(["e", "f"]);
  for (const name of ["e", "f", "g"]) {
    await end(name);
  }
  await Promise.all(more);
});

test("keys take turns", async () => {
  const { run, end, begun } = logged(1);
  const names = ["a1", "a2", "a3", "a4", "b1", "b2", "c1"];
  const all = names.map((name) => run(name, { of: name.charAt(0) }));
  const order = ["a1", "a2", "b1", "c1", "a3", "b2", "a4"];
  for (const name of order) {
    await end(name);
  }
  expect(begun).toEqual(order);
  await Promise.all(all);
});

test("one that is aborted while it waits is dropped at once, with the reason; the others go on", async () => {
  const { run, end, begun } = logged(1);
  const first = run("first");
  const leaving = new AbortController();
  const left = ["a", "b", "a"].map((of) =>
    run("left", { of, signal: leaving.signal }),
  );
  const staying = new AbortController();
  const stayed = run("stayed", { of: "a", signal: staying.signal });
  const reason = new Error("the client went away");
  leaving.abort(reason);
  for (const each of left) {
    await expect(each).rejects.toBe(reason);
  }
  await end("first");
  expect(begun).toEqual(["first", "stayed"]);
  // What runs is not stopped.
  staying.abort();
  await end("stayed");
  expect(await stayed).toBe("end of stayed");
  await first;
});

test("one that is aborted before is refused, though there is a place", async () => {
  const { run, begun } = logged(1);
  const reason = new Error("the deadline has passed");
  const signal = AbortSignal.abort(reason);
  await expect(run("late", { signal })).rejects.toBe(reason);
  expect(begun).toEqual([]);
});

test("nothing listens to a signal once the work runs, or is dropped", async () => {
  const { run, end } = logged(1);
  const { signal } = new AbortController();
  const dropped = new AbortController();
  const first = run("first", { signal });
  const second = run("second", { signal });
  const third = run("third", { signal: dropped.signal });
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  dropped.abort();
  await expect(third).rejects.toThrow("aborted");
  expect(getEventListeners(dropped.signal, "abort")).toHaveLength(0);
  await end("first");
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
  await end("second");
  await Promise.all([first, second]);
});

test("what was dropped holds nothing in memory", async () => {
  class Message {
    readonly bytes = new Uint8Array(1000);
  }
  const inTurn = createTurns(1);
  const running = Promise.withResolvers<undefined>();
  const first = inTurn(() => running.promise);
  const wait = (signal: AbortSignal) => {
    const message = new Message();
    return inTurn(() => Promise.resolve(message.bytes.length), { signal });
  };
  const leaving = new AbortController();
  const waiting = Promise.allSettled(
    Array.from({ length: 100 }, () => wait(leaving.signal)),
  );
  expect(queryObjects(Message, { format: "count" })).toBe(100);
  leaving.abort();
  await waiting;
  expect(queryObjects(Message, { format: "count" })).toBe(0);
  running.resolve(undefined);
  await first;
});
