import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { defaultConfig } from "../../src/config.ts";
import { startServer } from "../../src/server.ts";
import { createLogger } from "../../src/telemetry/log.ts";
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

it("a clock that jumps ahead and back is told of in the log, once, until it has passed the last event", async () => {
  let time = Date.now();
  const lines: string[] = [];
  const log = createLogger({
    ...{ level: "warn", format: "json" },
    write: (line) => lines.push(line),
  });
  const adminToken = "the-token-of-who-changes-the-default-policy";
  const watched = await startServer(
    {
      ...defaultConfig,
      ...{ listen: { host: "127.0.0.1", port: 0 }, adminToken },
      database: `sqlite:${directory.file("watched.db")}`,
    },
    { now: () => time, log },
  );
  const { updateLockoutPolicy } = createClient(
    AdminService,
    createGrpcTransport({ baseUrl: watched.url }),
  );
  let count = 0;
  const change = async (jump: number) => {
    time += jump;
    count += 1;
    await updateLockoutPolicy(
      { maxPasswordAttempts: count },
      { headers: { authorization: `Bearer ${adminToken}` } },
    );
  };
  const told = () =>
    lines.filter((line) => line.includes("the clock is behind the last event"));
  for (const jump of [0, hour, -hour, 1, 1]) {
    await change(jump);
  }
  expect(told()).toEqual([expect.stringContaining(`"behindMs":${hour}`)]);
  for (const jump of [hour, -60_000]) {
    await change(jump);
  }
  expect(told()).toHaveLength(2);
  await watched.close();
});
