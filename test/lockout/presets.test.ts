import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countGuesses } from "../../src/lockout/budget/guesses.ts";
import {
  presetNames,
  presetTable,
} from "../../src/lockout/budget/preset-table.ts";
import type { PresetName } from "../../src/lockout/budget/preset-table.ts";
import { checkPreset, remedyFor } from "../../src/lockout/budget/presets.ts";
import { remedyText } from "../../src/lockout/budget/remedy.ts";
import { noRules, validateRules } from "../../src/lockout/policy/rules.ts";
import type { Rules } from "../../src/lockout/policy/rules.ts";
import { someRules } from "./some-rules.ts";
import { applyWritten } from "./written-remedy.ts";
import type { Policy } from "./written-remedy.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

function check(preset: PresetName, { limits, rules }: Policy) {
  return checkPreset(preset, limits, rules);
}

function policy(limit: number, rules: Partial<Rules> = {}): Policy {
  return {
    limits: { maxPasswordAttempts: limit, maxOtpAttempts: limit },
    rules: { ...noRules, ...rules },
  };
}

function policyOf(preset: PresetName): Policy {
  const { maxPasswordAttempts, maxOtpAttempts, ...rules } =
    presetTable[preset].policy;
  const limits = { maxPasswordAttempts, maxOtpAttempts };
  return { limits, rules: { ...noRules, ...rules } };
}

/** The changes that are asked for, one for each requirement that is missed. */
function missed(preset: PresetName, candidate: Policy): readonly string[] {
  return check(preset, candidate)
    .requirements.filter(({ verdict }) => verdict === "missed")
    .map(({ wouldMeet }) => wouldMeet);
}

const policies = fc.record({
  limits: fc.record({
    maxPasswordAttempts: fc.nat(10),
    maxOtpAttempts: fc.nat(10),
  }),
  rules: someRules,
});
const larger = fc
  .record({
    limits: fc.record({
      maxPasswordAttempts: fc.nat(500),
      maxOtpAttempts: fc.nat(500),
    }),
    rules: someRules,
  })
  .map(({ limits, rules }) => ({
    limits,
    rules: {
      ...rules,
      ceiling: rules.ceiling === 0 ? 0 : Math.max(500, rules.ceiling),
    },
  }));

/** Policies that may hold, with low numbers and with high ones. */
const somePolicies = fc.oneof(policies, larger);

