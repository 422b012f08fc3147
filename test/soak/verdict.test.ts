import { expect, test } from "vitest";
import type { RecordedEvent } from "../../src/store/events.ts";
import { Ledger, userKey } from "./ledger.ts";
import { findTrend, isRising } from "./memory.ts";
import { Windows } from "./windows.ts";

// A soak proves something only if it can find what it looks for.

function policyEvent(sequence: number, value: number): RecordedEvent {
  return {
    position: sequence,
    aggregateType: "instance",
    aggregateId: "i",
    resourceOwner: "i",
    sequence,
    type: "instance.policy.lockout.changed",
    editor: "e",
    creationMicros: 0,
    payload: { maxPasswordAttempts: value },
  };
}

test("what was acknowledged and is not written is lost; what is written twice is doubled", async () => {
  const ledger = new Ledger();
  await ledger.record(ledger.policies, "7", () => Promise.resolve());
  expect(ledger.verify([policyEvent(1, 7)])).toEqual([]);
  expect(ledger.verify([])).toEqual([expect.stringMatching(/^lost: policy 7/)]);
  expect(ledger.verify([policyEvent(1, 7), policyEvent(2, 7)])).toEqual([
    expect.stringMatching(/^doubled: policy 7/),
  ]);
  expect(ledger.verify([policyEvent(1, 7), policyEvent(3, 8)])).toEqual([
    expect.stringMatching(/sequence 3 follows 1/),
  ]);
});

test("what failed may have happened once, or not", async () => {
  const ledger = new Ledger();
  const failing = ledger.record(ledger.policies, "7", () =>
    Promise.reject(new Error("cut")),
  );
  await expect(failing).rejects.toThrow("cut");
  expect(ledger.verify([])).toEqual([]);
  expect(ledger.verify([policyEvent(1, 7)])).toEqual([]);
  expect(ledger.verify([policyEvent(1, 7), policyEvent(2, 7)])).toHaveLength(1);
  ledger.countOf(ledger.users, userKey("u", "user.locked")).done += 1;
  expect(ledger.verify([])).toEqual([expect.stringMatching(/^lost: user u/)]);
});

test("an error is explained by what was done meanwhile, and by nothing else", () => {
  const windows = new Windows();
  const before = performance.now();
  expect(windows.explain(before, ["killed", "ending", "locked"])).toBe(false);
  const close = windows.open("locked");
  expect(windows.explain(before, ["locked"])).toBe(true);
  expect(windows.explain(before, ["killed"])).toBe(false);
  close();
  expect(windows.explain(before, ["locked"])).toBe(true);
  expect(windows.explain(performance.now() + 1, ["locked"])).toBe(false);
});

test("memory that rises is told from memory that goes up and down", () => {
  const mebibyte = 1024 ** 2;
  const samplesOf = (bytesAt: (at: number) => number) =>
    Array.from({ length: 100 }, (_value, index) => ({
      at: index * 500,
      bytes: bytesAt(index) * mebibyte,
    }));
  const wave = (at: number) => 30 * Math.sin(at);
  expect(isRising(findTrend(samplesOf((at) => 200 + wave(at))))).toBe(false);
  expect(isRising(findTrend(samplesOf((at) => 200 + at + wave(at))))).toBe(
    true,
  );
  expect(isRising(findTrend([]))).toBe(false);
});
