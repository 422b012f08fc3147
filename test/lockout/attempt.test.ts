import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  beginAttempt,
  completeAttempt,
  expireAttempt,
  reportAttempt,
} from "../../src/lockout/attempt/attempt.ts";
import type { Outcome } from "../../src/lockout/user/comparison.ts";
import type { Attempt } from "../../src/lockout/attempt/attempt.ts";
import { LockoutError } from "../../src/lockout/errors/errors.ts";
import { factors } from "../../src/lockout/user/factor.ts";
import type { Factor } from "../../src/lockout/user/factor.ts";
import { noRules } from "../../src/lockout/policy/rules.ts";
import { emptySource } from "../../src/lockout/user/source.ts";
import { recordPasswordChange } from "../../src/lockout/user/password-change.ts";
import {
  deactivateUser,
  lockUser,
  putUser,
  reactivateUser,
} from "../../src/lockout/user/user.ts";
import { unlockUser } from "../../src/lockout/user/unlock.ts";
import type { Counter } from "../../src/lockout/user/counter.ts";
import type {
  UserApi,
  UserChange,
  UserState,
  CommandView,
} from "../../src/lockout/user/user.ts";

const noApi: UserApi = { version: "v1", authorise: () => undefined };

/** One user, on whom changes are applied as a store does it. */
function createUser(limit: number, otpLimit = limit) {
  let user: UserState | undefined;
  let limits = { maxPasswordAttempts: limit, maxOtpAttempts: otpLimit };
  const counters = Object.fromEntries(
    factors.map((factor) => [
      factor,
      { failed: 0, open: 0, lastFailure: undefined },
    ]),
  ) as Record<Factor, Counter>;
  const attempts = new Map<string, Attempt>();
  const events: string[] = [];
  let ids = 0;

  const view = (): CommandView => ({
    user,
    counters: { ...counters },
    limits,
    rules: noRules,
    editor: "editor",
    hashSecret: (digest) => Buffer.from(digest).toString("hex"),
    findSource: () => ({ ...emptySource, open: 0 }),
    signDevice: (id) => `signed ${id}`,
    readDeviceToken: () => undefined,
    now: 1000,
  });
  const apply = <R>(change: UserChange<R>): R => {
    user = change.user ?? user;
    for (const { factor, failed, open } of change.steps) {
      const counter = counters[factor];
      counters[factor] = {
        ...counter,
        failed: failed === "clear" ? 0 : counter.failed + failed,
        open: counter.open + open,
      };
    }
    if (change.voidsOpen === true) {
      for (const [id, attempt] of attempts) {
        if (attempt.closed === undefined) {
          attempts.set(id, { ...attempt, closed: { outcome: "void" } });
        }
      }
    }
    events.push(...change.events.map(({ type }) => type));
    return change.result;
  };
  const close = (
    id: string,
    decide: typeof completeAttempt | typeof expireAttempt,
    outcome: Outcome,
  ) => {
    const attempt = attempts.get(id);
    if (attempt === undefined) {
      throw new Error(`no attempt ${id}`);
    }
    const change = decide(view(), attempt, outcome);
    if (change.closed !== undefined) {
      attempts.set(id, { ...attempt, closed: change.closed });
    }
    return apply(change);
  };
  return {
    events,
    counters,
    view,
    state: () => user,
    setLimit: (number: number) => {
      limits = { maxPasswordAttempts: number, maxOtpAttempts: number };
    },
    begin: (factor: Factor = "password") => {
      const change = beginAttempt(view(), {
        attemptId: String(++ids),
        factor,
        client: {},
        ttlMs: 60_000,
      });
      if (change.opened !== undefined) {
        attempts.set(change.opened.id, change.opened);
      }
      return apply(change);
    },
    complete: (id: string, outcome: Outcome) =>
      close(id, completeAttempt, outcome),
    expire: (id: string) => close(id, expireAttempt, "failed"),
    report: (outcome: Outcome, factor: Factor = "password") =>
      apply(reportAttempt(view(), factor, {}, outcome)),
    run: <R>(decide: (view: CommandView) => UserChange<R>) =>
      apply(decide(view())),
    fail: (factor: Factor = "password") => {
      const begun = apply(reportAttempt(view(), factor, {}, "failed"));
      return begun;
    },
  };
}

