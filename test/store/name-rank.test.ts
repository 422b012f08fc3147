import fc from "fast-check";
import { expect, it } from "vitest";
import { shareOut } from "../../src/store/shared/name-rank.ts";

const counts = (numbers: readonly number[]) =>
  numbers.map((count, place) => ({ orgId: `o${place}`, count }));

it("organisations with the most names come down to one level, and the others keep theirs", () => {
  expect(shareOut(counts([5, 100, 80, 40]), 50)).toEqual([
    { orgId: "o1", count: 35 },
    { orgId: "o2", count: 15 },
  ]);
  expect(shareOut(counts([3, 3, 3]), 2)).toEqual([
    { orgId: "o1", count: 1 },
    { orgId: "o2", count: 1 },
  ]);
  expect(shareOut(counts([7]), 9)).toEqual([{ orgId: "o0", count: 7 }]);
  expect(shareOut([], 9)).toEqual([]);
});

it("as many names are given up as are too many, and no organisation has fewer after than one that gave up some", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1000), { maxLength: 30 }),
      fc.nat(3000),
      (numbers, excess) => {
        const before = counts(numbers);
        const given = new Map(
          shareOut(before, excess).map((one) => [one.orgId, one.count]),
        );
        const total = numbers.reduce((sum, count) => sum + count, 0);
        const sum = [...given.values()].reduce((all, count) => all + count, 0);
        expect(sum).toBe(Math.min(excess, total));
        const after = before.map(
          ({ orgId, count }) => count - (given.get(orgId) ?? 0),
        );
        const least = Math.min(
          ...before.flatMap(({ orgId }, place) =>
            given.has(orgId) ? [after[place] ?? 0] : [],
          ),
        );
        // What does not divide evenly may leave one more.
        expect(Math.max(0, ...after)).toBeLessThanOrEqual(least + 1);
      },
    ),
  );
});
