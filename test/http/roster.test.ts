import fc from "fast-check";
import { expect, test } from "vitest";
import { Roster } from "../../src/http/connection/budget/roster.ts";

test("what is added and not deleted is on the roster, each once", () => {
  const steps = fc.array(
    fc.record({ adds: fc.boolean(), which: fc.nat({ max: 7 }) }),
  );
  fc.assert(
    fc.property(steps, (taken) => {
      const items = Array.from({ length: 8 }, () => ({ place: -1 }));
      const roster = new Roster<(typeof items)[number]>();
      const model = new Set<(typeof items)[number]>();
      for (const { adds, which } of taken) {
        const item = items[which];
        if (item === undefined) {
          throw new Error("there are eight");
        }
        if (adds && !model.has(item)) {
          roster.add(item);
          model.add(item);
        } else if (!adds) {
          roster.delete(item);
          model.delete(item);
        }
        const found: unknown[] = [];
        roster.forEach((each) => found.push(each));
        expect(found).toHaveLength(model.size);
        expect(new Set(found)).toEqual(model);
      }
    }),
  );
});

test("whoever is called for may delete itself and others", () => {
  const roster = new Roster<{ place: number }>();
  const [a, b, c] = [{ place: -1 }, { place: -1 }, { place: -1 }];
  for (const each of [a, b, c]) {
    roster.add(each);
  }
  const called: unknown[] = [];
  roster.forEach((each) => {
    called.push(each);
    roster.delete(each);
    roster.delete(b);
  });
  expect(called).toEqual([a, c]);
  roster.clear();
  roster.delete(a);
  roster.forEach(() => called.push("nobody"));
  expect(called).toHaveLength(2);
});
