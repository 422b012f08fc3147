import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  rulesOf,
  rulesPayload,
} from "../../src/lockout/policy/rules-payload.ts";
import {
  lockGrowthOf,
  maxLockDurationOf,
  maxRuleMs,
  noRules,
  prefixesOf,
  trustDurationOf,
  validateRules,
} from "../../src/lockout/policy/rules.ts";
import type { Rules } from "../../src/lockout/policy/rules.ts";
import { someRules } from "./some-rules.ts";

const limits = { maxPasswordAttempts: 10, maxOtpAttempts: 5 };
const day = 24 * 60 * 60 * 1000;

const full: Rules = {
  lockDurationMs: 900_000,
  lockGrowth: 2,
  maxLockDurationMs: 3_600_000,
  observationWindowMs: 1500,
  ceiling: 100,
  lockScope: "factor",
  devices: { maxAttempts: 5, trustDurationMs: 30 * day },
  rememberedSecrets: 3,
  sources: {
    maxFailures: 50,
    windowMs: 600_000,
    ipv4Prefix: 24,
    ipv6Prefix: 56,
  },
  storms: { maxLocks: 20, windowMs: 60_000 },
};

/** What is wrong with the rules that have some parts changed. */
function wrong(change: Partial<Rules>, from = noRules, numbers = limits) {
  return Object.fromEntries(
    validateRules({ ...from, ...change }, numbers).map(
      ({ field, description }) => [field, description],
    ),
  );
}

const noDuration = "must be whole milliseconds from 0 to 365 days";

describe("which rules may hold", () => {
  it("none, all, and any of them", () => {
    expect(wrong({})).toEqual({});
    expect(wrong({}, full)).toEqual({});
    fc.assert(
      fc.property(someRules, (rules) => {
        expect(validateRules(rules, limits)).toEqual([]);
      }),
    );
  });

  const durations: readonly [string, (ms: number) => Partial<Rules>][] = [
    ["lock_duration", (ms) => ({ lockDurationMs: ms, maxLockDurationMs: 0 })],
    [
      "max_lock_duration",
      (ms) => ({ lockDurationMs: 1, maxLockDurationMs: ms }),
    ],
    ["observation_window", (ms) => ({ observationWindowMs: ms })],
    [
      "devices.trust_duration",
      (ms) => ({ devices: { ...full.devices, trustDurationMs: ms } }),
    ],
    [
      "sources.window",
      (ms) => ({ sources: { ...full.sources, windowMs: ms } }),
    ],
    ["storms.window", (ms) => ({ storms: { ...full.storms, windowMs: ms } })],
  ];

  it.each(durations)("a %s of at most 365 days", (field, change) => {
    expect(wrong(change(1), full)).toEqual({});
    expect(wrong(change(maxRuleMs), full)).toEqual({});
    for (const ms of [maxRuleMs + 1, -1, 0.5, NaN, Infinity, 2 ** 53]) {
      expect(wrong(change(ms), full)[field], String(ms)).toContain(noDuration);
    }
  });

  const ranges: readonly [
    string,
    (value: number) => Partial<Rules>,
    number,
    number,
  ][] = [
    ["lock_growth", (lockGrowth) => ({ lockGrowth }), 1, 10],
    [
      "remembered_secrets",
      (rememberedSecrets) => ({ rememberedSecrets }),
      ...([1, 10] as const),
    ],
    [
      "sources.ipv4_prefix",
      (ipv4Prefix) => ({ sources: { ...full.sources, ipv4Prefix } }),
      ...([8, 32] as const),
    ],
    [
      "sources.ipv6_prefix",
      (ipv6Prefix) => ({ sources: { ...full.sources, ipv6Prefix } }),
      ...([16, 128] as const),
    ],
    [
      "storms.max_locks",
      (maxLocks) => ({ storms: { ...full.storms, maxLocks } }),
      ...([1, 10_000] as const),
    ],
  ];

  it.each(ranges)("a %s in its range", (field, change, min, max) => {
    expect(wrong(change(min), full)).toEqual({});
    expect(wrong(change(max), full)).toEqual({});
    for (const value of [min - 0.1, max + 0.1, -1, NaN, Infinity]) {
      expect(wrong(change(value), full), String(value)).toEqual({
        [field]: `must be ${min} to ${max}, or unset`,
      });
    }
  });

  it("no longest lock below the first one", () => {
    const change = { lockDurationMs: 1000, maxLockDurationMs: 999 };
    expect(wrong(change)).toEqual({
      max_lock_duration: "must not be below lock_duration",
    });
    expect(wrong({ ...change, maxLockDurationMs: 1000 })).toEqual({});
  });

  it("no ceiling below a limit", () => {
    expect(wrong({ ceiling: 9 })).toEqual({
      ceiling: "must not be below the limit, which is 10",
    });
    expect(wrong({ ceiling: 10 })).toEqual({});
    const codes = { maxPasswordAttempts: 0, maxOtpAttempts: 3 };
    expect(wrong({ ceiling: 2 }, noRules, codes)).toEqual({
      ceiling: "must not be below the limit, which is 3",
    });
    const none = { maxPasswordAttempts: 0, maxOtpAttempts: 0 };
    expect(wrong({ ceiling: 1 }, noRules, none)).toEqual({});
  });

  it("no part of a rule without its main number, and no limit of sources or storms without a window", () => {
    expect(
      wrong({
        lockGrowth: 1,
        maxLockDurationMs: 1,
        devices: { ...full.devices, maxAttempts: 0 },
        sources: { ...full.sources, maxFailures: 0 },
        storms: { ...full.storms, maxLocks: 0 },
      }),
    ).toEqual({
      lock_growth: "must not be set without lock_duration",
      max_lock_duration: "must not be set without lock_duration",
      "devices.trust_duration": "must not be set without devices.max_attempts",
      "sources.window": "must not be set without sources.max_failures",
      "sources.ipv4_prefix": "must not be set without sources.max_failures",
      "sources.ipv6_prefix": "must not be set without sources.max_failures",
      "storms.window": "must not be set without storms.max_locks",
    });
    expect(
      wrong({
        sources: { ...noRules.sources, maxFailures: 1 },
        storms: { ...noRules.storms, maxLocks: 1 },
      }),
    ).toEqual({
      "sources.window": "must be set with sources.max_failures",
      "storms.window": "must be set with storms.max_locks",
    });
  });

  it("says of one field all that is wrong", () => {
    expect(wrong({ lockGrowth: 0.5 })).toEqual({
      lock_growth:
        "must be 1 to 10, or unset; must not be set without lock_duration",
    });
  });
});

