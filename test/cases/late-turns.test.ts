import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import {
  UserService,
  UserState,
} from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { grpcDoor, setStage } from "./stage.ts";

// Calls that change something late, since they wait for others or do much: what their caller may no longer do then, they do no more.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const access = AccessService.method;
const management = ManagementService.method;
const tokenInvalid = {
  ok: false,
  code: Code.Unauthenticated,
  details: [{ id: "AUTH-7fs1e" }],
};

/** A service account of the stage that may do everything there, with a personal access token. */
async function addAccount(stage: Stage, loginName: string) {
  const owner = { token: stage.orgOwner };
  const door = grpcDoor(stage);
  const roles = ["ORG_OWNER"];
  const { userId } = messageOf(
    await door.call(access.createServiceAccount, { loginName, roles }, owner),
  ) as { userId: string };
  const { token } = messageOf(
    await door.call(management.addPersonalAccessToken, { userId }, owner),
  ) as { token: string };
  return { userId, token };
}

/** The types of the organisation's events after the last one of a type, the newest first. */
async function eventsAfter({ orgId, ...stage }: Stage, type: string) {
  const { events } = messageOf(
    await grpcDoor({ orgId, ...stage }).call(
      AdminService.method.listEvents,
      { resourceOwner: orgId, limit: 1000 },
      { token: server.adminToken },
    ),
  ) as unknown as { events: readonly { type: { type: string } }[] };
  const types = events.map((event) => event.type.type);
  expect(types).toContain(type);
  return types.slice(0, types.indexOf(type));
}

it("no key is begun for a caller who was locked while others were made", async () => {
  const stage = await setStage(server);
  const door = grpcDoor(stage);
  const owner = { token: stage.orgOwner };
  const thief = await addAccount(stage, "thief");
  const accounts = [
    await addAccount(stage, "one"),
    await addAccount(stage, "two"),
  ];
  const asked = accounts.flatMap(({ userId }) =>
    Array.from({ length: 8 }, async () =>
      door.call(access.addKey, { userId }, { token: thief.token }),
    ),
  );
  await Promise.race(asked);
  messageOf(await door.call(management.lockUser, { id: thief.userId }, owner));

  const answers = await Promise.all(asked);
  for (const answer of answers.filter(({ ok }) => !ok)) {
    expect(answer).toMatchObject(tokenInvalid);
  }
  // One was under way.
  expect((await eventsAfter(stage, "user.locked")).length).toBeLessThanOrEqual(
    1,
  );
});

it("nobody more is unlocked for a caller whose token was revoked meanwhile", async () => {
  const stage = await setStage(server);
  const door = grpcDoor(stage);
  const owner = { token: stage.orgOwner };
  const admin = { token: server.adminToken, orgId: stage.orgId };
  const caller = messageOf(
    await door.call(
      access.createToken,
      { organizationId: stage.orgId, roles: ["ORG_USER_MANAGER"] },
      admin,
    ),
  ) as { secret: string; token: { tokenId: string } };
  const userIds = Array.from({ length: 500 }, (_, index) => `user-${index}`);
  await Promise.all(
    userIds.map(async (userId) =>
      door.call(
        UserService.method.putUser,
        { userId, state: UserState.LOCKED },
        owner,
      ),
    ),
  );

  const unlocking = door.call(
    AttemptService.method.unlockUsers,
    { userIds },
    { token: caller.secret },
  );
  const { tokenId } = caller.token;
  messageOf(await door.call(access.revokeToken, { tokenId }, admin));
  const answer = await unlocking;
  if (!answer.ok) {
    expect(answer).toMatchObject(tokenInvalid);
  }
  // Some were under way.
  expect(
    (await eventsAfter(stage, "user.pat.removed")).length,
  ).toBeLessThanOrEqual(100);
});
