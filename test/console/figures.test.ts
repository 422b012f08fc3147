import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { ActivityIntervalSchema } from "../../gen/lockout/v1/attempt_service_pb.js";
import { EventSchema } from "../../gen/zitadel/event_pb.js";
import {
  excessOf,
  grouped,
  toInterval,
  usualFailures,
} from "../../src/console/overview/figures.ts";
import { stormEvents, stormsOf } from "../../src/console/overview/storms.ts";

const interval = (timeMs: number, failures: number) => ({
  ...{ timeMs, failures, attempts: 2 * failures, locks: 1 },
});

test("what was tried is what was compared, and what was refused", () => {
  const read = toInterval(
    create(ActivityIntervalSchema, {
      time: timestampFromMs(60_000),
      // 4 of those that proceed were completed; two more comparisons are reports, and one attempt is open.
      attempts: { proceed: 5n, locked: 2n, throttled: 1n },
      completed: { failed: 3n, succeeded: 2n, expired: 1n },
      locks: 1n,
    }),
  );
  expect(read).toEqual({ timeMs: 60_000, attempts: 9, failures: 4, locks: 1 });
});

test("intervals are put together from the last one back", () => {
  const all = [1, 2, 3, 4, 5].map((count) => interval(count, count));
  expect(grouped(all, 2)).toEqual([
    { ...interval(1, 1), locks: 1 },
    { ...interval(2, 5), locks: 2 },
    { ...interval(4, 9), locks: 2 },
  ]);
  expect(grouped([], 2)).toEqual([]);
});

test("more failures than usual are many where they are not few", () => {
  const hours = [5, 900, 10, 20, 7].map((count) => interval(count, count));
  expect(usualFailures(hours)).toBe(20);
  expect(usualFailures([])).toBe(0);
  expect(excessOf(20, 0)).toBeUndefined();
  expect(excessOf(30, 0)).toBe(30);
  expect(excessOf(59, 20)).toBeUndefined();
  expect(excessOf(60, 20)).toBe(3);
});

test("a storm is under way where the last event of storms of an organisation says that one began", () => {
  const event = (orgId: string, type: string, timeMs: number) =>
    create(EventSchema, {
      type: { type },
      aggregate: { id: orgId, resourceOwner: orgId },
      creationDate: timestampFromMs(timeMs),
    });
  const { began, ended } = stormEvents;
  const events = [
    event("1", began, 10),
    event("2", ended, 20),
    event("2", began, 15),
    event("3", began, 30),
    event("3", ended, 25),
    event("3", "user.locked", 40),
    event("1", began, 10),
  ];
  const found = (list: typeof events) =>
    stormsOf(list)
      .map(({ orgId }) => orgId)
      .sort();
  expect(found(events)).toEqual(["1", "3"]);
  expect(found(events.toReversed())).toEqual(["1", "3"]);
  expect(found([])).toEqual([]);
});
