import { expect, it } from "vitest";
import { readPart, showEach } from "../../src/api/requests/list-window.ts";

const { signal } = new AbortController();
const items = Array.from({ length: 100 }, (_, place) => place);
const everything = { offset: 0, limit: 1000, ascending: true };

/** Holds the event loop, as a database in this process does. */
function hold(): true {
  const end = performance.now() + 0.5;
  while (performance.now() < end) {
    // Until then.
  }
  return true;
}

/** How many turns of the event loop others get meanwhile. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns += 1;
    if (!isDone) {
      setImmediate(count);
    }
  };
  setImmediate(count);
  await work();
  isDone = true;
  return turns;
}

it("others have their turn while a list is read, and while it is shown", async () => {
  // 50 ms in slices of 4.
  expect(
    await turnsDuring(() =>
      readPart(items, everything, { fits: hold, signal }),
    ),
  ).toBeGreaterThan(5);
  expect(
    await turnsDuring(() => showEach(items, signal, async () => hold())),
  ).toBeGreaterThan(5);
});

it("a list that nobody waits for any more is read no further", async () => {
  const left = new AbortController();
  const reason = new Error("the caller has left");
  const part = readPart(items, everything, {
    fits: (item) => {
      if (item === 10) {
        left.abort(reason);
      }
      return hold();
    },
    signal: left.signal,
  });
  await expect(part).rejects.toBe(reason);
});

it("a long list is sorted as it is read, and no more is held than is wanted", async () => {
  const many = Array.from({ length: 25_000 }, (_, place) =>
    String((place * 7919) % 25_000).padStart(5, "0"),
  );
  const part = async (ascending: boolean) =>
    readPart(
      many,
      { offset: 2, limit: 3, ascending },
      { fits: () => true, sortedBy: (item) => item, signal },
    );
  expect(await part(true)).toEqual({
    ...{ total: 25_000, items: ["00002", "00003", "00004"] },
  });
  expect(await part(false)).toEqual({
    ...{ total: 25_000, items: ["24997", "24996", "24995"] },
  });
});
