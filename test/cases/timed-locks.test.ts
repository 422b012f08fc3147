import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { LockScope } from "../../gen/lockout/v1/policy_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { openAllDoors } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { enterOrg } from "./own-policy.ts";
import { messageOf } from "./situation.ts";

// Locks that end by themselves, of factors, and ceilings, as callers see them.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const attempts = AttemptService.method;
const anyTime = expect.stringMatching(/^\d{4}-.*Z$/) as string;

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    const enter = async () => {
      const org = await enterOrg(server, doorName, 2);
      const { door, headers, subject } = org;
      const fail = async () =>
        messageOf(
          await door.call(
            attempts.reportAttempt,
            { subject, factor: Factor.PASSWORD, outcome: Outcome.FAILED },
            headers,
          ),
        );
      return { ...org, fail };
    };

    it("a lock says when it ends by itself", async () => {
      const { door, headers, subject, setRules, fail, show, events } =
        await enter();
      const lockDuration = durationFromMs(3_600_000);
      await setRules({ lockDuration, lockGrowth: 2 });
      expect(await fail()).toEqual({ failedAttempts: 1, limit: 2 });
      expect(await fail()).toEqual({
        ...{ locked: true, failedAttempts: 2, limit: 2 },
        lockEndTime: anyTime,
      });
      expect(
        messageOf(
          await door.call(
            attempts.beginAttempt,
            { subject, factor: Factor.PASSWORD },
            headers,
          ),
        ),
      ).toEqual({
        ...{ decision: "DECISION_LOCKED", failedAttempts: 2, limit: 2 },
        lockEndTime: anyTime,
      });
      expect(await show()).toMatchObject({
        ...{ locked: true, lockEndTime: anyTime, locksInRow: 1 },
        factors: [
          { failedInRow: 2, nextDecision: "DECISION_LOCKED" },
          ...Array.from({ length: 4 }, () => ({
            nextDecision: "DECISION_LOCKED",
          })),
        ],
      });
      expect(await events("user.locked")).toMatchObject({
        events: [{ payload: { lockEndTime: anyTime } }],
      });
    });

    it("a lock of a factor leaves the user active", async () => {
      const { door, headers, userId, setRules, fail, show, events } =
        await enter();
      await setRules({
        lockScope: LockScope.FACTOR,
        lockDuration: durationFromMs(3_600_000),
      });
      await fail();
      expect(await fail()).toEqual({
        ...{ locked: true, failedAttempts: 2, limit: 2 },
        lockEndTime: anyTime,
      });
      const shown = await show();
      expect(shown).not.toHaveProperty("locked");
      expect(shown).not.toHaveProperty("lockTime");
      const next = { nextDecision: "DECISION_PROCEED" };
      expect(shown).toMatchObject({
        locksInRow: 1,
        factors: [
          {
            ...{ locked: true, reason: "LOCK_REASON_PASSWORD_ATTEMPTS" },
            ...{ lockTime: anyTime, lockEndTime: anyTime },
            lockedBy: expect.stringMatching(/./) as string,
            nextDecision: "DECISION_LOCKED",
          },
          ...[next, next, next, next],
        ],
      });
      expect(
        messageOf(await door.call(attempts.listLockedUsers, {}, headers)),
      ).toMatchObject({
        users: [{ userId, factors: [{ locked: true }, {}, {}, {}, {}] }],
      });
      expect(
        messageOf(
          await door.call(UserService.method.getUser, { userId }, headers),
        ),
      ).toMatchObject({ state: "USER_STATE_ACTIVE" });
      await door.call(
        ManagementService.method.unlockUser,
        { id: userId },
        headers,
      );
      expect(await show()).toMatchObject({ factors: [next, {}, {}, {}, {}] });
      const factor = "FACTOR_PASSWORD";
      const locked = { factor, lockEndTime: anyTime, failedAttempts: 2 };
      expect(
        await events("user.factor.locked", "user.factor.unlocked"),
      ).toMatchObject({
        events: expect.arrayContaining([
          expect.objectContaining({
            payload: expect.objectContaining(locked) as unknown,
          }),
          expect.objectContaining({ payload: { factor } }),
        ]) as unknown,
      });
    });

    it("a lock at the ceiling has no end", async () => {
      const { setRules, fail, show } = await enter();
      await setRules({ lockDuration: durationFromMs(3_600_000), ceiling: 2 });
      expect(await show().catch(() => "nobody")).toBe("nobody");
      await fail();
      expect(await show()).toMatchObject({
        factors: [{ nextDecision: "DECISION_PROCEED" }, {}, {}, {}, {}],
      });
      expect(await fail()).toEqual({
        ...{ locked: true, failedAttempts: 2, limit: 2 },
      });
      const shown = await show();
      expect(shown).toMatchObject({ reason: "LOCK_REASON_CEILING" });
      expect(shown).not.toHaveProperty("lockEndTime");
    });
  },
);
