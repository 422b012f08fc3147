import { expect, test } from "vitest";
import { idle } from "./attacks/idle.ts";
import { measure } from "./measure.ts";
import type { Sample } from "./probe.ts";
import { findExcess, slowestSecond } from "./verdict.ts";

// An attack that does no harm proves something only if one that does would be found.

const samplesOf = (msAt: (index: number) => number): Sample[] =>
  Array.from({ length: 120 }, (_, index) => ({
    at: index * 25,
    ms: msAt(index),
  }));
const well = {
  health: samplesOf(() => 2),
  logins: samplesOf(() => 5),
  peakBytes: 100 * 1024 ** 2,
  ended: undefined,
};

test("a server that nobody disturbs is within the bounds of what is measured", async () => {
  const measured = await measure(idle, 1, undefined);
  expect(measured).toMatchObject({ ended: undefined, faults: [] });
  expect(measured.peakBytes).toBeGreaterThan(20 * 1024 ** 2);
  expect(measured.logins.length).toBeGreaterThan(10);
  // Not how long they took: other tests run at the same time.
  const failed = [...measured.health, ...measured.logins].filter(
    (sample) => sample.failed !== undefined,
  );
  expect(failed).toEqual([]);
});

test("each excess is found, and nothing where there is none", () => {
  expect(findExcess(well, 1, undefined)).toEqual([]);
  expect(
    findExcess({ ...well, ended: "ended: SIGKILL" }, 1, undefined),
  ).toEqual(["the server ended: SIGKILL"]);
  const large = { ...well, peakBytes: 401 * 1024 ** 2 };
  expect(findExcess(large, 1, undefined)).toEqual([
    "more than 400 MiB resident",
  ]);
  expect(findExcess(large, 1, { limit: 1024, bound: 1000 })).toEqual([]);
  const oneSlow = samplesOf((index) => (index === 60 ? 101 : 2));
  expect(findExcess({ ...well, health: oneSlow }, 1, undefined)).toEqual([
    "health over 100 ms",
  ]);
  expect(findExcess({ ...well, logins: [] }, 1, undefined)).toEqual([
    "0 of 0 logins failed (none was made)",
  ]);
});

test("logins that are slow for a second are found among fast ones", () => {
  const logins = samplesOf((index) => (index >= 40 && index < 80 ? 15 : 1));
  expect(slowestSecond(logins)).toBe(15);
  expect(findExcess({ ...well, logins }, 1, undefined)).toEqual([
    "logins of a second at 15.0 times their idle time",
  ]);
  expect(findExcess({ ...well, logins }, 2, undefined)).toEqual([]);
});
