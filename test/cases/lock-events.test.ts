import type { DescMessage, JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import {
  UserService as LockoutUserService,
  UserState,
} from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { UserService } from "../../gen/zitadel/user/v2/user_service_pb.js";
import { UserService as UserServiceBeta } from "../../gen/zitadel/user/v2beta/user_service_pb.js";
import { openDoor, openDoors } from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { grpcDoor, setStage } from "./stage.ts";

// Section 6 of the contract: what the event of a lock says, by every protocol; what is unknown is left out.

const anyTime = expect.stringMatching(/^\d{4}-.*Z$/) as string;
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const attempts = AttemptService.method;

interface Row {
  readonly name: string;
  /** Locks the stage's user, whose organisation locks at the second failure; returns the id of the attempt, if there was one. */
  readonly lock: (door: Door, stage: Stage) => Promise<string | undefined>;
  /** What the event says, but for the attempt's id. */
  readonly payload: JsonObject;
  /** What the event of the last check says of the client. */
  readonly checked?: JsonObject;
}

async function begin(
  door: Door,
  { userId, orgOwner }: Stage,
  factor: Factor,
  client: object = {},
): Promise<string> {
  const subject = { case: "userId", value: userId } as const;
  const begun = messageOf(
    await door.call(
      attempts.beginAttempt,
      { subject, factor, client },
      { token: orgOwner },
    ),
  );
  return (begun as { attemptId: string }).attemptId;
}

async function fail(
  door: Door,
  stage: Stage,
  factor: Factor,
  client: object = {},
): Promise<string> {
  const attemptId = await begin(door, stage, factor, client);
  messageOf(
    await door.call(
      attempts.completeAttempt,
      { attemptId, outcome: Outcome.FAILED },
      { token: stage.orgOwner },
    ),
  );
  return attemptId;
}

async function report(
  door: Door,
  { userId, orgOwner }: Stage,
  client: object,
): Promise<undefined> {
  const subject = { case: "userId", value: userId } as const;
  const { FAILED: outcome } = Outcome;
  const factor = Factor.OTP_EMAIL;
  messageOf(
    await door.call(
      attempts.reportAttempt,
      { subject, factor, client, outcome },
      { token: orgOwner },
    ),
  );
}

async function register(stage: Stage): Promise<void> {
  messageOf(
    await grpcDoor(stage).call(
      LockoutUserService.method.putUser,
      { userId: stage.userId },
      { token: stage.orgOwner },
    ),
  );
}

const byVersion2 =
  ({ method }: typeof UserService | typeof UserServiceBeta) =>
  async (door: Door, stage: Stage) => {
    await register(stage);
    messageOf(
      await door.call<DescMessage, DescMessage>(
        method.lockUser,
        { userId: stage.userId },
        { token: stage.orgOwner },
      ),
    );
    return undefined;
  };

const administrator = { reason: "LOCK_REASON_ADMINISTRATOR" };

const rows: readonly Row[] = [
  {
    name: "the last wrong password, from an IPv4 address within IPv6",
    lock: async (door, stage) => {
      await fail(door, stage, Factor.PASSWORD);
      return fail(door, stage, Factor.PASSWORD, {
        address: "::ffff:192.0.2.7",
        userAgent: "Browser",
        device: "phone",
      });
    },
    payload: {
      reason: "LOCK_REASON_PASSWORD_ATTEMPTS",
      factor: "FACTOR_PASSWORD",
      failedAttempts: 2,
      address: "192.0.2.7",
    },
    checked: {
      address: "192.0.2.7",
      userAgent: "Browser",
      device: "phone",
    },
  },
  {
    name: "the last wrong code, from an IPv6 address written at length",
    lock: async (door, stage) => {
      await fail(door, stage, Factor.TOTP);
      return fail(door, stage, Factor.TOTP, { address: "2001:DB8:0:0::1" });
    },
    payload: {
      reason: "LOCK_REASON_OTP_ATTEMPTS",
      factor: "FACTOR_TOTP",
      failedAttempts: 2,
      address: "2001:db8::1",
    },
    checked: { address: "2001:db8::1" },
  },
  {
    name: "a failure without an address",
    lock: async (door, stage) => {
      await fail(door, stage, Factor.RECOVERY_CODE);
      return fail(door, stage, Factor.RECOVERY_CODE);
    },
    payload: {
      reason: "LOCK_REASON_OTP_ATTEMPTS",
      factor: "FACTOR_RECOVERY_CODE",
      failedAttempts: 2,
    },
  },
  {
    name: "a failure that was reported after the fact: there was no attempt",
    lock: async (door, stage) => {
      await report(door, stage, { address: "198.51.100.1" });
      return report(door, stage, { address: "198.51.100.2" });
    },
    payload: {
      reason: "LOCK_REASON_OTP_ATTEMPTS",
      factor: "FACTOR_OTP_EMAIL",
      failedAttempts: 2,
      address: "198.51.100.2",
    },
    checked: { address: "198.51.100.2" },
  },
  {
    name: "an attempt that expired: its own address, not that of who came later",
    lock: async (door, stage) => {
      await fail(door, stage, Factor.OTP_SMS, { address: "198.51.100.3" });
      const attemptId = await begin(door, stage, Factor.OTP_SMS, {
        address: "198.51.100.4",
      });
      stage.server.advance(3_600_000);
      await begin(door, stage, Factor.PASSWORD, { address: "198.51.100.5" });
      return attemptId;
    },
    payload: {
      reason: "LOCK_REASON_OTP_ATTEMPTS",
      factor: "FACTOR_OTP_SMS",
      failedAttempts: 2,
      address: "198.51.100.4",
      at: anyTime,
    },
    checked: { address: "198.51.100.4", expired: true, at: anyTime },
  },
  {
    name: "an administrator, v1",
    lock: async (door, stage) => {
      await register(stage);
      const { orgOwner: token, userId: id } = stage;
      const { lockUser } = ManagementService.method;
      messageOf(await door.call(lockUser, { id }, { token }));
      return undefined;
    },
    payload: administrator,
  },
  {
    name: "an administrator, v2",
    lock: byVersion2(UserService),
    payload: administrator,
  },
  {
    name: "an administrator, v2beta",
    lock: byVersion2(UserServiceBeta),
    payload: administrator,
  },
  {
    name: "an administrator, after failures: they are not why",
    lock: async (door, stage) => {
      await fail(door, stage, Factor.PASSWORD, { address: "192.0.2.7" });
      return byVersion2(UserService)(door, stage);
    },
    payload: administrator,
  },
  {
    name: "who registers a user as locked",
    lock: async (door, { userId, orgOwner: token }) => {
      const { putUser } = LockoutUserService.method;
      const state = UserState.LOCKED;
      messageOf(await door.call(putUser, { userId, state }, { token }));
      return undefined;
    },
    payload: administrator,
  },
];

describe.each(openDoors("http://localhost").map(({ name }) => name))(
  "by %s, a lock by",
  (doorName) => {
    it.each(rows)("$name", async ({ lock, payload, checked }) => {
      const door = openDoor(server.url, doorName);
      const stage = await setStage(server);
      messageOf(
        await grpcDoor(stage).call(
          ManagementService.method.addCustomLockoutPolicy,
          { maxPasswordAttempts: 2, maxOtpAttempts: 2 },
          { token: stage.orgOwner },
        ),
      );
      const attemptId = await lock(door, stage);
      const { events } = messageOf(
        await door.call(
          AdminService.method.listEvents,
          {
            asc: true,
            aggregateId: stage.userId,
            resourceOwner: stage.orgId,
          },
          { token: server.adminToken },
        ),
      ) as { events: { type: { type: string }; payload?: JsonObject }[] };
      const locks = events.filter(({ type }) => type.type === "user.locked");
      expect(locks.map((event) => event.payload)).toEqual([
        attemptId === undefined ? payload : { ...payload, attemptId },
      ]);
      if (checked !== undefined) {
        expect(events.at(-2)?.payload).toEqual(checked);
      }
    });
  },
);
