import { afterEach, beforeEach, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { openDoors } from "../support/protocol-variants.ts";
import { findDisorder, readEventLog } from "../support/event-log.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";

const hour = 3_600_000;

let directory: TempDir;
let server: TestServer;

beforeEach(async () => {
  directory = await makeTempDir();
  server = await startTestServer({
    database: `sqlite:${directory.file("lockoutd.db")}`,
    defaultPolicy: { maxPasswordAttempts: 3, maxOtpAttempts: 0 },
  });
});

afterEach(async () => {
  await server.close();
  await directory.remove();
});

it("a clock that jumps back: changes go on in order, and no attempt is counted twice or forgotten", async () => {
  const token = { token: server.adminToken };
  const doors = openDoors(server.url).filter(({ name }) =>
    ["gRPC", "REST"].includes(name),
  );
  const ids = new Set<unknown>();
  let count = 0;
  for (const jump of [0, -hour, 2 * hour, -24 * hour, 1, -1]) {
    server.advance(jump);
    for (const door of doors) {
      count += 1;
      expect(
        await door.call(
          AdminService.method.updateLockoutPolicy,
          { maxPasswordAttempts: 100 + count },
          token,
        ),
      ).toMatchObject({ ok: true });
      const begun = await door.call(
        AttemptService.method.beginAttempt,
        {
          subject: { case: "userId", value: "traveller" },
          factor: Factor.PASSWORD,
        },
        token,
      );
      expect(begun).toMatchObject({
        ok: true,
        message: { decision: "DECISION_PROCEED" },
      });
      if (!begun.ok) {
        continue;
      }
      const { attemptId } = begun.message as { attemptId: string };
      expect(ids).not.toContain(attemptId);
      ids.add(attemptId);
      expect(
        await door.call(
          AttemptService.method.completeAttempt,
          { attemptId, outcome: Outcome.FAILED },
          token,
        ),
      ).toMatchObject({ ok: true, message: { failedAttempts: count } });
    }
  }
  const events = await readEventLog(directory.file("lockoutd.db"));
  expect(findDisorder(events)).toEqual([]);
  const of = (type: string) => events.filter((event) => event.type === type);
  expect(of("instance.policy.lockout.changed")).toHaveLength(count);
  expect(of("user.human.password.check.failed")).toHaveLength(count);
});
