import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { AuthService } from "../../gen/zitadel/auth_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { TextQueryMethod } from "../../gen/zitadel/object_pb.js";
import { Type, UserFieldName, UserState } from "../../gen/zitadel/user_pb.js";
import { UserService as UserServiceV2 } from "../../gen/zitadel/user/v2/user_service_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { CallHeaders, Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { refused } from "./refused.ts";
import { setStage } from "./stage.ts";

// ZITADEL's look-ups of users and of the caller, by every protocol.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const management = ManagementService.method;
const auth = AuthService.method;
let stages = 0;

interface User {
  readonly id?: string;
  readonly userId?: string;
  readonly human?: object;
  readonly machine?: { readonly name?: string };
}

interface UserList {
  readonly details: { readonly totalResult?: string };
  readonly result?: readonly User[];
}

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    let door: Door;
    let stage: Stage;
    let name: string;
    let accountId: string;
    const root = () => ({ token: server.adminToken });
    const owner = () => ({ token: stage.orgOwner });
    const put = (userId: string, aliases: string[], headers: CallHeaders) =>
      door.call(UserService.method.putUser, { userId, aliases }, headers);
    beforeAll(async () => {
      door = openDoor(server.url, doorName);
      stage = await setStage(server);
      stages += 1;
      name = `person${stages}`;
      await put(`${name}-1`, [`${name}@A.example`, `${name}.a`], owner());
      await put(`${name}-2`, [`${name}@b.example`], owner());
      const made = await door.call(
        AccessService.method.createServiceAccount,
        {
          ...{ loginName: `${name}-bot`, name: "Bot" },
          roles: ["ORG_OWNER_VIEWER"],
        },
        owner(),
      );
      ({ userId: accountId } = messageOf(made) as { userId: string });
    });
    const listed = async (call: ReturnType<Door["call"]>) => {
      const { details, result = [] } = messageOf(
        await call,
      ) as unknown as UserList;
      return {
        total: Number(details.totalResult ?? 0),
        ids: result.map(({ id, userId }) => id ?? userId),
      };
    };
    const ask = <Choice extends string, Value extends object>(
      choice: Choice,
      value: Value,
    ) => ({ query: { case: choice, value } });
    const both = async (queries: object[], headers: CallHeaders = owner()) => {
      const [one, two] = await Promise.all([
        listed(door.call(management.listUsers, { queries }, headers)),
        listed(door.call(UserServiceV2.method.listUsers, { queries }, headers)),
      ]);
      expect(one).toEqual(two);
      return one;
    };

    it("users are human without a profile, and service accounts machines", async () => {
      expect(
        messageOf(
          await door.call(management.getUserByID, { id: `${name}-1` }, owner()),
        ),
      ).toMatchObject({
        user: {
          ...{ id: `${name}-1`, userName: `${name}@A.example`, human: {} },
          loginNames: [`${name}@A.example`, `${name}.a`],
        },
      });
      expect(
        messageOf(
          await door.call(
            UserServiceV2.method.getUserByID,
            { userId: accountId },
            owner(),
          ),
        ),
      ).toMatchObject({
        user: {
          ...{ userId: accountId, username: `${name}-bot` },
          machine: { name: "Bot" },
        },
      });
    });

    it("lists have accounts and users, and how many there are", async () => {
      const all = [accountId, `${name}-1`, `${name}-2`];
      expect(await both([])).toEqual({ total: 3, ids: all });
      const part = await listed(
        door.call(
          management.listUsers,
          { query: { offset: 1n, limit: 1 } },
          owner(),
        ),
      );
      expect(part).toEqual({ total: 3, ids: [`${name}-1`] });
      const sorted = await listed(
        door.call(
          management.listUsers,
          { sortingColumn: UserFieldName.USER_NAME, query: { limit: 2 } },
          owner(),
        ),
      );
      expect(sorted).toEqual({
        ...{ total: 3, ids: [`${name}-2`, `${name}-1`] },
      });
      await refused(
        door.call(management.listUsers, { query: { limit: 1001 } }, owner()),
        ...([Code.InvalidArgument, "LOCKOUTD-qry01"] as const),
      );
    });

    it("queries ask by id, login name, state and type, all at once", async () => {
      const { EQUALS, EQUALS_IGNORE_CASE, STARTS_WITH, CONTAINS_IGNORE_CASE } =
        TextQueryMethod;
      const first = [`${name}-1`];
      const login = (loginName: string, method: TextQueryMethod) =>
        both([ask("loginNameQuery", { loginName, method })]);
      expect(await login(`${name}.a`, EQUALS)).toEqual({
        total: 1,
        ids: first,
      });
      expect(await login(`${name}.A`, EQUALS)).toMatchObject({ total: 0 });
      expect(await login(`${name}.A`, EQUALS_IGNORE_CASE)).toMatchObject({
        ids: first,
      });
      expect(await login(`${name}-bot`, EQUALS)).toMatchObject({
        ids: [accountId],
      });
      expect(await login(name, STARTS_WITH)).toMatchObject({ total: 3 });
      expect(await login("@A.EX", CONTAINS_IGNORE_CASE)).toMatchObject({
        ids: first,
      });
      expect(
        await both([
          ask("userNameQuery", { userName: `${name}.a`, method: EQUALS }),
        ]),
      ).toMatchObject({ total: 0 });
      const userIds = [`${name}-2`, accountId, "nobody", `${name}-2`];
      expect(await both([ask("inUserIdsQuery", { userIds })])).toEqual({
        ...{ total: 2, ids: [`${name}-2`, accountId] },
      });
      expect(
        await both([
          ask("inUserIdsQuery", { userIds }),
          ask("typeQuery", { type: Type.MACHINE }),
        ]),
      ).toEqual({ total: 1, ids: [accountId] });
      await door.call(management.lockUser, { id: `${name}-2` }, owner());
      expect(
        await both([ask("stateQuery", { state: UserState.LOCKED })]),
      ).toEqual({ total: 1, ids: [`${name}-2`] });
      await door.call(management.unlockUser, { id: `${name}-2` }, owner());
      await refused(
        door.call(management.listUsers, { queries: [{}] }, owner()),
        ...([Code.InvalidArgument, "LOCKOUTD-qry03"] as const),
      );
    });

    it("a caller finds the users of organisations where he may read them, and no others", async () => {
      const other = await setStage(server);
      const stranger = { token: other.orgOwner };
      const query = ask("inUserIdsQuery", {
        userIds: [`${name}-1`, accountId],
      });
      const list = (headers: CallHeaders) =>
        listed(
          door.call(
            UserServiceV2.method.listUsers,
            { queries: [query] },
            headers,
          ),
        );
      expect(await list(root())).toMatchObject({ total: 2 });
      expect(await list(stranger)).toEqual({ total: 0, ids: [] });
      expect(await list({ ...stranger, orgId: stage.orgId })).toMatchObject({
        total: 0,
      });
      expect(await list({ ...root(), orgId: other.orgId })).toMatchObject({
        total: 0,
      });
      const ofOrg = ask("organizationIdQuery", { organizationId: stage.orgId });
      const inOrg = (headers: CallHeaders) =>
        listed(
          door.call(
            UserServiceV2.method.listUsers,
            { queries: [ofOrg] },
            headers,
          ),
        );
      expect(await inOrg(root())).toMatchObject({ total: 3 });
      expect(await inOrg(stranger)).toMatchObject({ total: 0 });
      const settings = {
        token: await stage.token(["ORG_SETTINGS_MANAGER"]),
      };
      expect(await list(settings)).toEqual({ total: 0, ids: [] });

      const named = (loginName: string, headers: CallHeaders) =>
        door.call(management.getUserByLoginNameGlobal, { loginName }, headers);
      for (const loginName of [`${name}.A`, `${name}-BOT`]) {
        for (const headers of [owner(), root()]) {
          expect(await named(loginName, headers)).toMatchObject({ ok: true });
        }
        await refused(
          named(loginName, stranger),
          ...([Code.NotFound, "LOCKOUTD-usr02"] as const),
        );
      }
      await refused(
        named("", root()),
        ...([Code.NotFound, "LOCKOUTD-usr02"] as const),
      );
      await put("twin", [`${name}.a`], stranger);
      await refused(
        named(`${name}.a`, root()),
        ...([Code.FailedPrecondition, "LOCKOUTD-qry05"] as const),
      );
      expect(messageOf(await named(`${name}.a`, stranger))).toMatchObject({
        user: { id: "twin" },
      });
    });

    it("a token without an account is a machine with its id and name", async () => {
      const me = messageOf(await door.call(auth.getMyUser, {}, owner())) as {
        user: { id: string };
      };
      expect(me).toMatchObject({
        user: {
          ...{ state: "USER_STATE_ACTIVE", machine: {} },
          details: { sequence: "1", resourceOwner: stage.orgId },
        },
      });
      expect(me.user.id).toMatch(/^\d{18}$/);
    });

    it("a caller sees its permissions, and where its roles hold", async () => {
      const token = await stage.token(["IAM_USER_MANAGER", "ORG_OWNER_VIEWER"]);
      const permissions = async (orgId?: string) =>
        messageOf(
          await door.call(auth.listMyZitadelPermissions, {}, { token, orgId }),
        );
      expect(await permissions()).toEqual({
        result: [
          ...["policy.read", "user.read", "user.write", "org.read"],
          ...["org.global.read", "user.delete", "user.global.read"],
        ],
      });
      expect(await permissions(server.firstOrgId)).toEqual({
        result: [
          ...["user.read", "user.write", "org.read", "org.global.read"],
          ...["user.delete", "user.global.read"],
        ],
      });
      const memberships = async (...queries: object[]) => {
        const { details, result = [] } = messageOf(
          await door.call(auth.listMyMemberships, { queries }, { token }),
        ) as unknown as {
          details: { totalResult?: string };
          result?: readonly {
            roles: string[];
            orgId?: string;
            iam?: boolean;
          }[];
        };
        expect(Number(details.totalResult ?? 0)).toBe(result.length);
        return result.map(({ roles, orgId, iam }) => ({ roles, orgId, iam }));
      };
      const everywhere = {
        ...{ roles: ["IAM_USER_MANAGER"], orgId: undefined, iam: true },
      };
      const here = {
        ...{ roles: ["ORG_OWNER_VIEWER"], orgId: stage.orgId, iam: undefined },
      };
      expect(await memberships()).toEqual([everywhere, here]);
      expect(await memberships(ask("iamQuery", { iam: true }))).toEqual([
        everywhere,
      ]);
      expect(
        await memberships(ask("orgQuery", { orgId: stage.orgId })),
      ).toEqual([here]);
      expect(
        await memberships(ask("projectQuery", { projectId: "1" })),
      ).toEqual([]);
      await refused(
        door.call(auth.listMyMemberships, { queries: [{}] }, { token }),
        ...([Code.InvalidArgument, "LOCKOUTD-qry03"] as const),
      );
    });
  },
);

it("a service account sees itself", async () => {
  const door = openDoor(server.url, "gRPC");
  const admin = { token: server.adminToken };
  const { userId } = messageOf(
    await door.call(
      AccessService.method.createServiceAccount,
      { loginName: "sees-itself", name: "Mirror" },
      admin,
    ),
  ) as { userId: string };
  const secret = messageOf(
    await door.call(AccessService.method.setSecret, { userId }, admin),
  ) as { clientId: string; clientSecret: string };
  const signedIn = await fetch(`${server.url}/oauth/v2/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: secret.clientId,
      client_secret: secret.clientSecret,
    }),
  });
  const { access_token: token } = (await signedIn.json()) as {
    readonly access_token: string;
  };
  expect(
    messageOf(await door.call(auth.getMyUser, {}, { token })),
  ).toMatchObject({
    user: {
      ...{ id: userId, userName: "sees-itself", state: "USER_STATE_ACTIVE" },
      machine: { name: "Mirror", hasSecret: true },
    },
  });
});
