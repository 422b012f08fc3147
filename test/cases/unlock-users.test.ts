import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  LockReason,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import type { UnlockUsersRequestSchema } from "../../gen/lockout/v1/attempt_service_pb.js";
import {
  UserService,
  UserState,
} from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { grpcDoor, setStage } from "./stage.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const { listLockedUsers, reportAttempt, unlockUsers } = AttemptService.method;

type Request = MessageInitShape<typeof UnlockUsersRequestSchema>;

interface Unlocked {
  readonly users?: readonly {
    readonly userId: string;
    readonly locked: true;
  }[];
  readonly nextPageToken?: string;
  readonly unlocked?: number;
  readonly totalSize?: number;
}

/** What is done in an organisation whose users lock at the first failure. */
async function houseOf(door: Door, stage: Stage) {
  const headers = { token: stage.orgOwner };
  const prepare = grpcDoor(stage);
  await prepare.call(
    ManagementService.method.addCustomLockoutPolicy,
    { maxPasswordAttempts: 1, maxOtpAttempts: 1 },
    headers,
  );
  return {
    put: async (userId: string, state: UserState, aliases: string[] = []) =>
      messageOf(
        await prepare.call(
          UserService.method.putUser,
          { userId, state, aliases },
          headers,
        ),
      ),
    fail: async (userId: string, address = "", factor = Factor.PASSWORD) =>
      messageOf(
        await prepare.call(
          reportAttempt,
          {
            subject: { case: "userId", value: userId },
            ...{ factor, client: { address }, outcome: Outcome.FAILED },
          },
          headers,
        ),
      ),
    unlock: async (request: Request) =>
      messageOf(await door.call(unlockUsers, request, headers)) as Unlocked,
    locked: async () => {
      const { users = [] } = messageOf(
        await prepare.call(listLockedUsers, {}, headers),
      ) as Unlocked;
      return users.map(({ userId }) => userId);
    },
  };
}

const idsOf = ({ users = [] }: Unlocked) => users.map(({ userId }) => userId);

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    const doorOf = () => openDoor(server.url, doorName);

    it("users of some ids: who is locked, once each, whoever locked them", async () => {
      const house = await houseOf(doorOf(), await setStage(server));
      await house.put("admin", UserState.LOCKED);
      await house.put("free", UserState.ACTIVE);
      await house.fail("failed");
      const userIds = ["failed", "nobody", "free", "admin", "failed"];
      const dry = await house.unlock({ userIds, dryRun: true });
      expect(dry).toMatchObject({
        users: [{ userId: "failed", locked: true }, { userId: "admin" }],
        totalSize: 4,
      });
      expect(dry).not.toHaveProperty("unlocked");
      expect(await house.locked()).toHaveLength(2);

      const first = await house.unlock({ userIds, pageSize: 2 });
      expect(idsOf(first)).toEqual(["failed"]);
      expect(first).toMatchObject({ unlocked: 1, totalSize: 4 });
      const { nextPageToken = "" } = first;
      const second = await house.unlock({
        ...{ userIds, pageSize: 2, pageToken: nextPageToken },
      });
      expect(idsOf(second)).toEqual(["admin"]);
      expect(second).not.toHaveProperty("nextPageToken");
      expect(await house.locked()).toEqual([]);
      expect(await house.unlock({ userIds })).toEqual({ totalSize: 4 });
    });

    it("users who fit, but for whom an administrator locked", async () => {
      const stage = await setStage(server);
      const house = await houseOf(doorOf(), stage);
      await house.put("emp-admin", UserState.LOCKED);
      await house.put("ann", UserState.ACTIVE, ["Emp-Ann"]);
      await house.fail("ann", "203.0.113.7");
      await house.fail("emp-bob", "::ffff:203.0.113.8");
      await house.fail("emp-totp", "203.0.113.9", Factor.TOTP);
      await house.fail("emp-far", "198.51.100.1");
      await house.fail("other", "203.0.113.7");
      const network: Request = {
        ...{ address: "203.0.113.0/24", namePrefix: "EMP-" },
        since: timestampFromMs(server.now() - 3_600_000),
        ...{ note: "the proxy was down", ticket: "I-9" },
      };
      const dry = await house.unlock({ ...network, dryRun: true });
      expect(idsOf(dry)).toEqual(["ann"]);
      expect(dry).toMatchObject({ totalSize: 1 });
      // Ids are compared as they are, aliases as they are folded.
      expect(
        idsOf(await house.unlock({ ...network, namePrefix: "emp-" })).sort(),
      ).toEqual(["ann", "emp-bob", "emp-totp"]);
      expect(
        idsOf(
          await house.unlock({ reason: LockReason.PASSWORD_ATTEMPTS }),
        ).sort(),
      ).toEqual(["emp-far", "other"]);
      expect(await house.locked()).toEqual(["emp-admin"]);
      expect(
        idsOf(await house.unlock({ reason: LockReason.ADMINISTRATOR })),
      ).toEqual(["emp-admin"]);
      const { events } = messageOf(
        await grpcDoor(stage).call(
          AdminService.method.listEvents,
          {
            resourceOwner: stage.orgId,
            eventTypes: ["user.unlocked"],
            asc: true,
          },
          { token: server.adminToken },
        ),
      ) as { events: { payload?: object }[] };
      expect(events.map(({ payload }) => payload)).toEqual([
        ...Array.from({ length: 3 }, () => ({
          note: "the proxy was down",
          ticket: "I-9",
        })),
        ...[{}, {}, {}].map(() => events[3]?.payload),
      ]);
    });

    it("page by page, and the rest when it is asked again", async () => {
      const house = await houseOf(doorOf(), await setStage(server));
      for (let index = 0; index < 5; index += 1) {
        await house.fail(`user ${index}`);
      }
      const since = timestampFromMs(0);
      const first = await house.unlock({ since, pageSize: 2 });
      expect(first).toMatchObject({ unlocked: 2, totalSize: 5 });
      // It was broken off, and begins anew.
      const again = await house.unlock({ since, pageSize: 2 });
      expect(again).toMatchObject({ unlocked: 2, totalSize: 3 });
      const { nextPageToken: pageToken = "" } = again;
      const last = await house.unlock({ since, pageSize: 2, pageToken });
      expect(last).toMatchObject({ unlocked: 1, totalSize: 3 });
      expect(last).not.toHaveProperty("nextPageToken");
      expect(
        new Set([first, again, last].flatMap((page) => idsOf(page))).size,
      ).toBe(5);
      expect(await house.locked()).toEqual([]);
      expect(await house.unlock({ since })).toEqual({});
    });
  },
);

it("many users are unlocked in turns with others", async () => {
  const stage = await setStage(server);
  const door = grpcDoor(stage);
  const house = await houseOf(door, stage);
  const userIds = Array.from(
    { length: 600 },
    (_value, index) => `user ${index}`,
  );
  await Promise.all(
    userIds.map((userId) => house.put(userId, UserState.LOCKED)),
  );
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns += 1;
    if (!isDone) {
      setImmediate(count);
    }
  };
  count();
  const pages = [await house.unlock({ userIds })];
  const { nextPageToken: pageToken = "" } = pages[0] ?? {};
  pages.push(await house.unlock({ userIds, pageToken }));
  isDone = true;
  expect(pages.map(({ unlocked }) => unlocked)).toEqual([500, 100]);
  expect(turns).toBeGreaterThan(12);
  expect(await house.locked()).toEqual([]);
});
