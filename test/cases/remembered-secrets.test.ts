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

// Wrong passwords that count once, as callers see them.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const attempts = AttemptService.method;
const digestOf = (bytes: number) => new Uint8Array(bytes).fill(7);

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    const enter = async () => {
      const org = await enterOrg(server, doorName, 5);
      const { door, headers, subject } = org;
      await org.setRules({ rememberedSecrets: 2 });
      const guess = { subject, factor: Factor.PASSWORD };
      const report = async (secretDigest: Uint8Array) =>
        door.call(
          attempts.reportAttempt,
          { ...guess, outcome: Outcome.FAILED, secretDigest },
          headers,
        );
      return { ...org, guess, report };
    };

    it("the same wrong password counts once, and its event says so", async () => {
      const { door, headers, guess, report, events } = await enter();
      const first = await report(digestOf(16));
      expect(messageOf(first)).toEqual({ failedAttempts: 1, limit: 5 });
      const { attemptId } = messageOf(
        await door.call(attempts.beginAttempt, guess, headers),
      ) as { readonly attemptId: string };
      const completed = await door.call(
        attempts.completeAttempt,
        {
          ...{ attemptId, outcome: Outcome.FAILED },
          secretDigest: digestOf(16),
        },
        headers,
      );
      expect(messageOf(completed)).toEqual({ failedAttempts: 1, limit: 5 });
      const other = await report(digestOf(64));
      expect(messageOf(other)).toEqual({ failedAttempts: 2, limit: 5 });
      const { events: found } = (await events(
        "user.human.password.check.failed",
      )) as unknown as {
        readonly events: readonly { readonly payload?: unknown }[];
      };
      expect(found.map(({ payload }) => payload).filter(Boolean)).toEqual([
        { repeated: true },
      ]);
    });

    it.each([15, 65])(
      "a digest of %i bytes is refused, and nothing is counted",
      async (bytes) => {
        const { door, headers, guess, report } = await enter();
        const refused = await report(digestOf(bytes));
        expect(JSON.stringify(refused)).toContain("LOCKOUTD-att08");
        const begun = messageOf(
          await door.call(attempts.beginAttempt, guess, headers),
        );
        expect(begun).not.toHaveProperty("failedAttempts");
        const completed = await door.call(
          attempts.completeAttempt,
          {
            attemptId: (begun as { readonly attemptId: string }).attemptId,
            outcome: Outcome.FAILED,
            secretDigest: digestOf(bytes),
          },
          headers,
        );
        expect(JSON.stringify(completed)).toContain("LOCKOUTD-att08");
      },
    );
  },
);
