import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { BeginTurns } from "../../src/http/connection/budget/begin-turns.ts";

/** A connection on which so many requests wait. */
function connection(network: string, requests: number, begun: string[]) {
  let left = requests;
  return {
    account: { network },
    beginNext: () => {
      begun.push(network);
      left -= 1;
      return left > 0;
    },
  };
}

test("a turn of the event loop begins a bounded number of requests, and all begin in the end", async () => {
  const turns = new BeginTurns();
  let atOnce = 0;
  while (turns.take()) {
    atOnce += 1;
  }
  expect(atOnce).toBe(32);
  const begun: string[] = [];
  turns.wait(connection("a", 10_000, begun));
  expect(begun).toEqual([]);
  let most = 0;
  while (begun.length < 10_000) {
    const before = begun.length;
    await turn();
    most = Math.max(most, begun.length - before);
  }
  expect(most).toBeLessThanOrEqual(256);
});

test("each turn counts its own requests: those of turns before have been served", async () => {
  const turns = new BeginTurns();
  let begun = 0;
  for (let count = 0; count < 100; count += 1) {
    for (let request = 0; request < 15; request += 1) {
      begun += turns.take() ? 1 : 0;
    }
    await turn();
  }
  expect(begun).toBe(1500);
});

test("fewer begin also after a long turn in which as many more might have begun", async () => {
  const turns = new BeginTurns();
  const take = (most: number) => {
    let begun = 0;
    while (begun < most && turns.take()) {
      begun += 1;
    }
    return begun;
  };
  while (take(256) < 256) {
    await turn();
  }
  await turn();
  for (let count = 0; count < 3; count += 1) {
    take(100);
    const until = performance.now() + 6;
    while (performance.now() < until) {}
    await turn();
  }
  // Half of a hundred, and of what was left of that.
  expect(take(100)).toBeLessThanOrEqual(12);
});

test("what other work takes in a turn with few requests lets no fewer begin", async () => {
  const turns = new BeginTurns();
  for (let count = 0; count < 20; count += 1) {
    expect(turns.take()).toBe(true);
    const until = performance.now() + 6;
    while (performance.now() < until) {}
    await turn();
  }
  let atOnce = 0;
  while (turns.take()) {
    atOnce += 1;
  }
  expect(atOnce).toBe(32);
});

test("fewer begin in the turn after one that took long", async () => {
  const turns = new BeginTurns();
  const begun: string[] = [];
  const slow = {
    account: { network: "a" },
    beginNext: () => {
      const until = performance.now() + 1;
      while (performance.now() < until) {}
      begun.push("a");
      return begun.length < 200;
    },
  };
  turns.wait(slow);
  const counts: number[] = [];
  while (begun.length < 150) {
    const before = begun.length;
    await turn();
    counts.push(begun.length - before);
  }
  // One a millisecond, where a turn shall take five.
  expect(Math.max(...counts.slice(-5))).toBeLessThanOrEqual(16);
});

test("networks take turns, whatever the number of their connections", async () => {
  const turns = new BeginTurns();
  const begun: string[] = [];
  for (let count = 0; count < 100; count += 1) {
    turns.wait(connection("many", 100, begun));
  }
  turns.wait(connection("one", 3, begun));
  await turn();
  expect(begun.slice(0, 6)).toEqual([
    "many",
    "one",
    "many",
    "one",
    "many",
    "one",
  ]);
});

test("a connection that waits again while it begins keeps its place in the queue", async () => {
  const turns = new BeginTurns();
  const begun: string[] = [];
  const again = {
    account: { network: "a" },
    beginNext: () => {
      begun.push("again");
      if (begun.length < 5) {
        turns.wait(again);
      }
      return false;
    },
  };
  turns.wait(again);
  while (begun.length < 5) {
    await turn();
  }
  await turn();
  expect(begun).toHaveLength(5);
});

test("what is heavy begins alone, at once or in its turn", async () => {
  const turns = new BeginTurns();
  const begun: number[] = [];
  for (let count = 0; count < 6; count += 1) {
    turns.begin("a", 8, () => begun.push(count));
  }
  expect(begun).toEqual([0, 1, 2, 3]);
  while (begun.length < 6) {
    await turn();
  }
  expect(begun).toEqual([0, 1, 2, 3, 4, 5]);
});
