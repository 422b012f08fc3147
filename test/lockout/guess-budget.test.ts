import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { guessBudgets } from "../../src/lockout/budget/guess-budget.ts";
import { countGuesses } from "../../src/lockout/budget/guesses.ts";
import { lockRuns } from "../../src/lockout/policy/lock-lengths.ts";
import { maxRuleMs, noRules } from "../../src/lockout/policy/rules.ts";
import type { Rules } from "../../src/lockout/policy/rules.ts";
import { searchCycles, searchGuesses } from "./best-schedule.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

const lock = (lockDurationMs: number): Partial<Rules> => ({ lockDurationMs });
const window = (observationWindowMs: number): Partial<Rules> => ({
  observationWindowMs,
});

function budgetOf(limit: number, rules: Partial<Rules>) {
  const [password] = guessBudgets(
    { maxPasswordAttempts: limit, maxOtpAttempts: 0 },
    { ...noRules, ...rules },
  );
  return password;
}

/** What a person reads: 27 % for 0.2707, 0.03 % for 0.0003. */
function percentOf(odds = NaN): string {
  return `${Number((odds * 100).toPrecision(odds < 0.01 ? 1 : 2))} %`;
}

describe("guess budgets", () => {
  type Known = readonly [
    text: string,
    limit: number,
    rules: Partial<Rules>,
    perDay: number,
    perYear: number,
    odds: string,
  ];
  const known: readonly Known[] = [
    ["10 per 60 s", 10, lock(minute), 14_400, 5_256_000, "100 %"],
    ["10 per 30 min", 10, lock(30 * minute), 480, 175_200, "41 %"],
    ["5 per 15 min", 5, lock(15 * minute), 480, 175_200, "41 %"],
    ["3 per 15 min", 3, lock(15 * minute), 288, 105_120, "27 %"],
    ["3 per 5 min", 3, lock(5 * minute), 864, 315_360, "61 %"],
    ["a lock that stays", 10, {}, 10, 10, "0.003 %"],
    ["a lock that stays, at once", 1, {}, 1, 1, "0.0003 %"],
    [
      "a window longer than the lock",
      ...([5, { ...lock(15 * minute), ...window(day) }] as const),
      ...([480, 175_200, "41 %"] as const),
    ],
    [
      "a window as long as the lock",
      ...([5, { ...lock(15 * minute), ...window(15 * minute) }] as const),
      ...([480, 175_200, "41 %"] as const),
    ],
    [
      "a window shorter than the lock",
      ...([10, { ...lock(30 * minute), ...window(5 * minute) }] as const),
      ...([2592, 946_080, "94 %"] as const),
    ],
    [
      "a lock that stays, with a window",
      ...([5, window(15 * minute)] as const),
      ...([384, 140_160, "34 %"] as const),
    ],
    [
      "a lock that stays at 1, where a window gives nothing",
      ...([1, window(15 * minute), 1, 1, "0.0003 %"] as const),
    ],
    [
      "a lock longer than a day",
      ...([5, lock(30 * hour), 5, 5 * 292, "0.4 %"] as const),
    ],
    ["a last lock that is under way", 10, lock(7 * hour), 40, 12_520, "3.7 %"],
    [
      "a growing lock: 15 min, 30 min, … and 24 h at most",
      ...([5, { ...lock(15 * minute), lockGrowth: 2 }] as const),
      ...([35, 5 * (7 + 364), "0.6 %"] as const),
    ],
    [
      "a growing lock of 1 h at most",
      ...([
        5,
        { ...lock(15 * minute), lockGrowth: 2, maxLockDurationMs: hour },
        ...([5 * (2 + 24), 5 * (2 + 8760), "12 %"] as const),
      ] as const),
    ],
    [
      "growing locks, until windows give more",
      ...([
        3,
        { ...lock(minute), lockGrowth: 4, ...window(20 * minute) },
        // Locks of 1, 4 and 16 min, then 71 windows: from 21 min, in which the first one begins.
        ...([9 + 2 * 71, 9 + 2 * 26_279, "15 %"] as const),
      ] as const),
    ],
    ["no limit", 0, lock(15 * minute), 0, 0, "100 %"],
    ["no limit, a ceiling", 0, { ceiling: 100 }, 100, 100, "0.03 %"],
    [
      "a ceiling below the limit",
      ...([500, { ceiling: 100 }, 100, 100, "0.03 %"] as const),
    ],
  ];
  it.each(known)("%s", (_text, limit, rules, perDay, perYear, odds) => {
    const budget = budgetOf(limit, rules);
    expect(budget).toMatchObject({
      factor: "password",
      perDay: BigInt(perDay),
      perYear: BigInt(perYear),
      isUnlimited: perDay === 0,
    });
    expect(percentOf(budget?.sixDigitOdds)).toBe(odds);
  });

  it.each(known.filter(([, limit, rules]) => limit > 0 && !rules.ceiling))(
    "%s, with a ceiling of 100: 100 in all at most",
    (_text, limit, rules, perDay, perYear) => {
      const { perDay: ofDay, perYear: ofYear } =
        budgetOf(limit, { ...rules, ceiling: 100 }) ?? {};
      expect(ofDay).toBe(BigInt(Math.min(perDay, 100)));
      expect(ofYear).toBe(BigInt(Math.min(perYear, 100)));
    },
  );

  it("has one for each factor, by the limit that counts for it", () => {
    const limits = { maxPasswordAttempts: 3, maxOtpAttempts: 7 };
    expect(
      guessBudgets(limits, noRules).map(
        ({ factor, perYear }) => `${factor} ${perYear}`,
      ),
    ).toEqual([
      ...["password 3", "totp 7", "otp_sms 7", "otp_email 7"],
      "recovery_code 7",
    ]);
  });

  it("knows the odds of few and of many guesses to the last digits", () => {
    // 1 − (1 − 3/10⁶)^n by decimals of any length.
    expect(budgetOf(1, {})?.sixDigitOdds).toBeCloseTo(3e-6, 20);
    expect(budgetOf(2, {})?.sixDigitOdds).toBeCloseTo(5.999991e-6, 20);
    expect(budgetOf(4_000_000, {})?.sixDigitOdds).toBeCloseTo(
      0.9999938558982417,
      14,
    );
    expect(budgetOf(2 ** 32 - 1, lock(1))?.sixDigitOdds).toBe(1);
  });

  it("says at most 2^64 − 1", () => {
    const limit = 2 ** 32 - 1;
    const { perDay, perYear } = budgetOf(limit, lock(1)) ?? {};
    expect(perDay).toBe(BigInt(limit) * BigInt(day));
    expect(perYear).toBe(2n ** 64n - 1n);
  });
});

