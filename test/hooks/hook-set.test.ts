import { expect, test } from "vitest";
import { HookQueue } from "../../src/hooks/hook-queue.ts";
import { HookSet } from "../../src/hooks/hook-set.ts";

const queueOf = (id: string, owner: string | undefined) =>
  new HookQueue(
    {
      ...{ id, owner, since: 0, url: "https://example.com/" },
      ...{ eventTypes: [], presets: [], sealedSecret: "", position: 0 },
      ...{ oldSecret: undefined, lastSuccess: undefined },
      ...{ creationDate: 0, changeDate: 0, disableReason: undefined },
    },
    [],
  );

test("receivers of some organisations that hang leave places to all others", () => {
  const set = new HookSet();
  const add = (id: string, owner: string | undefined) => {
    const queue = queueOf(id, owner);
    set.add(queue);
    return queue;
  };
  for (let org = 0; org < 100; org += 1) {
    for (let hook = 0; hook < 4; hook += 1) {
      const queue = add(`${org}-${hook}`, String(org));
      while (set.enter(queue)) {
        // As many as it may.
      }
    }
  }
  expect(set.enter(add("other", "other"))).toBe(true);
  expect(set.enter(add("of the instance", undefined))).toBe(true);
});
