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

test("who finds no room among all is next when there is some", () => {
  const set = new HookSet();
  const running = Array.from({ length: 1000 }, (_, owner) => {
    const queue = queueOf(`hook ${owner}`, `org ${owner}`);
    set.add(queue);
    expect(set.enter(queue)).toBe(true);
    return queue;
  });
  const late = queueOf("late", "late");
  const removed = queueOf("removed", "removed");
  for (const queue of [removed, late]) {
    set.add(queue);
    expect(set.enter(queue)).toBe(false);
  }
  set.remove(removed.id);
  expect([...set.waiting()]).toEqual([]);
  for (const queue of running.slice(0, 1)) {
    set.leave(queue);
  }
  expect([...set.waiting()]).toEqual([late]);
  expect(set.enter(late)).toBe(true);
});
