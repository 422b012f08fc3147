import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { PolicyService } from "../../gen/lockout/v1/policy_service_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import { setStage } from "./stage.ts";

// Networks that have failed too often, as callers see them.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const attempts = AttemptService.method;

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    it("a source without chances is throttled, told how long, and nothing of the user", async () => {
      const door = openDoor(server.url, doorName);
      const { orgOwner, userId } = await setStage(server);
      const headers = { token: orgOwner };
      const sources = { maxFailures: 2, window: durationFromMs(7_200_000) };
      await door.call(
        PolicyService.method.setRules,
        { rules: { sources } },
        headers,
      );
      const guess = (value: string, address: string) => ({
        subject: { case: "userId", value } as const,
        ...{ factor: Factor.PASSWORD, client: { address } },
      });
      const outcome = Outcome.FAILED;
      for (const address of ["192.0.2.7", "[::ffff:192.0.2.7]:443"]) {
        await door.call(
          attempts.reportAttempt,
          { ...guess(userId, address), outcome },
          headers,
        );
      }
      const begin = async (value: string, address: string) =>
        messageOf(
          await door.call(
            attempts.beginAttempt,
            guess(value, address),
            headers,
          ),
        );
      for (const value of [userId, `${userId}-unseen`]) {
        expect(await begin(value, "192.0.2.7")).toEqual({
          decision: "DECISION_THROTTLED",
          retryAfter: expect.stringMatching(
            /^3(?:600|59\d(?:\.\d+)?)s$/,
          ) as string,
        });
      }
      expect(await begin(userId, "192.0.2.8")).toMatchObject({
        decision: "DECISION_PROCEED",
      });
      // What was compared counts all the same.
      const reported = await door.call(
        attempts.reportAttempt,
        { ...guess(userId, "192.0.2.7"), outcome },
        headers,
      );
      expect(messageOf(reported)).toMatchObject({ failedAttempts: 3 });
    });
  },
);
