import { expect, test } from "vitest";
import { HookQueue } from "../../src/hooks/hook-queue.ts";
import { HookSet } from "../../src/hooks/hook-set.ts";
import { createPace } from "../../src/hooks/pace.ts";

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

const atOnce = { waitMs: () => 0 };

test("receivers of some organisations that hang leave places to all others", () => {
  const set = new HookSet(atOnce);
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
  const set = new HookSet(atOnce);
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

test("while the server is called a request begins each 10 ms, of one hook after the other, and else at once", () => {
  let now = 1000;
  const pace = createPace(() => now);
  const set = new HookSet(pace);
  const [one, two] = [queueOf("1", undefined), queueOf("2", undefined)];
  set.add(one);
  set.add(two);
  const begin = (queue: HookQueue) => {
    const isEntered = set.enter(queue);
    if (isEntered) {
      pace.begun();
    }
    return isEntered;
  };
  expect([begin(one), begin(one)]).toEqual([true, true]);
  expect(set.waitMs()).toBeUndefined();
  pace.called();
  expect([begin(one), begin(two)]).toEqual([false, false]);
  expect(set.waitMs()).toBe(10);
  now += 10;
  expect(set.waitMs()).toBe(0);
  const begun: string[] = [];
  for (const queue of set.waiting()) {
    begun.push(queue.id);
    expect([begin(queue), begin(queue)]).toEqual([true, false]);
  }
  expect(begun).toEqual(["1"]);
  now += 10;
  expect([...set.waiting()].map(({ id }) => id)).toEqual(["2", "1"]);
  now += 100;
  expect([begin(two), begin(two)]).toEqual([true, true]);
});

test("who waits has a turn in each round, however many hooks others have", () => {
  let now = 1000;
  const pace = createPace(() => now);
  const set = new HookSet(pace);
  const many = Array.from({ length: 10 }, (_, i) => queueOf(`many ${i}`, "7"));
  const one = queueOf("one", "8");
  pace.called();
  for (const queue of [...many, one]) {
    set.add(queue);
    pace.begun();
    expect(set.enter(queue)).toBe(false);
  }
  const begun: string[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    now += 10;
    pace.called();
    for (const queue of set.waiting()) {
      begun.push(queue.id);
      expect(set.enter(queue)).toBe(true);
      set.leave(queue);
      pace.begun();
      expect(set.enter(queue)).toBe(false);
    }
  }
  expect(begun).toEqual([
    ...["many 0", "one", "many 1", "one", "many 2", "one"],
  ]);
});
