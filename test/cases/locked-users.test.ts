import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  LockReason,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { CallHeaders, Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { setStage } from "./stage.ts";

// Who is locked: what somebody at a help desk asks for.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    defaultPolicy: { maxPasswordAttempts: 1, maxOtpAttempts: 1 },
  });
});

afterAll(async () => {
  await server.close();
});

const { getLockout, listLockedUsers, reportAttempt } = AttemptService.method;

interface Listed {
  readonly users?: readonly {
    readonly userId: string;
    readonly resourceOwner: string;
    readonly lockTime: string;
    readonly aliases?: readonly string[];
    readonly lastAddress?: string;
  }[];
  readonly nextPageToken?: string;
  readonly totalSize?: number;
  readonly unknownNames?: number;
}

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "ListLockedUsers by %s",
  (doorName) => {
    let door: Door;
    beforeAll(() => {
      door = openDoor(server.url, doorName);
    });
    const list = async (input: object, headers: CallHeaders): Promise<Listed> =>
      messageOf(
        await door.call(listLockedUsers, input, headers),
      ) as unknown as Listed;
    const idsOf = ({ users = [] }: Listed) => users.map(({ userId }) => userId);

    /** Locks one by passwords, one by codes, one by hand, and a name that nobody has. */
    const lockSome = async ({ orgOwner }: Stage) => {
      const headers = { token: orgOwner };
      const put = (userId: string, aliases: string[]) =>
        door.call(UserService.method.putUser, { userId, aliases }, headers);
      const fail = (
        subject: { case: "userId" | "loginName"; value: string },
        factor: Factor,
        address: string,
      ) =>
        door.call(
          reportAttempt,
          { subject, factor, outcome: Outcome.FAILED, client: { address } },
          headers,
        );
      messageOf(await put("u1", ["Ann@X", "ann"]));
      messageOf(
        await fail(
          { case: "userId", value: "u1" },
          Factor.PASSWORD,
          "192.0.2.7",
        ),
      );
      server.advance(10);
      messageOf(await put("u2", ["bob@x"]));
      messageOf(
        await fail({ case: "loginName", value: "bob@x" }, Factor.TOTP, ""),
      );
      server.advance(10);
      messageOf(await put("u3", []));
      messageOf(
        await door.call(
          ManagementService.method.lockUser,
          { id: "u3" },
          headers,
        ),
      );
      messageOf(
        await fail(
          { case: "loginName", value: "nobody" },
          Factor.PASSWORD,
          "192.0.2.8",
        ),
      );
    };

    it("says names and addresses, how many there are, and lists by reason, name and time, either way", async () => {
      const stage = await setStage(server);
      await lockSome(stage);
      const headers = { token: await stage.token(["ORG_USER_MANAGER"]) };
      const all = await list({}, headers);
      expect(all).toMatchObject({ totalSize: 3, unknownNames: 1 });
      expect(all.users).toMatchObject([
        { userId: "u1", aliases: ["Ann@X", "ann"], lastAddress: "192.0.2.7" },
        { userId: "u2", aliases: ["bob@x"] },
        { userId: "u3" },
      ]);
      expect(all.users?.[1]).not.toHaveProperty("lastAddress");
      expect(
        messageOf(await door.call(getLockout, { userId: "u1" }, headers)),
      ).toMatchObject({
        aliases: ["Ann@X", "ann"],
        lastAddress: "192.0.2.7",
      });

      for (const orderBy of ["", "lock_time", " lock_time  asc "]) {
        expect(idsOf(await list({ orderBy }, headers))).toEqual(idsOf(all));
      }
      const newest = { orderBy: "lock_time desc" };
      const page = await list({ ...newest, pageSize: 2 }, headers);
      expect([idsOf(page), page.totalSize]).toEqual([["u3", "u2"], 3]);
      const rest = await list(
        { ...newest, pageSize: 2, pageToken: page.nextPageToken },
        headers,
      );
      expect([idsOf(rest), rest.nextPageToken ?? ""]).toEqual([["u1"], ""]);

      const byCode = { reason: LockReason.OTP_ATTEMPTS };
      expect(await list(byCode, headers)).toMatchObject({
        users: [{ userId: "u2" }],
        totalSize: 1,
      });
      expect(await list(byCode, headers)).not.toHaveProperty("unknownNames");
      for (const namePrefix of ["ANN@", "u1"]) {
        expect(await list({ namePrefix }, headers)).toMatchObject({
          users: [{ userId: "u1" }],
          ...{ totalSize: 1, unknownNames: 1 },
        });
      }
      const since = timestampFromMs(Date.parse(all.users?.[1]?.lockTime ?? ""));
      expect(await list({ since, ...newest }, headers)).toMatchObject({
        users: [{ userId: "u3" }, { userId: "u2" }],
        ...{ totalSize: 2, unknownNames: 1 },
      });
    });

    it("lists those of all organisations to whoever may read the default policy", async () => {
      const stages = [await setStage(server), await setStage(server)] as const;
      const [first] = stages;
      for (const stage of stages) {
        await lockSome(stage);
      }
      const orgs = new Set(stages.map(({ orgId }) => orgId));
      const everywhere = { allOrganizations: true, orderBy: "lock_time desc" };
      const viewer = { token: await first.token(["IAM_OWNER_VIEWER"]) };
      const found: string[] = [];
      let total = 0;
      let pageToken = "";
      do {
        const page = await list({ ...everywhere, pageToken }, viewer);
        total = page.totalSize ?? 0;
        found.push(...(page.users ?? []).map((user) => user.resourceOwner));
        pageToken = page.nextPageToken ?? "";
      } while (pageToken !== "");
      expect(found.filter((org) => orgs.has(org))).toHaveLength(6);
      expect(total).toBe(found.length);
      for (const role of ["ORG_OWNER", "IAM_USER_MANAGER"]) {
        expect(
          await door.call(listLockedUsers, everywhere, {
            token: await first.token([role]),
          }),
        ).toMatchObject({ ok: false, code: Code.PermissionDenied });
      }
    });

    it("refuses orders, reasons and names that are none, and pages of another list", async () => {
      const stage = await setStage(server);
      await lockSome(stage);
      const headers = { token: stage.orgOwner };
      const call = (input: object) =>
        door.call(listLockedUsers, input, headers);
      for (const input of [
        { orderBy: "name" },
        { orderBy: "lock_time desc, user_id" },
        { reason: 99 },
        { namePrefix: "  " },
      ]) {
        expect(await call(input)).toMatchObject({
          code: Code.InvalidArgument,
          message: expect.stringContaining("LOCKOUTD-lck05") as string,
        });
      }
      const { nextPageToken = "" } = await list({ pageSize: 1 }, headers);
      expect(
        await door.call(
          listLockedUsers,
          { pageToken: nextPageToken, orderBy: "lock_time desc" },
          headers,
        ),
      ).toMatchObject({
        code: Code.InvalidArgument,
        message: expect.stringContaining("LOCKOUTD-lst01") as string,
      });
    });
  },
);
