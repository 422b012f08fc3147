import { Code } from "@connectrpc/connect";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import {
  AttemptService,
  LockReason,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { HookService } from "../../gen/lockout/v1/hook_service_pb.js";
import { PolicyService } from "../../gen/lockout/v1/policy_service_pb.js";
import {
  UserService,
  UserState,
} from "../../gen/lockout/v1/user_service_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { CallHeaders, Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { setStage } from "./stage.ts";

// A page token asks for the page behind another one, of the same request.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const attempts = AttemptService.method;
const users = UserService.method;
const policies = PolicyService.method;
const hooks = HookService.method;
const access = AccessService.method;

type Method = Parameters<Door["call"]>[0];

/** Each list in pages, what is asked of it, and what else could be asked with the same page token. */
const lists: readonly (readonly [Method, object, readonly object[]])[] = [
  [
    attempts.unlockUsers,
    { userIds: ["u1", "u2"], dryRun: true },
    [{ userIds: ["u1", "u3"] }, { dryRun: false }],
  ],
  [
    attempts.unlockUsers,
    { reason: LockReason.ADMINISTRATOR, dryRun: true },
    [
      { reason: LockReason.PASSWORD_ATTEMPTS },
      { reason: LockReason.UNSPECIFIED, namePrefix: "u" },
      { address: "192.0.2.0/24" },
      { since: timestampFromMs(1) },
      { userIds: ["u1"], reason: LockReason.UNSPECIFIED },
    ],
  ],
  [
    attempts.listLockedUsers,
    {},
    [{ since: timestampFromMs(1) }, { orderBy: "lock_time desc" }],
  ],
  [attempts.listUserEvents, { userId: "u1" }, [{ userId: "u2" }]],
  [users.listUsers, {}, [{ filter: "u" }, { state: UserState.LOCKED }]],
  [users.findUsers, { query: "u" }, [{ query: "u1" }]],
  [policies.listPolicyChanges, {}, []],
  [hooks.listHooks, {}, []],
  [access.listServiceAccounts, {}, []],
];

const prepare = async (door: Door, { orgOwner }: Stage) => {
  const on = { token: orgOwner };
  for (const userId of ["u1", "u2", "u3"]) {
    const state = UserState.LOCKED;
    messageOf(await door.call(users.putUser, { userId }, on));
    messageOf(await door.call(users.putUser, { userId, state }, on));
    messageOf(
      await door.call(
        access.createServiceAccount,
        { loginName: `${orgOwner.slice(-9)}-${userId}`, roles: [] },
        on,
      ),
    );
    messageOf(
      await door.call(
        hooks.createHook,
        { url: "https://hooks.example.com/", eventTypes: ["user.locked"] },
        on,
      ),
    );
  }
  const { addCustomLockoutPolicy, updateCustomLockoutPolicy } =
    ManagementService.method;
  const [one, two] = [{ maxPasswordAttempts: 1 }, { maxPasswordAttempts: 2 }];
  messageOf(await door.call(addCustomLockoutPolicy, one, on));
  messageOf(await door.call(updateCustomLockoutPolicy, two, on));
};

it.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s it is taken with the request that it was made for, and no other",
  async (doorName) => {
    const door = openDoor(server.url, doorName);
    const stage = await setStage(server);
    await prepare(door, stage);
    const on = { token: stage.orgOwner };
    const other = (await setStage(server)).orgOwner;
    const tokens: string[] = [];
    for (const [method, request, others] of lists) {
      const ask = (more: object, headers: CallHeaders = on) =>
        door.call(method, { ...request, pageSize: 1, ...more }, headers);
      const { nextPageToken: pageToken = "" } = messageOf(await ask({})) as {
        nextPageToken?: string;
      };
      expect(pageToken, method.name).not.toBe("");
      tokens.push(pageToken);
      messageOf(await ask({ pageToken }));
      messageOf(await ask({ pageToken, pageSize: 2 }));
      const refused = [
        ...others.map((more) => ask({ ...more, pageToken })),
        ask({ pageToken }, { token: other }),
        ...["x", pageToken.slice(0, 12), pageToken.slice(12)].map((wrong) =>
          ask({ pageToken: wrong }),
        ),
        ...tokens.slice(0, -1).map((wrong) => ask({ pageToken: wrong })),
      ];
      for (const answer of await Promise.all(refused)) {
        expect(answer, method.name).toMatchObject({
          code: Code.InvalidArgument,
          message: expect.stringContaining("same request") as string,
          details: [{ id: "LOCKOUTD-lst01" }],
        });
      }
    }
    expect(
      messageOf(await door.call(attempts.listLockedUsers, {}, on)),
    ).toMatchObject({ totalSize: 3 });
  },
);
