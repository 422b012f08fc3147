import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { drainInTurn } from "../../src/http/connection/exchange/drain-turns.ts";

test("bodies that nobody wants go on a few in each turn of the event loop, in their order", async () => {
  const turns: number[][] = [];
  let current: number[] = [];
  for (let body = 0; body < 20; body += 1) {
    drainInTurn(() => {
      current.push(body);
    });
  }
  while (turns.flat().length < 20) {
    await turn();
    turns.push(current);
    current = [];
  }
  expect(turns.flat()).toEqual(Array.from({ length: 20 }, (_, body) => body));
  expect(Math.max(...turns.map(({ length }) => length))).toBe(8);
});
