import { describe, expect, it } from "vitest";
import { LockoutError } from "../../src/lockout/errors/errors.ts";
import {
  addOrgPolicy,
  createDefaultPolicy,
  resetOrgPolicy,
  updateDefaultPolicy,
  updateOrgPolicy,
} from "../../src/lockout/policy/policy.ts";
import type { Limits } from "../../src/lockout/policy/limits.ts";
import type {
  DecidePolicy,
  PolicyView,
} from "../../src/lockout/policy/policy.ts";

const limits = (
  maxPasswordAttempts: number,
  maxOtpAttempts: number,
): Limits => ({ maxPasswordAttempts, maxOtpAttempts });

/** An organisation with these numbers of its own, or the instance with them: the commands on numbers look at nothing else. */
const view = (numbers: Limits | undefined): PolicyView => ({
  owner: "org",
  own: { numbers: numbers && { ...numbers, sequence: 1 }, rules: undefined },
  inherited: { numbers: undefined, rules: undefined },
});

describe("what a policy command leads to", () => {
  const cases: readonly [
    string,
    DecidePolicy,
    Limits | undefined,
    { type: string; payload?: object; limits?: Limits },
  ][] = [
    [
      "a changed number alone is said",
      updateDefaultPolicy(limits(5, 0)),
      limits(0, 0),
      {
        type: "instance.policy.lockout.changed",
        payload: { maxPasswordAttempts: 5 },
        limits: limits(5, 0),
      },
    ],
    [
      "a change to 0 is said",
      updateDefaultPolicy(limits(0, 0)),
      limits(5, 3),
      {
        type: "instance.policy.lockout.changed",
        payload: { maxPasswordAttempts: 0, maxOTPAttempts: 0 },
        limits: limits(0, 0),
      },
    ],
    [
      "an added policy leaves zeros out",
      addOrgPolicy("org", limits(0, 3)),
      undefined,
      {
        type: "org.policy.lockout.added",
        payload: { maxOTPAttempts: 3 },
        limits: limits(0, 3),
      },
    ],
    [
      "an organisation's policy changes",
      updateOrgPolicy("org", limits(5, 4)),
      limits(5, 3),
      {
        type: "org.policy.lockout.changed",
        payload: { maxOTPAttempts: 4 },
        limits: limits(5, 4),
      },
    ],
    [
      "a removed policy says nothing more",
      resetOrgPolicy("org"),
      limits(5, 3),
      { type: "org.policy.lockout.removed" },
    ],
  ];
  it.each(cases)("%s", (_name, decide, current, expected) => {
    const { numbers, rules } = decide(view(current));
    expect(numbers?.event.type).toBe(expected.type);
    expect(numbers?.event.payload).toEqual(expected.payload);
    expect(numbers?.limits).toEqual(expected.limits);
    expect(rules).toBeUndefined();
  });

  it("the first default policy is an added event", () => {
    expect(createDefaultPolicy(limits(0, 0))).toEqual({
      numbers: {
        event: { type: "instance.policy.lockout.added", payload: {} },
        limits: limits(0, 0),
      },
    });
  });
});

describe("what a policy command refuses (contract, section 3)", () => {
  const cases: readonly [string, DecidePolicy, Limits | undefined][] = [
    ["INSTANCE-0oPew", updateDefaultPolicy(limits(1, 1)), undefined],
    ["INSTANCE-0psjF", updateDefaultPolicy(limits(1, 1)), limits(1, 1)],
    ["INSTANCE-0psjF", updateDefaultPolicy(limits(0, 0)), limits(0, 0)],
    ["ORG-0olDf", addOrgPolicy("org", limits(1, 1)), limits(1, 1)],
    ["ORG-ADfs1", updateOrgPolicy("org", limits(1, 1)), undefined],
    ["ORG-0JFSr", updateOrgPolicy("org", limits(1, 1)), limits(1, 1)],
    ["ORG-D4zuz", resetOrgPolicy("org"), undefined],
    ["Org-8fJif", addOrgPolicy("", limits(1, 1)), undefined],
    ["Org-3J9fs", updateOrgPolicy("", limits(1, 1)), undefined],
    ["Org-4J9fs", resetOrgPolicy(""), undefined],
  ];
  it.each(cases)("%s", (id, decide, current) => {
    const refused = (): unknown => {
      try {
        return decide(view(current));
      } catch (error) {
        return error;
      }
    };
    const error = refused();
    expect(error).toBeInstanceOf(LockoutError);
    expect(error).toMatchObject({ entry: { id } });
  });
});