describe.each(presetNames)("%s", (preset) => {
  it("has a source, an edition, and a policy that meets it and may be set", () => {
    const { limits, rules } = policyOf(preset);
    expect(validateRules(rules, limits)).toEqual([]);
    const found = checkPreset(preset, limits, rules);
    expect(found).toMatchObject({ preset, verdict: "met" });
    expect(found.source).not.toBe("");
    expect(found.edition).not.toBe("");
    const verdicts = found.requirements.map(({ verdict }) => verdict);
    expect(verdicts).not.toContain("missed");
    expect(found.requirements.every(({ wouldMeet }) => wouldMeet === "")).toBe(
      true,
    );
  });

  it("misses remembered secrets, which let failures not count", () => {
    const { limits, rules } = policyOf(preset);
    const candidate = { limits, rules: { ...rules, rememberedSecrets: 1 } };
    expect(check(preset, candidate).verdict).toBe("missed");
    expect(missed(preset, candidate)).toEqual([
      "rules.remembered_secrets: off",
    ]);
  });

  it("is met after one change of each that it asks for", () => {
    fc.assert(
      fc.property(somePolicies, (first) => {
        let candidate = first;
        const { requirements } = check(preset, candidate);
        for (const [index] of requirements.entries()) {
          const { verdict, wouldMeet } =
            check(preset, candidate).requirements[index] ?? {};
          expect(wouldMeet === "").toBe(verdict !== "missed");
          if (wouldMeet !== undefined && wouldMeet !== "") {
            candidate = applyWritten(wouldMeet, candidate);
            expect(
              check(preset, candidate).requirements[index]?.verdict,
              wouldMeet,
            ).toBe("met");
            const { limits, rules } = candidate;
            expect(validateRules(rules, limits), wouldMeet).toEqual([]);
          }
        }
        expect(check(preset, candidate).verdict).toBe("met");
      }),
      { numRuns: 300 },
    );
  });

  it("is met after all changes at once, and needs none where it is met", () => {
    fc.assert(
      fc.property(somePolicies, (first) => {
        const remedy = remedyFor(preset, first.limits, first.rules);
        const isMet = check(preset, first).verdict === "met";
        expect(Object.keys(remedy).length === 0).toBe(isMet);
        if (!isMet) {
          const changed = applyWritten(remedyText(remedy), first);
          expect(check(preset, changed).verdict).toBe("met");
          expect(validateRules(changed.rules, changed.limits)).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("presets that ask for a limit", () => {
  const limits: readonly [PresetName, number][] = [
    ["pci-dss-4.0.1", 10],
    ["psd2-rts", 5],
    ["cis-windows-l1", 5],
    ["stig-windows-2022", 3],
    ["stig-rhel-9", 3],
    ["dod-800-171r3-odp", 5],
    ["fedramp-high-r4", 3],
    ["uk-cyber-essentials", 10],
    ["au-ism-1403", 5],
    ["nl-bio", 10],
  ];
  it.each(limits)("%s: at most %i", (preset, most) => {
    const { rules } = policyOf(preset);
    expect(missed(preset, { ...policy(1), rules })).toEqual([]);
    expect(missed(preset, { ...policy(most), rules })).toEqual([]);
    for (const wrong of [0, most + 1]) {
      expect(missed(preset, { ...policy(wrong), rules })).toEqual([
        `max_password_attempts: ${most}`,
        `max_otp_attempts: ${most}`,
      ]);
    }
  });

  it.each(limits)("%s: of each number by itself", (preset, most) => {
    const { rules } = policyOf(preset);
    const limits = { maxPasswordAttempts: most, maxOtpAttempts: most + 1 };
    expect(missed(preset, { limits, rules })).toEqual([
      `max_otp_attempts: ${most}`,
    ]);
  });

  it("propose none above the ceiling", () => {
    expect(missed("nl-bio", policy(0, { ceiling: 7 }))).toEqual([
      "max_password_attempts: 7",
      "max_otp_attempts: 7",
    ]);
  });

  it.each(limits)("%s: a lock closes the account", (preset) => {
    const { limits, rules } = policyOf(preset);
    const devices = { maxAttempts: 1, trustDurationMs: 0 };
    const withDevices = { ...rules, devices };
    expect(missed(preset, { limits, rules: withDevices })).toEqual([
      "rules.devices: off",
    ]);
    const byFactor: Rules = { ...rules, lockScope: "factor" };
    expect(missed(preset, { limits, rules: byFactor })).toEqual([
      "rules.lock_scope: LOCK_SCOPE_USER",
    ]);
  });
});

describe("presets that ask for times", () => {
  const locks: readonly [PresetName, number][] = [
    ["pci-dss-4.0.1", 30 * minute],
    ["cis-windows-l1", 15 * minute],
    ["stig-windows-2022", 15 * minute],
    ["dod-800-171r3-odp", 15 * minute],
    ["fedramp-high-r4", 3 * hour],
  ];
  it.each(locks)("%s: a lock of at least %i ms", (preset, leastMs) => {
    const { limits, rules } = policyOf(preset);
    const withLock = (lockDurationMs: number, maxLockDurationMs = 0) =>
      missed(preset, {
        limits,
        rules: { ...rules, lockDurationMs, maxLockDurationMs },
      });
    expect(withLock(0)).toEqual([]);
    expect(withLock(leastMs)).toEqual([]);
    const asked = `rules.lock_duration: ${leastMs / 1000}s`;
    expect(withLock(leastMs - 1)).toEqual([asked]);
    expect(withLock(leastMs - 1, leastMs)).toEqual([asked]);
    expect(withLock(leastMs - 1, leastMs - 1)).toEqual([
      `${asked}, rules.max_lock_duration: ${leastMs / 1000}s`,
    ]);
  });

  const windows: readonly [PresetName, number][] = [
    ["cis-windows-l1", 15 * minute],
    ["stig-windows-2022", 15 * minute],
    ["stig-rhel-9", 15 * minute],
    ["dod-800-171r3-odp", 5 * minute],
    ["fedramp-high-r4", 15 * minute],
  ];
  it.each(windows)("%s: a window of at least %i ms", (preset, leastMs) => {
    const { limits, rules } = policyOf(preset);
    const withWindow = (observationWindowMs: number) =>
      missed(preset, { limits, rules: { ...rules, observationWindowMs } });
    expect(withWindow(0)).toEqual([]);
    expect(withWindow(leastMs)).toEqual([]);
    expect(withWindow(leastMs - 1)).toEqual([
      `rules.observation_window: ${leastMs / 1000}s`,
    ]);
  });

  it("stig-rhel-9: a lock until somebody unlocks", () => {
    expect(missed("stig-rhel-9", policy(3, { lockDurationMs: hour }))).toEqual([
      "rules.lock_duration: off",
    ]);
    const growing = { lockGrowth: 2, maxLockDurationMs: 2 * hour };
    expect(
      missed("stig-rhel-9", policy(3, { lockDurationMs: hour, ...growing })),
    ).toEqual([
      "rules.lock_duration: off, rules.lock_growth: off, rules.max_lock_duration: off",
    ]);
  });
});

describe("psd2-rts: a warning before a lock that stays", () => {
  const cases: readonly [string, Policy, readonly string[]][] = [
    [
      "the lock ends, and none stays",
      policy(5, { lockDurationMs: minute }),
      [],
    ],
    [
      "the ceiling warns",
      policy(5, { lockDurationMs: minute, ceiling: 5 }),
      [],
    ],
    ["the ceiling warns before the limit", policy(5, { ceiling: 5 }), []],
    [
      "the limit locks before the ceiling warns",
      policy(5, { ceiling: 6 }),
      ["rules.lock_duration: 900s"],
    ],
    [
      "a limit locks, and nothing warns",
      policy(5),
      ["rules.lock_duration: 900s"],
    ],
    [
      "a ceiling of 1 leaves no failure to warn at",
      policy(1, { lockDurationMs: minute, ceiling: 1 }),
      ["rules.ceiling: 2"],
    ],
    [
      "neither a limit nor its ceiling warns",
      policy(1, { ceiling: 1 }),
      ["rules.lock_duration: 900s, rules.ceiling: 2"],
    ],
  ];
  it.each(cases)("%s", (_situation, candidate, asked) => {
    expect(missed("psd2-rts", candidate)).toEqual(asked);
  });

  it("whether the warning is sent on is decided elsewhere", () => {
    const { requirements } = check("psd2-rts", policyOf("psd2-rts"));
    expect(
      requirements.filter(({ verdict }) => verdict === "not_decided"),
    ).toMatchObject([{ wouldMeet: "" }]);
  });
});

describe("nist-800-63b-4: at most 100 failures in a row", () => {
  const devices = (maxAttempts: number) => ({
    devices: { maxAttempts, trustDurationMs: 0 },
  });
  const of = (passwords: number, codes: number): Policy["limits"] => ({
    maxPasswordAttempts: passwords,
    maxOtpAttempts: codes,
  });
  const cases: readonly [string, Policy, readonly string[]][] = [
    ["a limit that time does not forget", policy(100), []],
    [
      "a higher one",
      policy(101),
      ["max_password_attempts: 100", "max_otp_attempts: 100"],
    ],
    [
      "none",
      policy(0),
      ["max_password_attempts: 100", "max_otp_attempts: 100"],
    ],
    ["a ceiling alone", policy(0, { ceiling: 100 }), []],
    [
      "a limit that a window forgets",
      policy(3, { observationWindowMs: hour }),
      ["rules.ceiling: 100", "rules.ceiling: 100"],
    ],
    [
      "a limit that the end of a lock forgets",
      policy(3, { lockDurationMs: hour, ceiling: 101 }),
      ["rules.ceiling: 100", "rules.ceiling: 100"],
    ],
    [
      "such a limit, with a ceiling",
      policy(3, { lockDurationMs: hour, ceiling: 100 }),
      [],
    ],
    [
      "a limit that is too high for a ceiling",
      {
        limits: of(500, 5),
        rules: { ...noRules, lockDurationMs: hour },
      },
      [
        "max_password_attempts: 100, rules.ceiling: 100",
        "max_password_attempts: 100, rules.ceiling: 100",
      ],
    ],
    ["a limit of one factor", policy(100, { lockScope: "factor" }), []],
    ["devices that fit beside the limit", policy(50, devices(5)), []],
    [
      "devices that do not",
      policy(51, devices(5)),
      ["max_password_attempts: 50", "max_otp_attempts: 50"],
    ],
    [
      "devices that leave nothing",
      policy(10, devices(10)),
      ["rules.devices: off", "rules.devices: off"],
    ],
    [
      "devices that leave nothing, and no ceiling",
      policy(10, { ...devices(10), lockDurationMs: hour }),
      [
        "rules.ceiling: 100, rules.devices: off",
        "rules.ceiling: 100, rules.devices: off",
      ],
    ],
  ];
  it.each(cases)("%s", (_situation, candidate, asked) => {
    expect(missed("nist-800-63b-4", candidate)).toEqual(asked);
  });
});

describe("owasp-asvs-4.0.3: at most 100 failures an hour", () => {
  const both = (asked: string) => [asked, asked];
  const limits = (limit: number) => [
    `max_password_attempts: ${limit}`,
    `max_otp_attempts: ${limit}`,
  ];
  const cases: readonly [string, Policy, readonly string[]][] = [
    ["as many, then a lock that stays", policy(100), []],
    ["one more", policy(101), limits(100)],
    ["no limit", policy(0), limits(100)],
    ["no limit, a ceiling", policy(0, { ceiling: 100 }), []],
    ["10 per 6 min", policy(10, { lockDurationMs: 6 * minute }), []],
    [
      "10 per 6 min less 1 ms",
      policy(10, { lockDurationMs: 6 * minute - 1 }),
      both("rules.lock_duration: 360s"),
    ],
    [
      "locks that grow soon enough",
      policy(10, { lockDurationMs: minute, lockGrowth: 1.5 }),
      [],
    ],
    [
      "a limit that can only be lower",
      policy(500, { lockDurationMs: 15 * minute }),
      limits(25),
    ],
    [
      "not even one failure at a time",
      policy(500, { lockDurationMs: second }),
      [
        "max_password_attempts: 1, rules.lock_duration: 36s",
        "max_otp_attempts: 1, rules.lock_duration: 36s",
      ],
    ],
    [
      "a window too short, and the last guess that locks",
      policy(51, { observationWindowMs: 30 * minute }),
      both("rules.observation_window: 3600s"),
    ],
    [
      "a window that is just long enough",
      policy(50, { observationWindowMs: 30 * minute }),
      [],
    ],
    [
      "devices that leave room",
      policy(50, { devices: { maxAttempts: 5, trustDurationMs: 0 } }),
      [],
    ],
    [
      "devices that leave too little",
      policy(51, { devices: { maxAttempts: 5, trustDurationMs: 0 } }),
      limits(50),
    ],
    [
      "devices that leave none",
      policy(5, { devices: { maxAttempts: 10, trustDurationMs: 0 } }),
      both("rules.devices: off"),
    ],
  ];
  it.each(cases)("%s", (_situation, candidate, asked) => {
    expect(missed("owasp-asvs-4.0.3", candidate)).toEqual(asked);
  });
});

describe("uk-cyber-essentials: at most 10 guesses in 5 min", () => {
  it("counts bursts: 11 per 6 min are 11 in 5 min", () => {
    const candidate = policy(11, { lockDurationMs: 6 * minute });
    const { most } = countGuesses(11, candidate.rules, 5 * minute) ?? {};
    expect(most).toBe(11n);
    expect(missed("uk-cyber-essentials", candidate)).toEqual([
      "max_password_attempts: 10",
      "max_otp_attempts: 10",
    ]);
  });

  it("is met by a ceiling without a limit", () => {
    expect(missed("uk-cyber-essentials", policy(0, { ceiling: 10 }))).toEqual(
      [],
    );
    expect(
      check("uk-cyber-essentials", policy(0, { ceiling: 11 })).verdict,
    ).toBe("missed");
  });
});
