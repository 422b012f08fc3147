import type { DescMessage } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, it } from "vitest";
import { UserService as LockoutUserService } from "../../gen/lockout/v1/user_service_pb.js";
import { UserService } from "../../gen/zitadel/user/v2/user_service_pb.js";
import { UserService as UserServiceBeta } from "../../gen/zitadel/user/v2beta/user_service_pb.js";
import { openDoor, openDoors } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { grpcDoor, setStage } from "./stage.ts";

// v2 without the organisation's header finds a user in another organisation, and touches nobody where several have the id.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

async function put(stage: Stage, userId: string) {
  const { putUser } = LockoutUserService.method;
  const headers = { token: stage.orgOwner };
  messageOf(await grpcDoor(stage).call(putUser, { userId }, headers));
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