describe("counting and locking (contract, section 7)", () => {
  it("the N-th failure locks at once, with the same answer as a wrong secret", () => {
    const user = createUser(3);
    user.fail();
    user.fail();
    const begun = user.begin();
    expect(begun).toMatchObject({ decision: "proceed", failed: 2, limit: 3 });
    const answer = user.complete(begun.attempt?.id ?? "", "failed");
    expect(answer).toEqual({
      accepted: false,
      locked: true,
      failed: 3,
      limit: 3,
    });
    expect(user.events.slice(-2)).toEqual([
      "user.human.password.check.failed",
      "user.locked",
    ]);
    expect(user.begin()).toMatchObject({ decision: "locked" });
  });

  it("I9: while locked nothing is compared, and no answer depends on the secret", () => {
    const user = createUser(1);
    const open = user.begin();
    user.run(lockUser(noApi));
    const id = open.attempt?.id ?? "";
    const before = user.events.length;
    expect(user.complete(id, "succeeded")).toEqual({
      accepted: false,
      locked: true,
      failed: 0,
      limit: 1,
    });
    expect(user.report("succeeded")).toEqual(user.report("failed"));
    expect(user.events).toHaveLength(before);
  });

  it("with 0 it never locks, and counts all the same", () => {
    const user = createUser(0);
    for (let i = 0; i < 50; i++) {
      user.fail();
    }
    for (let i = 0; i < 50; i++) {
      expect(user.begin().decision).toBe("proceed");
    }
    expect(user.counters.password).toMatchObject({ failed: 50, open: 50 });
    expect(user.state()?.lock).toBeUndefined();
  });

  it("each factor has a counter of its own, and one-time codes share their limit", () => {
    const user = createUser(9, 3);
    user.fail("totp");
    user.fail("totp");
    user.fail("otp_email");
    user.fail("otp_email");
    expect(user.state()?.lock).toBeUndefined();
    user.fail("otp_email");
    expect(user.state()?.lock?.reason).toBe("otp_attempts");
    expect(user.begin("password").decision).toBe("locked");
  });

  it("I14: a success clears its own factor alone", () => {
    const user = createUser(3);
    user.fail("password");
    user.fail("totp");
    user.report("succeeded", "totp");
    expect(user.counters.password.failed).toBe(1);
    expect(user.counters.totp.failed).toBe(0);
  });

  it("a limit lowered to the count or below locks at the next failure, one attempt at a time", () => {
    const user = createUser(5);
    for (let i = 0; i < 4; i++) {
      user.fail();
    }
    user.setLimit(2);
    expect(user.state()?.lock).toBeUndefined();
    const begun = user.begin();
    expect(begun.decision).toBe("proceed");
    expect(user.begin().decision).toBe("busy");
    user.complete(begun.attempt?.id ?? "", "failed");
    expect(user.state()?.lock?.reason).toBe("password_attempts");
  });

  it("raising the limit unlocks nobody", () => {
    const user = createUser(1);
    user.fail();
    user.setLimit(10);
    expect(user.begin().decision).toBe("locked");
  });

  it("a password change clears the password counter, and unlocks nobody", () => {
    const user = createUser(3);
    user.fail("password");
    user.fail("totp");
    user.run(recordPasswordChange);
    expect(user.counters.password.failed).toBe(0);
    expect(user.counters.totp.failed).toBe(1);
    user.run(lockUser(noApi));
    user.run(recordPasswordChange);
    expect(user.state()?.lock).toBeDefined();
  });

  it("unlock clears all, lock clears none; an initial user is active after", () => {
    const user = createUser(3);
    user.run(putUser("initial"));
    user.fail("password");
    user.fail("totp");
    user.run(lockUser(noApi));
    expect(user.counters.password.failed).toBe(1);
    user.run(unlockUser(noApi));
    expect(user.counters.password.failed).toBe(0);
    expect(user.counters.totp.failed).toBe(0);
    expect(user.state()).toEqual({ account: "active", lock: undefined });
  });

  it.each<Outcome>(["succeeded", "failed", "not_a_guess"])(
    "an attempt that was open at an unlock is void: %s is not accepted and does not count, then or again",
    (outcome) => {
      const user = createUser(3, 2);
      const held = [user.begin(), user.begin("totp"), user.begin("totp")];
      user.fail("password");
      user.run(lockUser(noApi));
      user.run(unlockUser(noApi));
      for (const factor of factors) {
        expect(user.counters[factor]).toMatchObject({ failed: 0, open: 0 });
      }
      const fresh = [user.begin("totp"), user.begin("totp")];
      expect(fresh.map(({ decision }) => decision)).toEqual([
        "proceed",
        "proceed",
      ]);
      user.complete(fresh[0]?.attempt?.id ?? "", "failed");

      const before = user.events.length;
      for (const locked of [false, true]) {
        if (locked) {
          user.run(lockUser(noApi));
        }
        for (const { attempt } of held) {
          const failed = attempt?.factor === "totp" ? 1 : 0;
          const limit = attempt?.factor === "totp" ? 2 : 3;
          const answer = { accepted: false, locked, failed, limit };
          expect(user.complete(attempt?.id ?? "", outcome)).toEqual(answer);
        }
      }
      expect(user.events.slice(before)).toEqual(["user.locked"]);
      expect(user.counters.totp).toMatchObject({ failed: 1, open: 1 });
    },
  );

  it("an attempt that was open at a deactivation is void, and failures stay", () => {
    const user = createUser(3);
    user.fail();
    const begun = user.begin();
    user.run(putUser("inactive"));
    expect(user.counters.password).toMatchObject({ failed: 1, open: 0 });
    expect(user.complete(begun.attempt?.id ?? "", "succeeded")).toMatchObject({
      accepted: false,
      failed: 1,
    });
    user.run(reactivateUser(noApi));
    const later = user.begin();
    user.run(deactivateUser(noApi));
    expect(user.complete(later.attempt?.id ?? "", "failed").failed).toBe(1);
    expect(user.events).toEqual([
      "user.human.password.check.failed",
      "user.deactivated",
      "user.reactivated",
      "user.deactivated",
    ]);
  });

  it("nothing is compared or counted of an inactive user, whatever the secret", () => {
    const user = createUser(3);
    user.fail();
    const open = user.begin();
    const { attempt } = open;
    if (attempt === undefined) {
      throw new Error("none was opened");
    }
    user.run(deactivateUser(noApi));
    const events = user.events.length;
    expect(user.begin()).toEqual({
      decision: "inactive",
      limit: 3,
      failed: 1,
      open: 0,
      attempt: undefined,
      retryAfterMs: undefined,
    });
    const refused = { accepted: false, locked: false, failed: 1, limit: 3 };
    for (const outcome of ["succeeded", "failed", "not_a_guess"] as const) {
      expect(user.report(outcome)).toEqual(refused);
      // Versions before left attempts open at a deactivation.
      expect(completeAttempt(user.view(), attempt, outcome)).toMatchObject({
        result: refused,
        steps: [{ factor: "password", failed: 0, open: -1 }],
        events: [],
      });
    }
    expect(expireAttempt(user.view(), attempt).events).toEqual([]);
    expect(user.events).toHaveLength(events);
    user.run(reactivateUser(noApi));
    expect(user.begin()).toMatchObject({ decision: "proceed", failed: 1 });
  });

  it("deactivating and reactivating leave a lock as it is, and the lock is told first", () => {
    const user = createUser(1);
    user.fail();
    const { lock } = user.state() ?? {};
    expect(lock?.reason).toBe("password_attempts");
    user.run(deactivateUser(noApi));
    expect(user.state()).toEqual({ account: "inactive", lock });
    expect(user.begin().decision).toBe("locked");
    expect(user.report("succeeded")).toMatchObject({ locked: true });
    user.run(reactivateUser(noApi));
    expect(user.state()).toEqual({ account: "active", lock });
    user.run(deactivateUser(noApi));
    user.run(unlockUser(noApi));
    expect(user.begin().decision).toBe("inactive");
  });

  it("an unlock that is refused, since nobody is locked, leaves open attempts open", () => {
    const user = createUser(3);
    const begun = user.begin();
    expect(() => {
      user.run(unlockUser(noApi));
    }).toThrow(LockoutError);
    expect(user.counters.password.open).toBe(1);
    expect(user.complete(begun.attempt?.id ?? "", "succeeded")).toMatchObject({
      accepted: true,
    });
  });

  it("what is no guess gives its chance back", () => {
    const user = createUser(1);
    const begun = user.begin();
    expect(user.begin().decision).toBe("busy");
    user.complete(begun.attempt?.id ?? "", "not_a_guess");
    expect(user.begin().decision).toBe("proceed");
    expect(user.events).toEqual([]);
  });

  it("an attempt that expires counts as failed and locks at the limit", () => {
    const user = createUser(1);
    const begun = user.begin();
    user.expire(begun.attempt?.id ?? "");
    expect(user.state()?.lock?.reason).toBe("password_attempts");
    expect(() => user.complete(begun.attempt?.id ?? "", "succeeded")).toThrow(
      LockoutError,
    );
  });

  it("I17: a lock is lifted by unlocking alone, whatever state is put beneath it", () => {
    const user = createUser(1);
    user.fail();
    for (const state of ["active", "inactive", "initial"] as const) {
      user.run(putUser(state));
      expect(user.state()?.lock).toBeDefined();
    }
    expect(user.events).not.toContain("user.unlocked");
  });
});

