import { expect, it } from "vitest";
import { createListTurns } from "../../src/api/list-turns.ts";

it("reads two lists at once, the others in the order in which they came", async () => {
  const inTurn = createListTurns();
  const log: string[] = [];
  const ends = Array.from({ length: 4 }, () => Promise.withResolvers<string>());
  const lists = ends.map(({ promise }, index) =>
    inTurn(() => {
      log.push(`begin ${index}`);
      return promise;
    }),
  );
  expect(log).toEqual(["begin 0", "begin 1"]);
  ends[1]?.reject(new Error("broken"));
  await expect(lists[1]).rejects.toThrow("broken");
  expect(log).toEqual(["begin 0", "begin 1", "begin 2"]);
  ends[0]?.resolve("a");
  expect(await lists[0]).toBe("a");
  expect(log).toHaveLength(4);
  for (const { resolve } of ends) {
    resolve("rest");
  }
  expect(await lists[3]).toBe("rest");
  const last = inTurn(async () => Promise.resolve("free"));
  expect(await last).toBe("free");
});
