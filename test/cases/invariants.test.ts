import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Factor } from "../../gen/lockout/v1/attempt_service_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { setStage } from "./stage.ts";

// The invariants of lockout, and the rows of "counting and locking" (contract, section 7), on the whole server. I1 and
// I18 are raced in test/property, I7 is killed in test/crash, I15 is starved in test/faults.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

interface Begun {
  readonly decision: string;
  readonly attemptId?: string;
  readonly limit?: number;
  readonly failedAttempts?: number;
  readonly openAttempts?: number;
}

interface Completed {
  readonly accepted?: boolean;
  readonly locked?: boolean;
  readonly failedAttempts?: number;
  readonly limit?: number;
}

interface Shown {
  readonly locked?: boolean;
  readonly reason?: string;
  readonly factors: readonly {
    readonly factor: string;
    readonly failedAttempts?: number;
    readonly openAttempts?: number;
  }[];
}

/** Calls on a new organisation with the given limits. */
async function newOrg(password: number, otp = password) {
  const stage = await setStage(server);
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${stage.orgOwner}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      body: await response.json(),
    };
  };
  const ok = async (method: string, path: string, body?: object) => {
    const answer = await call(method, path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body;
  };
  await ok("POST", "/management/v1/policies/lockout", {
    maxPasswordAttempts: password,
    maxOtpAttempts: otp,
  });
  const begin = (subject: object, factor = "FACTOR_PASSWORD") =>
    ok("POST", "/lockout/v1/attempts", {
      ...subject,
      factor,
    }) as Promise<Begun>;
  const complete = (attemptId: string, outcome: string) =>
    ok("POST", `/lockout/v1/attempts/${attemptId}:complete`, {
      outcome: `OUTCOME_${outcome}`,
    }) as Promise<Completed>;
  return {
    ...stage,
    call,
    begin,
    complete,
    /** One attempt from begin to end. */
    attempt: async (subject: object, outcome: string, factor?: string) => {
      const { decision, attemptId } = await begin(subject, factor);
      return attemptId === undefined ? decision : complete(attemptId, outcome);
    },
    show: (userId: string) =>
      ok("GET", `/lockout/v1/users/${userId}/lockout`) as Promise<Shown>,
    failed: async (userId: string, factor = "FACTOR_PASSWORD") => {
      const shown = (await ok(
        "GET",
        `/lockout/v1/users/${userId}/lockout`,
      )) as Shown;
      const state = shown.factors.find((one) => one.factor === factor);
      return state?.failedAttempts ?? 0;
    },
    setLimits: (maxPasswordAttempts: number, maxOtpAttempts: number) =>
      ok("PUT", "/management/v1/policies/lockout", {
        maxPasswordAttempts,
        maxOtpAttempts,
      }),
    put: (userId: string, aliases: readonly string[]) =>
      ok("PUT", `/lockout/v1/users/${userId}`, { aliases }),
    unlock: (userId: string) =>
      ok("POST", `/management/v1/users/${userId}/_unlock`, {}),
    events: async (userId: string) => {
      const response = await fetch(`${server.url}/admin/v1/events/_search`, {
        method: "POST",
        headers: { authorization: `Bearer ${server.adminToken}` },
        body: JSON.stringify({
          asc: true,
          aggregateId: userId,
          resourceOwner: stage.orgId,
        }),
      });
      const { events = [] } = (await response.json()) as {
        events?: { type: { type: string }; sequence: string }[];
      };
      return events;
    },
  };
}

const factors = [
  "FACTOR_PASSWORD",
  "FACTOR_TOTP",
  "FACTOR_OTP_SMS",
  "FACTOR_OTP_EMAIL",
  "FACTOR_RECOVERY_CODE",
];

