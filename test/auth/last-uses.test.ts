import { expect, it } from "vitest";
import { createLastUses } from "../../src/auth/last-uses.ts";

const hourMs = 3_600_000;
const hour = 500_000 * hourMs;

function createNotes(fails = false) {
  const noted: (readonly [string, number])[] = [];
  const note = createLastUses({
    noteTokenUse: async (...use) => {
      noted.push(use);
      if (fails) {
        throw new Error("the disk is full");
      }
    },
  });
  const use = (id: string, now: number, lastUseDate?: number) => {
    note(
      {
        ...{ id, name: "", orgId: "", roles: [], creationDate: 0 },
        ...{ expirationDate: undefined, lastUseDate },
      },
      now,
    );
  };
  return { noted, use };
}

it("is noted once for each hour and token, by the hour", () => {
  const { noted, use } = createNotes();
  use("a", hour + 5);
  use("a", hour + 6);
  use("b", hour + 7);
  use("a", hour + hourMs - 1);
  use("a", hour + hourMs);
  expect(noted).toEqual([
    ["a", hour],
    ["b", hour],
    ["a", hour + hourMs],
  ]);
});

it("is not noted where it is known, or later", () => {
  const { noted, use } = createNotes();
  use("a", hour + 5, hour);
  use("b", hour + 5, hour + hourMs);
  use("c", hour + 5, hour - hourMs);
  expect(noted).toEqual([["c", hour]]);
});

it("that could not be noted waits for the next hour", async () => {
  const { noted, use } = createNotes(true);
  use("a", hour);
  await Promise.resolve();
  use("a", hour);
  expect(noted).toHaveLength(1);
  use("a", hour + hourMs);
  expect(noted).toHaveLength(2);
});
