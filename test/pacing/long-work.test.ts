import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { LongWork, LoopTime } from "../../src/pacing/long-work.ts";

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
