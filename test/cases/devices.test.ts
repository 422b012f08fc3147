import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { openAllDoors } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { enterOrg } from "./own-policy.ts";
import { messageOf } from "./situation.ts";

// Known devices, as callers see them.

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
      await org.setRules({ devices: { maxAttempts: 3 } });
      const fieldsOf = (...response: Parameters<typeof messageOf>) =>
        messageOf(...response) as Readonly<Record<string, unknown>>;
      const begin = async (deviceToken: string) =>
        fieldsOf(
          await door.call(
            attempts.beginAttempt,
            { subject, factor: Factor.PASSWORD, client: { deviceToken } },
            headers,
          ),
        );
      const complete = async (
        attemptId: unknown,
        outcome: Outcome,
        rememberDevice = false,
      ) =>
        fieldsOf(
          await door.call(
            attempts.completeAttempt,
            { attemptId: String(attemptId), outcome, rememberDevice },
            headers,
          ),
        );
      const remember = async () => {
        const { attemptId } = await begin("");
        const done = await complete(attemptId, Outcome.SUCCEEDED, true);
        return { done, token: String(done["deviceToken"]) };
      };
      return { ...org, begin, complete, remember };
    };

    it("a device that is remembered is let in while the user is locked", async () => {
      const { begin, complete, remember, show } = await enter();
      const { done, token } = await remember();
      expect(done).toEqual({
        ...{ accepted: true, limit: 2, deviceExpireTime: anyTime },
        deviceToken: expect.stringMatching(/^[\w.-]{20,200}$/) as string,
      });
      for (let failures = 0; failures < 2; failures += 1) {
        const { attemptId } = await begin("");
        await complete(attemptId, Outcome.FAILED);
      }
      expect(await begin("")).toMatchObject({ decision: "DECISION_LOCKED" });
      const begun = await begin(token);
      expect(begun).toMatchObject({
        ...{ decision: "DECISION_PROCEED", knownDevice: true },
        ...{ limit: 3, openAttempts: 1 },
      });
      expect(await complete(begun["attemptId"], Outcome.SUCCEEDED)).toEqual({
        ...{ accepted: true, limit: 3 },
      });
      expect(await show()).toMatchObject({ locked: true, devices: 1 });
    });

    it("a token that is altered, too long, or none of ours is as none", async () => {
      const { begin, complete, remember } = await enter();
      const { token } = await remember();
      const none = await begin("");
      await complete(none["attemptId"], Outcome.NOT_A_GUESS);
      for (const other of [
        ...[`${token}x`, token.slice(1), "garbage", "é".repeat(300)],
        ...["9".repeat(100_000), `${token}${"=".repeat(200)}`],
      ]) {
        const begun = await begin(other);
        await complete(begun["attemptId"], Outcome.NOT_A_GUESS);
        expect({ ...begun, attemptId: "", expireTime: "" }).toEqual({
          ...{ ...none, attemptId: "", expireTime: "" },
        });
      }
    });

    it("all devices are forgotten when somebody says so", async () => {
      const { door, headers, userId, begin, remember, show, events } =
        await enter();
      const { token } = await remember();
      await door.call(attempts.forgetDevices, { userId }, headers);
      expect(await show()).not.toHaveProperty("devices");
      expect(await begin(token)).not.toHaveProperty("knownDevice");
      expect(await events("user.devices.forgotten")).toMatchObject({
        events: [{ aggregate: { id: userId } }],
      });
    });
  },
);
