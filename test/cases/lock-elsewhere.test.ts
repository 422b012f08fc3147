import type { DescMessage } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import {
  UserService as LockoutUserService,
  UserState,
} from "../../gen/lockout/v1/user_service_pb.js";
import { UserService } from "../../gen/zitadel/user/v2/user_service_pb.js";
import { UserService as UserServiceBeta } from "../../gen/zitadel/user/v2beta/user_service_pb.js";
import { openDoor, openDoors } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf, refusal, refusalAnswer } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { grpcDoor, setStage } from "./stage.ts";

// v2 without the organisation's header finds a user in another organisation, and touches nobody where several have the id. Strangers learn nothing of users.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

async function put(
  stage: Stage,
  userId: string,
  state = UserState.UNSPECIFIED,
) {
  const { putUser } = LockoutUserService.method;
  const headers = { token: stage.orgOwner };
  messageOf(await grpcDoor(stage).call(putUser, { userId, state }, headers));
}

/** Ids of the stage's organisation: of users in each state, of a service account, and of nobody. */
async function subjectsOf(stage: Stage): Promise<readonly string[]> {
  const users = [
    ["active", UserState.ACTIVE],
    ["locked", UserState.LOCKED],
    ["inactive", UserState.INACTIVE],
  ] as const;
  for (const [userId, state] of users) {
    await put(stage, userId, state);
  }
  const account = messageOf(
    await grpcDoor(stage).call(
      AccessService.method.createServiceAccount,
      { loginName: `of-${stage.orgId}`, roles: ["ORG_OWNER_VIEWER"] },
      { token: stage.orgOwner },
    ),
  ) as { userId: string };
  return [...users.map(([userId]) => userId), account.userId, "nobody"];
}

async function stateOf({ orgId, ...stage }: Stage, userId: string) {
  const { getUser } = LockoutUserService.method;
  const headers = { token: server.adminToken, orgId };
  const answer = await grpcDoor({ orgId, ...stage }).call(
    getUser,
    { userId },
    headers,
  );
  return messageOf(answer);
}

const services = [
  ["v2", UserService],
  ["v2beta", UserServiceBeta],
] as const;
const doorNames = openDoors("http://localhost").map(({ name }) => name);

it.each(
  services.flatMap(([name, { method }]) =>
    doorNames.map((door) => [name, door, method] as const),
  ),
)("%s by %s", async (_name, doorName, method) => {
  const door = openDoor(server.url, doorName);
  const [caller, one, other] = [
    await setStage(server),
    await setStage(server),
    await setStage(server),
  ];
  const { userId } = one;
  const token = await caller.token(["IAM_USER_MANAGER"]);
  const call = (name: "lockUser" | "unlockUser", orgId?: string) =>
    door.call<DescMessage, DescMessage>(
      method[name],
      { userId },
      { token, ...(orgId !== undefined && { orgId }) },
    );
  const details = { resourceOwner: one.orgId };

  await put(one, userId);
  const locked = messageOf(await call("lockUser"));
  expect(locked).toMatchObject({ details });
  expect(await stateOf(one, userId)).toMatchObject({
    state: "USER_STATE_LOCKED",
  });
  // A header that is there and empty is as none.
  expect(messageOf(await call("unlockUser", ""))).toMatchObject({ details });

  await put(other, userId);
  const before = [await stateOf(one, userId), await stateOf(other, userId)];
  expect(await call("lockUser")).toMatchObject({
    ok: false,
    message: expect.stringContaining("x-zitadel-orgid") as string,
    details: [{ id: "LOCKOUTD-usr06" }],
  });
  expect([await stateOf(one, userId), await stateOf(other, userId)]).toEqual(
    before,
  );
  expect(messageOf(await call("lockUser", one.orgId))).toMatchObject({
    details,
  });
  expect(await stateOf(other, userId)).toEqual(before[1]);
  expect(messageOf(await call("unlockUser", one.orgId))).toMatchObject({
    details,
  });
});

it.each(services)(
  "%s tells nobody who may not read an organisation's users which there are, and in which state",
  async (_name, { method }) => {
    const [stage, elsewhere] = [await setStage(server), await setStage(server)];
    const { orgId } = stage;
    const manager = await stage.token(["ORG_SETTINGS_MANAGER"]);
    const denied = refusal.denied(
      "AUTH-5mWD2",
      "No matching permissions found",
    );
    const callers = [
      [
        { token: elsewhere.orgOwner, orgId },
        refusal.notFound("AUTHZ-cdgFk", "membership not found"),
      ],
      [{ token: manager, orgId }, denied],
      [{ token: manager }, denied],
    ] as const;
    const methods = [
      ...[method.lockUser, method.unlockUser],
      ...[method.deactivateUser, method.reactivateUser],
    ];
    const subjects = await subjectsOf(stage);
    for (const [headers, refused] of callers) {
      for (const change of methods) {
        for (const userId of subjects) {
          const answer = await grpcDoor(stage).call<DescMessage, DescMessage>(
            change,
            { userId },
            headers,
          );
          expect(answer, `${change.name} ${userId}`).toEqual(
            refusalAnswer(refused, "gRPC"),
          );
        }
      }
    }
  },
);
