import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { LongWork, LoopTime, runLongWork } from "../../src/pacing/long-work.ts";

/** Holds the event loop, as a slice of work does. */
function hold(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    // Nothing but time.
  }
}

test("long work of two callers leaves turns of the event loop to others", async () => {
  let ended = 0;
  const run = async () => {
    const work = new LongWork();
    for (let slice = 0; slice < 5; slice += 1) {
      hold(3);
      await work.pause();
    }
    ended += 1;
  };
  const all = [run(), run()];
  let turns = 0;
  while (ended < 2) {
    await turn();
    turns += 1;
  }
  await Promise.all(all);
  // Without a pause all of it would be one turn; with one only behind each slice, ten.
  expect(turns).toBeGreaterThan(20);
});

test("short work waits for a turn of the event loop", async () => {
  const work = new LongWork();
  let turned = false;
  const next = turn().then(() => {
    turned = true;
  });
  await work.pause();
  await next;
  expect(turned).toBe(true);
});

test("time is reserved one after the other, with as much between", () => {
  const loop = new LoopTime();
  expect(loop.reserve(4, 1000)).toBe(0);
  expect(loop.reserve(4, 1000)).toBe(8);
  expect(loop.reserve(4, 1010)).toBe(6);
  expect(loop.reserve(4, 1024)).toBe(0);
});

test("work without slices is done one at a time, the first at once, and leaves as much time to others", async () => {
  const begun: number[] = [];
  const took: number[] = [];
  const work = (of: string) => () => {
    const from = performance.now();
    begun.push(from);
    hold(5);
    took.push(performance.now() - from);
    done.push(of);
  };
  const done: string[] = [];
  const all = ["a1", "a2", "a3", "b1"].map((name) =>
    runLongWork(work(name), { of: name.charAt(0) }),
  );
  expect(done).toEqual(["a1"]);
  await Promise.all(all);
  expect(done).toEqual(["a1", "a2", "b1", "a3"]);
  for (const [index, ms] of took.slice(0, -1).entries()) {
    const gap = (begun[index + 1] ?? 0) - (begun[index] ?? 0) - ms;
    // A timer has whole milliseconds, and may fire up to one early.
    expect(gap).toBeGreaterThan(ms - 2);
  }
});

test("work that nobody waits for any more takes no time of those behind it", async () => {
  const leaving = new AbortController();
  const done: string[] = [];
  const run = (name: string, signal: AbortSignal) =>
    runLongWork(
      () => {
        hold(5);
        done.push(name);
      },
      { signal },
    );
  const { signal } = new AbortController();
  const first = run("first", signal);
  const left = Array.from({ length: 300 }, () => run("left", leaving.signal));
  const last = run("last", signal);
  const reason = new Error("the client went away");
  leaving.abort(reason);
  for (const { reason: why } of (await Promise.allSettled(
    left,
  )) as PromiseRejectedResult[]) {
    expect(why).toBe(reason);
  }
  await Promise.all([first, last]);
  expect(done).toEqual(["first", "last"]);
});

test("work that fails says so, and the next one is done", async () => {
  const failed = runLongWork(() => {
    throw new Error("broken");
  }, {});
  let isDone = false;
  const next = runLongWork(() => {
    isDone = true;
  }, {});
  await expect(failed).rejects.toThrow("broken");
  await next;
  expect(isDone).toBe(true);
});
