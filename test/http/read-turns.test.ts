import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { ReadTurns } from "../../src/http/connection/http2/read-turns.ts";

function reader(network: string) {
  const calls: string[] = [];
  return {
    account: { network },
    calls,
    stopReading: () => calls.push("stop"),
    read: () => calls.push("read"),
  };
}

test("connections of a network that brings too many streams in one turn are read in the next", async () => {
  const turns = new ReadTurns();
  const [first, second, other] = [reader("a"), reader("a"), reader("b")];
  for (const each of [first, second, other]) {
    turns.add(each);
  }
  for (let count = 0; count < 200; count += 1) {
    turns.count(first, 1);
  }
  expect([first.calls, second.calls, other.calls]).toEqual([
    ["stop"],
    ["stop"],
    [],
  ]);
  await turn();
  await turn();
  expect([first.calls, second.calls, other.calls]).toEqual([
    ["stop", "read"],
    ["stop", "read"],
    [],
  ]);
});

test("streams of several turns stop nobody", async () => {
  const turns = new ReadTurns();
  const only = reader("a");
  turns.add(only);
  for (let round = 0; round < 20; round += 1) {
    for (let count = 0; count < 50; count += 1) {
      turns.count(only, 1);
    }
    await turn();
    await turn();
  }
  expect(only.calls).toEqual([]);
});

test("a connection that has gone is left alone", async () => {
  const turns = new ReadTurns();
  const [gone, there] = [reader("a"), reader("a")];
  turns.add(gone);
  turns.add(there);
  turns.delete(gone);
  for (let count = 0; count < 128; count += 1) {
    turns.count(there, 1);
  }
  turns.delete(there);
  await turn();
  await turn();
  expect([gone.calls, there.calls]).toEqual([[], ["stop"]]);
});
