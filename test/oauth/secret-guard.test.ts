import { expect, test } from "vitest";
import { createSecretGuard } from "../../src/oauth/secret-guard.ts";

function make(limit = 3) {
  let now = 0;
  let compared = 0;
  const told: string[] = [];
  const guard = createSecretGuard(limit, () => now, {
    onWrong: (id, network) => told.push(`wrong ${id} ${network}`),
    onRight: (id, network) => told.push(`right ${id} ${network}`),
  });
  return {
    told,
    pass: (ms: number) => {
      now += ms;
    },
    compared: () => compared,
    check: (isRight: boolean, network = "n", id = "a", isKnown = true) =>
      guard.check({ id, isKnown }, network, () => {
        compared += 1;
        return isRight;
      }),
  };
}

test("a row of wrong ones pauses for a minute, then two, at most fifteen", () => {
  const guard = make();
  for (const minutes of [1, 2, 4, 8, 15, 15]) {
    for (let count = 0; count < 3; count += 1) {
      expect(guard.check(false)).toBe(false);
    }
    const compared = guard.compared();
    guard.pass(minutes * 60_000 - 1);
    expect(guard.check(true)).toBe(false);
    expect(guard.compared()).toBe(compared);
    guard.pass(1);
  }
  expect(guard.check(true)).toBe(true);
});

test("a right one begins anew; other networks and other accounts go on", () => {
  const guard = make();
  guard.check(false);
  guard.check(false);
  expect(guard.check(true)).toBe(true);
  guard.check(false);
  guard.check(false);
  expect(guard.check(true)).toBe(true);
  for (let count = 0; count < 3; count += 1) {
    guard.check(false);
  }
  expect(guard.check(true)).toBe(false);
  expect(guard.check(true, "other")).toBe(true);
  expect(guard.check(true, "n", "b")).toBe(true);
  expect(guard.told.filter((text) => text.startsWith("right"))).toEqual([
    "right a n",
    "right a n",
  ]);
});

test("no limit never pauses, and unknown clients are told to nobody", () => {
  const guard = make(0);
  for (let count = 0; count < 1000; count += 1) {
    guard.check(false);
  }
  expect(guard.check(true)).toBe(true);
  const unknown = make();
  unknown.check(false, "n", "x", false);
  expect(unknown.told).toEqual([]);
});

test("unknown clients do not push out what is remembered of known ones", () => {
  const guard = make();
  for (let count = 0; count < 3; count += 1) {
    guard.check(false);
  }
  for (let count = 0; count < 100_001; count += 1) {
    guard.check(false, "n", `x${count}`, false);
  }
  expect(guard.check(true)).toBe(false);
});

test("a new secret begins anew", () => {
  const guard = createSecretGuard(1, () => 0, {
    onWrong: () => undefined,
    onRight: () => undefined,
  });
  const old = { id: "a", secretId: "1", isKnown: true };
  expect(guard.check(old, "n", () => false)).toBe(false);
  expect(guard.check(old, "n", () => true)).toBe(false);
  expect(guard.check({ ...old, secretId: "2" }, "n", () => true)).toBe(true);
});