describe("lock and unlock refuse (contract, section 3)", () => {
  const refusal = (run: () => unknown): unknown => {
    try {
      return run();
    } catch (error) {
      return error instanceof LockoutError ? error.entry.id : error;
    }
  };
  it.each([
    ["v1", "COMMAND-5M9fs", "COMMAND-3NN8v", "COMMAND-M0dos", "COMMAND-4M0ds"],
    [
      "v2",
      "COMMAND-450yxuqrh1",
      "COMMAND-lgws8wtsqf",
      "COMMAND-x377t913pw",
      "COMMAND-olb9vb0oca",
    ],
  ] as const)("%s", (version, unknown, state, unknownOnUnlock, notLocked) => {
    const refuse = () => {
      throw new Error("asked for the permission too early");
    };
    const api: UserApi = { version, authorise: refuse };
    const user = createUser(3);
    expect(
      refusal(() => {
        user.run(lockUser(api));
      }),
    ).toBe(unknown);
    expect(
      refusal(() => {
        user.run(unlockUser(api));
      }),
    ).toBe(unknownOnUnlock);
    user.run(putUser("inactive"));
    expect(
      refusal(() => {
        user.run(lockUser(api));
      }),
    ).toBe(state);
    user.run(putUser("active"));
    expect(
      refusal(() => {
        user.run(unlockUser(api));
      }),
    ).toBe(notLocked);
    user.run(putUser("locked"));
    expect(
      refusal(() => {
        user.run(lockUser(api));
      }),
    ).toBe(state);
  });
});

