import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { PolicyService } from "../../gen/lockout/v1/policy_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import { setStage } from "./stage.ts";

// Locks that end by themselves and ceilings, as callers see them.

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
