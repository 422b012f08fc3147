import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import {
  LockScope,
  PolicyService,
} from "../../gen/lockout/v1/policy_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import { setStage } from "./stage.ts";

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
      const door = openDoor(server.url, doorName);
      const { orgOwner, userId } = await setStage(server);
      const headers = { token: orgOwner };
      await door.call(
        ManagementService.method.addCustomLockoutPolicy,
        { maxPasswordAttempts: 2, maxOtpAttempts: 2 },
        headers,
      );
      const subject = { case: "userId", value: userId } as const;
      const fail = async () =>
        messageOf(
          await door.call(
            attempts.reportAttempt,
            { subject, factor: Factor.PASSWORD, outcome: Outcome.FAILED },
            headers,
          ),
        );
      const show = async () =>
        messageOf(await door.call(attempts.getLockout, { userId }, headers));
      return { door, headers, userId, subject, fail, show };
    };

    it("a lock says when it ends by itself", async () => {
      const { door, headers, userId, subject, fail, show } = await enter();
      await door.call(
        PolicyService.method.setRules,
        { rules: { lockDuration: durationFromMs(3_600_000), lockGrowth: 2 } },
        headers,
      );
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
      const events = messageOf(
        await door.call(
          AdminService.method.listEvents,
          { aggregateId: userId, eventTypes: ["user.locked"] },
          { token: server.adminToken },
        ),
      );
      expect(events).toMatchObject({
        events: [{ payload: { lockEndTime: anyTime } }],
      });
    });

    it("a lock of a factor leaves the user active", async () => {
      const { door, headers, userId, fail, show } = await enter();
      await door.call(
        PolicyService.method.setRules,
        {
          rules: {
            lockScope: LockScope.FACTOR,
            lockDuration: durationFromMs(3_600_000),
          },
        },
        headers,
      );
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
      const events = messageOf(
        await door.call(
          AdminService.method.listEvents,
          {
            aggregateId: userId,
            eventTypes: ["user.factor.locked", "user.factor.unlocked"],
          },
          { token: server.adminToken },
        ),
      );
      const factor = "FACTOR_PASSWORD";
      const locked = { factor, lockEndTime: anyTime, failedAttempts: 2 };
      expect(events).toMatchObject({
        events: expect.arrayContaining([
          expect.objectContaining({
            payload: expect.objectContaining(locked) as unknown,
          }),
          expect.objectContaining({ payload: { factor } }),
        ]) as unknown,
      });
    });

    it("a lock at the ceiling has no end", async () => {
      const { door, headers, fail, show } = await enter();
      await door.call(
        PolicyService.method.setRules,
        { rules: { lockDuration: durationFromMs(3_600_000), ceiling: 2 } },
        headers,
      );
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