const shortTime = (min: number) => fc.integer({ min, max: 9 });
const shortRules: fc.Arbitrary<Rules> = fc
  .record({
    lockDurationMs: shortTime(0),
    lockGrowth: fc.constantFrom(0, 1, 1.1, 1.3, 2, 10),
    longer: fc.option(shortTime(0)),
    observationWindowMs: shortTime(0),
    ceiling: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 })),
  })
  .map(({ longer, ...rules }) => ({
    ...noRules,
    ...rules,
    maxLockDurationMs: longer === null ? 0 : rules.lockDurationMs + longer,
  }));

describe("the best schedule", () => {
  it("is as good as the best of all, guess by guess", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        shortRules,
        fc.integer({ min: 1, max: 25 }),
        (limit, rules, endMs) => {
          const guesses = countGuesses(limit, rules, endMs);
          expect(guesses?.most).toBe(
            BigInt(searchGuesses(limit, rules, endMs)),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it("is as good as the best of all in whole cycles, and at most one below it", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        shortRules,
        fc.integer({ min: 1, max: 120 }),
        (limit, rules, endMs) => {
          const { inCycles = -1n, most = -1n } =
            countGuesses(limit, rules, endMs) ?? {};
          expect(inCycles).toBe(BigInt(searchCycles(limit, rules, endMs)));
          expect([0n, 1n]).toContain(most - inCycles);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("has no bounds only without a limit and a ceiling", () => {
    fc.assert(
      fc.property(shortRules, (rules) => {
        const { most } = countGuesses(0, rules, year) ?? {};
        expect(most).toBe(
          rules.ceiling === 0 ? undefined : BigInt(rules.ceiling),
        );
      }),
    );
  });
});

describe("the locks of a year", () => {
  it("are few runs, however short they are and however little they grow", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.oneof(
          fc.double({ min: 1, max: 1.01, noNaN: true }),
          fc.constantFrom(1, 1 + 2 ** -52, 1 + 1e-9, 1 + 1e-6, 10),
        ),
        (lockDurationMs, lockGrowth) => {
          const maxLockDurationMs = maxRuleMs;
          const rules = { lockDurationMs, lockGrowth, maxLockDurationMs };
          const runs = lockRuns({ ...noRules, ...rules }, year);
          expect(runs.length).toBeLessThan(2500);
          const lengths = runs.map(({ lengthMs }) => lengthMs);
          expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
          const lockedMs = runs.reduce(
            (sum, run) => sum + run.locks * run.lengthMs,
            0,
          );
          expect(lockedMs).toBeLessThanOrEqual(year);
        },
      ),
    );
  });

  it("that grow by far less than 1 % are at most 2 % more than they are", () => {
    const rules = { ...noRules, lockDurationMs: 900, lockGrowth: 1.0005 };
    let locks = 1;
    let now = 0;
    for (; now < year; locks += 1) {
      now += Math.min(
        Math.round(rules.lockDurationMs * rules.lockGrowth ** (locks - 1)),
        day,
      );
    }
    const { most = 0n } = countGuesses(1, rules, year) ?? {};
    expect(Number(most)).toBeGreaterThanOrEqual(locks - 1);
    expect(Number(most)).toBeLessThan((locks - 1) * 1.02);
  });
});
