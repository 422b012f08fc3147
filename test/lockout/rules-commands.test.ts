import { describe, expect, it } from "vitest";
import { LockoutError } from "../../src/lockout/errors/errors.ts";
import { etagOf } from "../../src/lockout/policy/policy-etag.ts";
import { resetOrgPolicy } from "../../src/lockout/policy/policy.ts";
import type {
  DecidePolicy,
  PolicyParts,
  PolicyView,
} from "../../src/lockout/policy/policy.ts";
import {
  resetRules,
  setRules,
} from "../../src/lockout/policy/rules-commands.ts";
import { noRules } from "../../src/lockout/policy/rules.ts";
import type { Rules } from "../../src/lockout/policy/rules.ts";

const nothing: PolicyParts = { numbers: undefined, rules: undefined };
const byDefault: PolicyParts = {
  numbers: { maxPasswordAttempts: 5, maxOtpAttempts: 3, sequence: 2 },
  rules: undefined,
};
const org = (own: Partial<PolicyParts> = {}): PolicyView => ({
  owner: "org",
  own: { ...nothing, ...own },
  inherited: byDefault,
});
const instance = (own: Partial<PolicyParts> = {}): PolicyView => ({
  owner: "instance",
  own: { ...byDefault, ...own },
  inherited: nothing,
});
const set = (rules: Partial<Rules>, etag?: string, ifMatch?: string) =>
  setRules(
    { rules: { ...noRules, ...rules }, violations: [] },
    { etag, ifMatch },
  );
const ownRules = { rules: noRules, sequence: 7 };

function refusalOf(decide: DecidePolicy, view: PolicyView): LockoutError {
  try {
    decide(view);
  } catch (error) {
    if (error instanceof LockoutError) {
      return error;
    }
  }
  throw new Error("it was not refused");
}

describe("SetRules", () => {
  it("gives an organisation rules of its own, empty ones too", () => {
    expect(set({})(org())).toEqual({
      rules: {
        event: { type: "org.policy.lockout.rules.changed", payload: {} },
        rules: noRules,
      },
    });
  });

  it("changes nothing where the rules hold already: the instance has empty ones from the first", () => {
    expect(set({})(org({ rules: ownRules }))).toEqual({});
    expect(set({})(instance())).toEqual({});
  });

  it("says all that is wrong at once, by the names of the request", () => {
    const wanted = setRules(
      {
        rules: { ...noRules, lockGrowth: 2, ceiling: 4 },
        violations: [{ field: "lock_scope", description: "is unknown" }],
      },
      {},
    );
    const { entry, violations } = refusalOf(wanted, org());
    expect(entry.id).toBe("LOCKOUTD-pol01");
    expect(violations).toEqual([
      { field: "rules.lock_scope", description: "is unknown" },
      {
        field: "rules.lock_growth",
        description: "must not be set without lock_duration",
      },
      {
        field: "rules.ceiling",
        description: "must not be below the limit, which is 5",
      },
    ]);
  });

  it("compares the ceiling with the numbers that hold: the organisation's own, where it has some", () => {
    const own = { maxPasswordAttempts: 9, maxOtpAttempts: 0, sequence: 1 };
    expect(
      refusalOf(set({ ceiling: 8 }), org({ numbers: own })).violations,
    ).toContainEqual({
      field: "rules.ceiling",
      description: "must not be below the limit, which is 9",
    });
  });
});

describe("ResetRules and Reset", () => {
  const removed = {
    event: { type: "org.policy.lockout.rules.removed" },
    rules: undefined,
  };

  it("remove rules alone, or numbers and rules", () => {
    expect(resetRules({})(org({ rules: ownRules }))).toEqual({
      rules: removed,
    });
    expect(resetRules({})(org())).toEqual({});
    const reset = resetOrgPolicy("org");
    expect(reset(org({ rules: ownRules }))).toEqual({ rules: removed });
    expect(
      reset(org({ rules: ownRules, numbers: byDefault.numbers })),
    ).toMatchObject({
      rules: removed,
      numbers: { event: { type: "org.policy.lockout.removed" } },
    });
    expect(refusalOf(reset, org()).entry.id).toBe("ORG-D4zuz");
  });
});

describe("an etag", () => {
  it("changes with each part, and with a default that is shown", () => {
    const numbers = { maxPasswordAttempts: 1, maxOtpAttempts: 1, sequence: 4 };
    const etags = [
      org(),
      org({ rules: ownRules }),
      org({ rules: { ...ownRules, sequence: 8 } }),
      org({ numbers }),
      org({ numbers, rules: ownRules }),
      { ...org(), inherited: { ...byDefault, rules: ownRules } },
    ].map(etagOf);
    expect(etags).toEqual([
      "d2.d0",
      "d2.o7",
      "d2.o8",
      "o4.d0",
      "o4.o7",
      "d2.d7",
    ]);
    expect(etagOf(instance())).toBe("d2.d0");
    expect(etagOf({ ...org({ numbers }), inherited: nothing })).toBe("o4.d0");
  });

  it.each([
    ["of what holds", "d2.d0", undefined, undefined],
    ["none", "", undefined, undefined],
    ["of what held", "d1.d0", undefined, "LOCKOUTD-pol02"],
    ["If-Match of what holds", undefined, '"d2.d0"', undefined],
    ["If-Match *", undefined, "*", undefined],
    ["If-Match, a list", undefined, '"d1.d0", "d2.d0"', undefined],
    ["If-Match of what held", undefined, '"d1.d0"', "LOCKOUTD-pol03"],
    ["If-Match, weak", undefined, 'W/"d2.d0"', "LOCKOUTD-pol03"],
    ["If-Match without quotes", undefined, "d2.d0", "LOCKOUTD-pol03"],
    ["If-Match, a comma in an etag", undefined, '"d1,*,b"', "LOCKOUTD-pol03"],
    ["If-Match * in a list", undefined, '"d1.d0", *', "LOCKOUTD-pol03"],
    ["both, of which one fits", "d1.d0", "*", "LOCKOUTD-pol02"],
  ])("%s", (_what, etag, ifMatch, id) => {
    const decides = [set({}, etag, ifMatch), resetRules({ etag, ifMatch })];
    for (const decide of decides) {
      if (id === undefined) {
        expect(() => decide(org())).not.toThrow();
      } else {
        expect(refusalOf(decide, org()).entry.id).toBe(id);
      }
    }
  });
});