describe("the invariants", () => {
  it("I2: a counter changes by steps: of a hundred failures at once none is lost", async () => {
    const org = await newOrg(0);
    const user = { userId: "counted" };
    await Promise.all(
      Array.from({ length: 100 }, () => org.attempt(user, "FAILED")),
    );
    expect(await org.failed("counted")).toBe(100);
  });

  it("I3: every factor has a counter, and an unknown one is refused and not counted", async () => {
    const org = await newOrg(9);
    for (const factor of factors) {
      await org.attempt({ userId: "factors" }, "FAILED", factor);
    }
    const { factors: shown } = await org.show("factors");
    expect(
      shown.map(({ factor, failedAttempts }) => [factor, failedAttempts]),
    ).toEqual(factors.map((factor) => [factor, 1]));
    for (const factor of [undefined, 0, 99, "FACTOR_PASSKEY"]) {
      const refused = await org.call("POST", "/lockout/v1/attempts", {
        userId: "factors",
        factor,
      });
      expect(refused.status).toBe(400);
    }
    expect(await org.show("factors")).toEqual(
      expect.objectContaining({ factors: shown }),
    );
  });

  it.each(factors)(
    "I4: one gate for every way in: a lock by %s closes all factors, by id and by name",
    async (factor) => {
      const org = await newOrg(1);
      await org.put("gated", ["gated@example.com"]);
      await org.attempt({ userId: "gated" }, "FAILED", factor);
      for (const other of factors) {
        for (const subject of [
          { userId: "gated" },
          { loginName: "gated@example.com" },
        ]) {
          expect(await org.begin(subject, other)).toMatchObject({
            decision: "DECISION_LOCKED",
          });
        }
        const reported = await org.call("POST", "/lockout/v1/attempts:report", {
          userId: "gated",
          factor: other,
          outcome: "OUTCOME_SUCCEEDED",
        });
        expect(reported.body).toMatchObject({ locked: true });
        expect(reported.body).not.toHaveProperty("accepted");
      }
    },
  );

  it("I6: other names' traffic drops nobody's failures", async () => {
    const org = await newOrg(5);
    await org.attempt({ userId: "victim" }, "FAILED");
    await Promise.all(
      Array.from({ length: 500 }, (_value, number) =>
        org.attempt({ loginName: `flood-${number}` }, "FAILED"),
      ),
    );
    expect(await org.failed("victim")).toBe(1);
  });

  it("I8: one person, one counter, however the name is typed", async () => {
    const org = await newOrg(5);
    await org.put("zoe", ["Zo\u00eb@Example.com", "zoe"]);
    for (const loginName of [
      "zo\u00eb@example.com",
      "ZOE\u0308@EXAMPLE.COM",
      "  zoe ",
      "Z\u200bOE",
    ]) {
      await org.attempt({ loginName }, "FAILED");
    }
    expect(await org.failed("zoe")).toBe(4);
    await org.attempt({ userId: "zoe" }, "FAILED");
    expect(await org.begin({ loginName: "ZOE" })).toMatchObject({
      decision: "DECISION_LOCKED",
    });
  });

  it("I10: an unknown name is answered like a known one, and registers nothing", async () => {
    const org = await newOrg(3);
    await org.put("known", ["known"]);
    const play = async (loginName: string) => {
      const answers: unknown[] = [];
      for (const outcome of [
        "FAILED",
        "NOT_A_GUESS",
        "SUCCEEDED",
        "FAILED",
        "FAILED",
        "FAILED",
        "FAILED",
      ]) {
        const begun = await org.begin({ loginName });
        answers.push({
          ...begun,
          attemptId: begun.attemptId?.length,
          expireTime: typeof (begun as { expireTime?: string }).expireTime,
        });
        if (begun.attemptId !== undefined) {
          answers.push(await org.complete(begun.attemptId, outcome));
        }
      }
      return answers;
    };
    expect(await play("unknown")).toEqual(await play("known"));
    expect((await org.call("GET", "/lockout/v1/users")).body).toEqual({
      users: [expect.objectContaining({ userId: "known" })],
    });
    expect((await org.call("GET", "/lockout/v1/lockedUsers")).body).toEqual({
      users: [expect.objectContaining({ userId: "known" })],
      totalSize: 1,
      unknownNames: 1,
    });

    // And who registers under that name afterwards gives nobody fresh chances.
    await org.put("newcomer", ["unknown"]);
    for (const subject of [{ loginName: "unknown" }, { userId: "newcomer" }]) {
      expect(await org.begin(subject)).toMatchObject({
        decision: "DECISION_LOCKED",
        failedAttempts: 3,
      });
    }
  });

  it("I13: starting over does not reset anything", async () => {
    const org = await newOrg(3);
    const user = { userId: "again" };
    await org.attempt(user, "FAILED");
    for (let round = 0; round < 5; round += 1) {
      await org.attempt(user, "NOT_A_GUESS");
      await org.attempt(user, "SUCCEEDED", "FACTOR_TOTP");
      await org.put("again", [`again-${round}`]);
    }
    expect(await org.failed("again")).toBe(1);
  });

  it("I16: time comes from one clock: beyond 32 bits, and when it jumps", async () => {
    const ahead = await startTestServer();
    try {
      const headers = { authorization: `Bearer ${ahead.adminToken}` };
      const post = async (path: string, body: object) => {
        const response = await fetch(`${ahead.url}/lockout/v1/${path}`, {
          method: "POST",
          headers,
          body: JSON.stringify(body),
        });
        return (await response.json()) as Begun & { expireTime: string };
      };
      // Past 2038 and 2106, where 32 bits of seconds end.
      ahead.advance(100 * 365 * 24 * 3600 * 1000);
      const factor = "FACTOR_PASSWORD";
      const begun = await post("attempts", { userId: "late", factor });
      expect(Number(begun.expireTime.slice(0, 4))).toBeGreaterThan(2120);
      ahead.advance(-1000 * 3600);
      const back = await post("attempts", { userId: "late", factor });
      // The clock went back by more than an attempt lives: the first one has ended.
      expect(back).toMatchObject({
        decision: "DECISION_PROCEED",
        failedAttempts: 1,
        openAttempts: 1,
      });
      expect(back.attemptId).not.toBe(begun.attemptId);
      ahead.advance(1000 * 3600 + 60_000);
      const after = await post("attempts", { userId: "late", factor });
      expect(after).toMatchObject({ failedAttempts: 2, openAttempts: 1 });
    } finally {
      await ahead.close();
    }
  });

  it("I17: unlock is audited, and never happens by GET", async () => {
    const org = await newOrg(1);
    await org.attempt({ userId: "mailed" }, "FAILED");
    for (const path of [
      "/management/v1/users/mailed/_unlock",
      "/v2/users/mailed/unlock",
      "/v2beta/users/mailed/unlock",
    ]) {
      for (const method of ["GET", "HEAD"]) {
        const response = await fetch(`${server.url}${path}`, {
          method,
          headers: { authorization: `Bearer ${org.orgOwner}` },
        });
        expect(response.status).toBe(405);
      }
    }
    expect(await org.show("mailed")).toMatchObject({ locked: true });
    await org.unlock("mailed");
    const events = await org.events("mailed");
    expect(events.at(-1)).toMatchObject({
      type: { type: "user.unlocked" },
      editor: { userId: expect.stringMatching(/^\d{18}$/) as string },
    });
  });
});