describe("what holds where a part is not set", () => {
  it("is said by one function each", () => {
    expect(lockGrowthOf(noRules)).toBe(1);
    expect(lockGrowthOf(full)).toBe(2);
    expect(maxLockDurationOf({ ...noRules, lockDurationMs: 1 })).toBe(day);
    expect(maxLockDurationOf({ ...noRules, lockDurationMs: 2 * day })).toBe(
      2 * day,
    );
    expect(maxLockDurationOf(full)).toBe(3_600_000);
    expect(trustDurationOf(noRules)).toBe(90 * day);
    expect(trustDurationOf(full)).toBe(30 * day);
    expect(prefixesOf(noRules)).toEqual({ ipv4: 32, ipv6: 64 });
    expect(prefixesOf(full)).toEqual({ ipv4: 24, ipv6: 56 });
  });
});

describe("rules in a payload", () => {
  it("have flat names, and leave out what is not set", () => {
    expect(rulesPayload(full)).toEqual({
      lockDuration: "900s",
      lockGrowth: 2,
      maxLockDuration: "3600s",
      observationWindow: "1.500s",
      ceiling: 100,
      lockScope: "LOCK_SCOPE_FACTOR",
      "devices.maxAttempts": 5,
      "devices.trustDuration": "2592000s",
      rememberedSecrets: 3,
      "sources.maxFailures": 50,
      "sources.window": "600s",
      "sources.ipv4Prefix": 24,
      "sources.ipv6Prefix": 56,
      "storms.maxLocks": 20,
      "storms.window": "60s",
    });
    expect(rulesPayload(noRules)).toEqual({});
  });

  it("are read as they were written", () => {
    fc.assert(
      fc.property(someRules, (rules) => {
        const text = JSON.stringify(rulesPayload(rules));
        expect(rulesOf(JSON.parse(text) as object as never)).toEqual(rules);
      }),
    );
  });
});