describe("I1: at most N secrets are compared between two resets", () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constant({ kind: "begin" } as const) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("complete" as const),
        which: fc.nat(),
        outcome: fc.constantFrom<Outcome>(
          "failed",
          "failed",
          "succeeded",
          "not_a_guess",
        ),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("expire" as const),
        which: fc.nat(),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "unlock" } as const) },
    { weight: 1, arbitrary: fc.constant({ kind: "changePassword" } as const) },
  );
  it("in any order of begins, completions, expiries, unlocks and password changes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { maxLength: 60 }),
        (limit, steps) => {
          const user = createUser(limit);
          user.run(putUser("active"));
          const open: string[] = [];
          const closedByUnlock: string[] = [];
          // Failures since the last reset, and attempts that may still compare: together never more than N.
          let failures = 0;
          let locks = 0;
          for (const one of steps) {
            if (one.kind === "unlock") {
              // Who is not locked yet is locked by an administrator first.
              if (failures < limit) {
                user.run(lockUser(noApi));
                locks += 1;
              }
              user.run(unlockUser(noApi));
              closedByUnlock.push(...open.splice(0));
              failures = 0;
            } else if (one.kind === "changePassword") {
              // It unlocks nobody, and the chances that are held stay held.
              if (failures >= limit) {
                continue;
              }
              user.run(recordPasswordChange);
              failures = 0;
            } else if (one.kind === "begin") {
              const begun = user.begin();
              if (begun.attempt !== undefined) {
                open.push(begun.attempt.id);
              }
            } else if (open.length > 0) {
              const [id = ""] = open.splice(one.which % open.length, 1);
              const outcome = one.kind === "expire" ? "failed" : one.outcome;
              if (one.kind === "expire") {
                user.expire(id);
              } else {
                user.complete(id, one.outcome);
              }
              if (outcome === "failed") {
                failures += 1;
              }
              if (outcome === "failed" && failures === limit) {
                locks += 1;
              }
              if (outcome === "succeeded") {
                failures = 0;
              }
            }
            expect(failures + open.length).toBeLessThanOrEqual(limit);
            expect(user.counters.password).toMatchObject({
              failed: failures,
              open: open.length,
            });
            expect(user.state()?.lock !== undefined).toBe(failures >= limit);
          }
          for (const id of closedByUnlock) {
            expect(user.complete(id, "succeeded").accepted).toBe(false);
          }
          // I18: one lock, one event.
          expect(
            user.events.filter((type) => type === "user.locked"),
          ).toHaveLength(locks);
        },
      ),
    );
  });
});

describe("no more than 1,000 attempts of one factor are open at once", () => {
  it.each([0, 5000])("with a limit of %i", (limit) => {
    const user = createUser(limit);
    for (let open = 0; open < 1000; open += 1) {
      expect(user.begin().decision).toBe("proceed");
    }
    expect(user.begin().decision).toBe("busy");
  });
});