describe("counting and locking (contract, section 7)", () => {
  it("the N-th failure locks in the same transaction: the events follow each other", async () => {
    const org = await newOrg(2);
    const user = { userId: "nth" };
    await org.attempt(user, "FAILED");
    expect(await org.attempt(user, "FAILED")).toEqual({
      locked: true,
      failedAttempts: 2,
      limit: 2,
    });
    expect(
      (await org.events("nth")).map(({ sequence, type }) => [
        sequence,
        type.type,
      ]),
    ).toEqual([
      ["1", "user.human.added"],
      ["2", "user.human.password.check.failed"],
      ["3", "user.human.password.check.failed"],
      ["4", "user.locked"],
    ]);
    expect(await org.begin(user)).toMatchObject({
      decision: "DECISION_LOCKED",
    });
  });

  it("an attempt during a lock changes nothing", async () => {
    const org = await newOrg(2);
    const user = { userId: "during" };
    const open = await org.begin(user);
    await org.call("POST", "/management/v1/users/during/_lock", {});
    const before = await org.events("during");
    expect(await org.complete(open.attemptId ?? "", "FAILED")).toEqual({
      locked: true,
      limit: 2,
    });
    expect(await org.begin(user)).toMatchObject({
      decision: "DECISION_LOCKED",
    });
    expect(await org.events("during")).toEqual(before);
    expect(await org.failed("during")).toBe(0);
  });

  it("the organisation's policy counts, else the default", async () => {
    const org = await newOrg(1);
    await org.attempt({ userId: "own" }, "FAILED");
    expect(await org.show("own")).toMatchObject({ locked: true });
    // The default never locks here.
    await org.call("DELETE", "/management/v1/policies/lockout");
    await org.attempt({ userId: "default" }, "FAILED");
    expect(await org.show("default")).not.toHaveProperty("locked");
  });

  it("the policy is read when a failure is counted", async () => {
    const org = await newOrg(9);
    const user = { userId: "lowered" };
    for (let i = 0; i < 3; i += 1) {
      await org.attempt(user, "FAILED");
    }
    await org.setLimits(2, 2);
    expect(await org.show("lowered")).not.toHaveProperty("locked");
    expect(await org.attempt(user, "FAILED")).toMatchObject({
      locked: true,
      failedAttempts: 4,
      limit: 2,
    });
    await org.setLimits(100, 100);
    expect(await org.begin(user)).toMatchObject({
      decision: "DECISION_LOCKED",
    });
  });

  it("unlock clears all counters, a success its own, a password change the password's", async () => {
    const org = await newOrg(4);
    const user = { userId: "cleared" };
    const failAll = async () => {
      for (const factor of factors) {
        await org.attempt(user, "FAILED", factor);
      }
    };
    const counts = async () =>
      (await org.show("cleared")).factors.map(
        ({ failedAttempts }) => failedAttempts ?? 0,
      );
    await failAll();
    await org.attempt(user, "SUCCEEDED", "FACTOR_TOTP");
    expect(await counts()).toEqual([1, 0, 1, 1, 1]);
    await org.call(
      "POST",
      "/lockout/v1/users/cleared:recordPasswordChange",
      {},
    );
    expect(await counts()).toEqual([0, 0, 1, 1, 1]);
    await org.call("POST", "/management/v1/users/cleared/_lock", {});
    expect(await counts()).toEqual([0, 0, 1, 1, 1]);
    await org.call(
      "POST",
      "/lockout/v1/users/cleared:recordPasswordChange",
      {},
    );
    expect(await org.show("cleared")).toMatchObject({ locked: true });
    await org.unlock("cleared");
    expect(await counts()).toEqual([0, 0, 0, 0, 0]);
  });

  it("counters do not expire", async () => {
    const org = await newOrg(3);
    await org.attempt({ userId: "patient" }, "FAILED");
    server.advance(365 * 24 * 3600 * 1000);
    // The tokens of these tests do not expire either.
    expect(await org.failed("patient")).toBe(1);
  });

  it("each kind of code has a counter of its own, and all compare with max_otp_attempts", async () => {
    const org = await newOrg(1, 2);
    const codes = factors.filter((factor) => factor !== "FACTOR_PASSWORD");
    for (const code of codes) {
      expect(
        await org.attempt({ userId: "codes" }, "FAILED", code),
      ).toMatchObject({ failedAttempts: 1, limit: 2 });
    }
    expect(await org.show("codes")).not.toHaveProperty("locked");
    for (const code of codes) {
      const user = { userId: `twice-${code}` };
      await org.attempt(user, "FAILED", code);
      expect(await org.attempt(user, "FAILED", code)).toMatchObject({
        locked: true,
        failedAttempts: 2,
      });
      expect(await org.begin(user)).toMatchObject({
        decision: "DECISION_LOCKED",
      });
    }
  });

  it("0 never locks and still counts, and an organisation's 0 wins over the default", async () => {
    await fetch(`${server.url}/admin/v1/policies/password/lockout`, {
      method: "PUT",
      headers: { authorization: `Bearer ${server.adminToken}` },
      body: JSON.stringify({ maxPasswordAttempts: 1, maxOtpAttempts: 1 }),
    });
    try {
      const org = await newOrg(0);
      for (const factor of factors) {
        for (let failed = 1; failed <= 3; failed += 1) {
          expect(
            await org.attempt({ userId: "never" }, "FAILED", factor),
          ).toEqual({ failedAttempts: failed });
        }
      }
      expect(await org.show("never")).not.toHaveProperty("locked");
    } finally {
      await fetch(`${server.url}/admin/v1/policies/password/lockout`, {
        method: "PUT",
        headers: { authorization: `Bearer ${server.adminToken}` },
        body: "{}",
      });
    }
  });

  it("passkeys never count: there is no factor for them", () => {
    expect(Object.keys(Factor).filter((name) => isNaN(Number(name)))).toEqual([
      "UNSPECIFIED",
      ...factors.map((factor) => factor.replace("FACTOR_", "")),
    ]);
  });

  it("a recovery code counts against the limit of one-time codes", async () => {
    const org = await newOrg(9, 1);
    await org.attempt(
      { userId: "recovering" },
      "FAILED",
      "FACTOR_RECOVERY_CODE",
    );
    expect(await org.show("recovering")).toMatchObject({
      locked: true,
      reason: "LOCK_REASON_OTP_ATTEMPTS",
    });
  });

  it("two organisations may have users of one id, who are two people", async () => {
    const one = await newOrg(1);
    const other = await newOrg(1);
    await one.attempt({ userId: "twin" }, "FAILED");
    expect(await one.show("twin")).toMatchObject({ locked: true });
    expect(await other.begin({ userId: "twin" })).toMatchObject({
      decision: "DECISION_PROCEED",
    });
    expect(await one.events("twin")).toHaveLength(3);
    expect(await other.events("twin")).toMatchObject([
      { type: { type: "user.human.added" } },
    ]);
  });

  it("an attempt of another organisation does not exist", async () => {
    const one = await newOrg(3);
    const other = await newOrg(3);
    const { attemptId = "" } = await one.begin({ userId: "mine" });
    const stolen = await other.call(
      "POST",
      `/lockout/v1/attempts/${attemptId}:complete`,
      { outcome: "OUTCOME_SUCCEEDED" },
    );
    expect(stolen.status).toBe(404);
    expect(await one.complete(attemptId, "SUCCEEDED")).toMatchObject({
      accepted: true,
    });
  });
});
