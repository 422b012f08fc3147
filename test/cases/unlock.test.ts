import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { openAllDoors } from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import { setStage } from "./stage.ts";

// A login name is shown and unlocked whoever it leads to, by every door.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    defaultPolicy: { maxPasswordAttempts: 2, maxOtpAttempts: 2 },
  });
});

afterAll(async () => {
  await server.close();
});

const attempts = AttemptService.method;
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string;

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    it.each([
      ["leads to nobody", false],
      ["leads to a user", true],
    ])("a login name that %s", async (_who, isKnown) => {
      const door = doorOf(doorName);
      const { orgId, orgOwner, userId } = await setStage(server);
      const headers = { token: orgOwner };
      const subject = { case: "loginName", value: "Ann@X" } as const;
      if (isKnown) {
        const user = { userId, aliases: ["ann@x"] };
        messageOf(await door.call(UserService.method.putUser, user, headers));
      }
      const fail = () =>
        door.call(
          attempts.reportAttempt,
          { subject, factor: Factor.PASSWORD, outcome: Outcome.FAILED },
          headers,
        );
      const show = async () =>
        messageOf(
          await door.call(
            attempts.getLockout,
            { loginName: subject.value },
            headers,
          ),
        );
      const list = async () =>
        messageOf(await door.call(attempts.listLockedUsers, {}, headers));

      await fail();
      const whose = { ...(isKnown && { userId }), resourceOwner: orgId };
      const password = { factor: "FACTOR_PASSWORD", limit: 2 };
      expect(await show()).toMatchObject({
        ...whose,
        factors: expect.arrayContaining([
          expect.objectContaining({ ...password, failedAttempts: 1 }),
        ]) as unknown,
      });
      expect(await show()).not.toHaveProperty("locked");
      expect(await list()).toEqual({});
      await fail();
      expect(await show()).toMatchObject({
        ...whose,
        locked: true,
        reason: "LOCK_REASON_PASSWORD_ATTEMPTS",
        lockTime: time,
        lockedBy: expect.stringMatching(/^\d{18}$/) as string,
      });
      expect(await list()).toMatchObject(
        isKnown ? { users: [{ userId }] } : { unknownNames: 1 },
      );

      const remarks = {
        note: "called, knows the name of the cat",
        ticket: "T-7",
      };
      const unlocked = messageOf(
        await door.call(attempts.unlock, { subject, ...remarks }, headers),
      );
      expect(unlocked).toEqual(await show());
      expect(unlocked).toMatchObject({
        ...whose,
        factors: expect.arrayContaining([
          expect.objectContaining(password),
        ]) as unknown,
      });
      expect(JSON.stringify(unlocked)).not.toContain("failedAttempts");
      expect(unlocked).not.toHaveProperty("locked");
      expect(await list()).toEqual({});

      const { events } = messageOf(
        await door.call(
          AdminService.method.listEvents,
          {
            ...{ limit: 1, resourceOwner: orgId },
            eventTypes: ["user.unlocked", "org.lockout.name.unlocked"],
          },
          { token: server.adminToken },
        ),
      ) as { events: object[] };
      expect(events).toMatchObject([
        isKnown
          ? {
              type: { type: "user.unlocked" },
              aggregate: { id: userId, type: { type: "user" } },
              payload: remarks,
            }
          : {
              type: { type: "org.lockout.name.unlocked" },
              aggregate: { id: orgId, type: { type: "org" } },
              payload: {
                ...remarks,
                nameHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
              },
            },
      ]);
      expect(JSON.stringify(events)).not.toMatch(/ann@x/i);
    });

    it("a user by the id, with what ZITADEL's call records nothing of", async () => {
      const door = doorOf(doorName);
      const { orgOwner, userId } = await setStage(server);
      const headers = { token: orgOwner };
      const subject = { case: "userId", value: userId } as const;
      for (let failed = 0; failed < 2; failed += 1) {
        await door.call(
          attempts.reportAttempt,
          { subject, factor: Factor.TOTP, outcome: Outcome.FAILED },
          headers,
        );
      }
      const { lockTime } = messageOf(
        await door.call(attempts.getLockout, { userId }, headers),
      ) as { lockTime: string };
      const ms = Date.parse(lockTime);
      const ifLockedAt = {
        seconds: BigInt(Math.floor(ms / 1000)),
        nanos: (ms % 1000) * 1_000_000,
      };
      const unlocked = messageOf(
        await door.call(attempts.unlock, { subject, ifLockedAt }, headers),
      );
      expect(unlocked).toMatchObject({ userId });
      expect(unlocked).not.toHaveProperty("locked");
    });
  },
);

function doorOf(name: string): Door {
  const door = openAllDoors(server.url).find((each) => each.name === name);
  if (door === undefined) {
    throw new Error(`no door ${name}`);
  }
  return door;
}
