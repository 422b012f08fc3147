import { generateKeyPairSync } from "node:crypto";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { UserService as ZitadelUsers } from "../../gen/zitadel/user/v2/user_service_pb.js";
import { AccessTokenType } from "../../gen/zitadel/user_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { CallHeaders, Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { refused } from "./refused.ts";
import { setStage } from "./stage.ts";

// Service accounts and their roles by ZITADEL's calls, by every protocol: the rules are those of AccessService.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const admin = AdminService.method;
const management = ManagementService.method;
let names = 0;

interface Details {
  readonly details: {
    readonly sequence: string;
    readonly resourceOwner: string;
    readonly creationDate?: string;
    readonly changeDate?: string;
  };
}

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    let door: Door;
    let stage: Stage;
    beforeAll(async () => {
      door = openDoor(server.url, doorName);
      stage = await setStage(server);
    });
    const root = () => ({ token: server.adminToken });
    const owner = () => ({ token: stage.orgOwner });
    const add = async (headers: CallHeaders = owner()) => {
      names += 1;
      const userName = `machine-${names}`;
      const { userId } = messageOf(
        await door.call(
          management.addMachineUser,
          { userName, name: "Machine" },
          headers,
        ),
      ) as { userId: string };
      return { userId, userName };
    };
    const read = async (call: ReturnType<Door["call"]>) =>
      messageOf(await call) as unknown as Details &
        Readonly<Record<string, string>>;
    const signIn = async (clientId: string, clientSecret: string) => {
      const response = await fetch(`${server.url}/oauth/v2/token`, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "client_credentials",
          client_id: clientId,
          client_secret: clientSecret,
        }),
      });
      return response.status;
    };

    it("a machine is created, found and removed, and so is a user", async () => {
      names += 1;
      const userName = `machine-${names}`;
      const made = await read(
        door.call(
          management.addMachineUser,
          { userName, name: "Machine", description: "of the help desk" },
          owner(),
        ),
      );
      expect(made.details).toMatchObject({
        ...{ sequence: "1", resourceOwner: stage.orgId },
        creationDate: expect.any(String) as string,
      });
      expect(made.details).not.toHaveProperty("changeDate");
      const id = made["userId"] ?? "";
      await refused(
        door.call(management.addMachineUser, { userName }, owner()),
        ...([Code.AlreadyExists, "LOCKOUTD-acc03"] as const),
      );
      expect(
        messageOf(await door.call(management.getUserByID, { id }, owner())),
      ).toMatchObject({
        user: {
          userName,
          machine: { name: "Machine", description: "of the help desk" },
        },
      });
      const removed = await read(
        door.call(management.removeUser, { id }, owner()),
      );
      expect(removed.details).toMatchObject({ sequence: "2" });
      await refused(
        door.call(management.removeUser, { id }, owner()),
        ...([Code.NotFound, "LOCKOUTD-usr02"] as const),
      );
      await door.call(
        UserService.method.putUser,
        { userId: "person" },
        owner(),
      );
      const gone = await read(
        door.call(management.removeUser, { id: "person" }, owner()),
      );
      expect(gone.details).toMatchObject({ resourceOwner: stage.orgId });
      await refused(
        door.call(management.getUserByID, { id: "person" }, owner()),
        ...([Code.NotFound, "LOCKOUTD-usr02"] as const),
      );
    });

    it("calls that come together each say which event they wrote", async () => {
      const { userId } = await add();
      const target = { userId };
      const roles = ["ORG_OWNER_VIEWER"];
      const calls = await Promise.all([
        ...[1, 2, 3].map(() =>
          read(door.call(management.addPersonalAccessToken, target, owner())),
        ),
        read(door.call(management.generateMachineSecret, target, owner())),
        read(door.call(management.addOrgMember, { userId, roles }, owner())),
        read(door.call(management.lockUser, { id: userId }, owner())),
        read(door.call(management.generateMachineSecret, target, owner())),
      ]);
      const ends = await Promise.all([
        ...calls
          .slice(0, 3)
          .map(({ tokenId = "" }) =>
            read(
              door.call(
                management.removePersonalAccessToken,
                { userId, tokenId },
                owner(),
              ),
            ),
          ),
        read(door.call(management.unlockUser, { id: userId }, owner())),
        read(door.call(management.removeMachineSecret, target, owner())),
        read(door.call(management.removeOrgMember, target, owner())),
      ]);
      const sequences = (made: readonly Details[]) =>
        made
          .map(({ details }) => Number(details.sequence))
          .sort((a, b) => a - b);
      expect(sequences(calls)).toEqual([2, 3, 4, 5, 6, 7, 8]);
      expect(sequences(ends)).toEqual([9, 10, 11, 12, 13, 14]);
    });

    it("a lock by v2 asks for existence, state and permission in this order, as of a user", async () => {
      const { userId } = await add();
      const users = ZitadelUsers.method;
      const viewer = { token: await stage.token(["ORG_OWNER_VIEWER"]) };
      const stranger = { token: (await setStage(server)).orgOwner };
      const lock = (headers: CallHeaders) =>
        door.call(users.lockUser, { userId }, headers);
      const unlock = (headers: CallHeaders) =>
        door.call(users.unlockUser, { userId }, headers);
      const denied = [Code.PermissionDenied, "AUTH-5mWD2"] as const;

      await refused(lock(stranger), Code.NotFound, "COMMAND-450yxuqrh1");
      await refused(lock(viewer), ...denied);
      await refused(
        ...([unlock(viewer), Code.FailedPrecondition] as const),
        "COMMAND-olb9vb0oca",
      );
      messageOf(await lock(owner()));
      await refused(
        ...([lock(viewer), Code.FailedPrecondition] as const),
        "COMMAND-lgws8wtsqf",
      );
      await refused(unlock(viewer), ...denied);
      await refused(unlock(stranger), Code.NotFound, "COMMAND-x377t913pw");
      // By v1 an account of another organisation than the call's is none.
      await refused(
        door.call(management.unlockUser, { id: userId }, root()),
        ...([Code.NotFound, "COMMAND-M0dos"] as const),
      );
      messageOf(await unlock(root()));
    });

    it("what would not be kept is refused", async () => {
      for (const more of [
        { userId: "300000000000000001" },
        { accessTokenType: AccessTokenType.JWT },
      ]) {
        await refused(
          door.call(
            management.addMachineUser,
            { userName: "not-made", ...more },
            owner(),
          ),
          ...([Code.InvalidArgument, "LOCKOUTD-acc12"] as const),
        );
      }
      await refused(
        door.call(management.addMachineUser, { userName: "a b" }, owner()),
        ...([Code.InvalidArgument, "LOCKOUTD-acc02"] as const),
      );
    });

    it("a key is made, or taken, listed and removed", async () => {
      const { userId } = await add();
      const made = await read(
        door.call(management.addMachineKey, { userId }, owner()),
      );
      const file = JSON.parse(
        Buffer.from(made["keyDetails"] ?? "", "base64").toString(),
      ) as Readonly<Record<string, string>>;
      expect(file).toEqual({
        ...{ type: "serviceaccount", keyId: made["keyId"], userId },
        key: expect.stringMatching(
          /^-----BEGIN RSA PRIVATE KEY-----/,
        ) as string,
      });
      const { publicKey } = generateKeyPairSync("ed25519");
      const expirationDate = timestampFromMs(server.now() + 60_000);
      const given = await read(
        door.call(
          management.addMachineKey,
          {
            ...{ userId, expirationDate },
            publicKey: Buffer.from(
              publicKey.export({ type: "spki", format: "pem" }),
            ),
          },
          owner(),
        ),
      );
      expect(given).not.toHaveProperty("keyDetails");
      const keyIds = [made["keyId"] ?? "", given["keyId"] ?? ""];
      const list = async () =>
        messageOf(
          await door.call(management.listMachineKeys, { userId }, owner()),
        );
      expect(await list()).toMatchObject({
        details: { totalResult: "2" },
        result: [
          { id: keyIds[0], type: "KEY_TYPE_JSON" },
          { id: keyIds[1], expirationDate: expect.any(String) as string },
        ],
      });
      const [first = "", second = ""] = keyIds;
      expect(
        messageOf(
          await door.call(
            management.getMachineKeyByIDs,
            { userId, keyId: second },
            owner(),
          ),
        ),
      ).toMatchObject({ key: { id: second } });
      await door.call(
        management.removeMachineKey,
        { userId, keyId: first },
        owner(),
      );
      expect(await list()).toMatchObject({ details: { totalResult: "1" } });
      const gone = { userId, keyId: first };
      for (const call of [
        door.call(management.removeMachineKey, gone, owner()),
        door.call(management.getMachineKeyByIDs, gone, owner()),
      ]) {
        await refused(call, Code.NotFound, "LOCKOUTD-acc09");
      }
    });

    it("a secret signs in until it is removed", async () => {
      const { userId, userName } = await add();
      const made = await read(
        door.call(management.generateMachineSecret, { userId }, owner()),
      );
      expect(made).toMatchObject({
        clientId: userName,
        details: { sequence: "2", resourceOwner: stage.orgId },
      });
      const secret = made["clientSecret"] ?? "";
      expect(await signIn(userName, secret)).toBe(200);
      await door.call(management.removeMachineSecret, { userId }, owner());
      expect(await signIn(userName, secret)).toBe(401);
      await refused(
        door.call(management.removeMachineSecret, { userId }, owner()),
        ...([Code.FailedPrecondition, "LOCKOUTD-acc10"] as const),
      );
    });

    it("roles of the organisation and of the instance are given, replaced and taken apart", async () => {
      const { userId } = await add();
      const rolesBy = async (
        call: typeof admin.listIAMMembers | typeof management.listOrgMembers,
        headers: CallHeaders,
      ) => {
        const answer = messageOf(
          await door.call(
            call as typeof admin.listIAMMembers,
            {
              queries: [{ query: { case: "userIdQuery", value: { userId } } }],
            },
            headers,
          ),
        ) as unknown as { result?: readonly { roles: string[] }[] };
        return answer.result?.map(({ roles }) => roles) ?? [];
      };
      const inOrg = { ...root(), orgId: stage.orgId };
      const ofOrg = () => rolesBy(management.listOrgMembers, owner());
      const ofInstance = () => rolesBy(admin.listIAMMembers, root());
      const added = await read(
        door.call(
          management.addOrgMember,
          { userId, roles: ["ORG_USER_MANAGER", "ORG_USER_MANAGER"] },
          owner(),
        ),
      );
      expect(added.details).toMatchObject({ sequence: "2" });
      await door.call(
        admin.addIAMMember,
        { userId, roles: ["IAM_LOGIN_CLIENT"] },
        root(),
      );
      expect([await ofOrg(), await ofInstance()]).toEqual([
        ...[[["ORG_USER_MANAGER"]], [["IAM_LOGIN_CLIENT"]]],
      ]);
      await refused(
        door.call(
          management.addOrgMember,
          { userId, roles: ["ORG_OWNER_VIEWER"] },
          inOrg,
        ),
        ...([Code.AlreadyExists, "LOCKOUTD-acc14"] as const),
      );
      const update = (roles: string[]) =>
        door.call(management.updateOrgMember, { userId, roles }, inOrg);
      await update(["ORG_OWNER_VIEWER"]);
      expect([await ofOrg(), await ofInstance()]).toEqual([
        ...[[["ORG_OWNER_VIEWER"]], [["IAM_LOGIN_CLIENT"]]],
      ]);
      await refused(
        update(["ORG_OWNER_VIEWER"]),
        ...([Code.FailedPrecondition, "LOCKOUTD-acc16"] as const),
      );
      for (const roles of [[], ["IAM_OWNER"], ["ORG_NOBODY"]]) {
        await refused(
          update(roles),
          ...([Code.InvalidArgument, "LOCKOUTD-acc13"] as const),
        );
      }
      await door.call(management.removeOrgMember, { userId }, inOrg);
      await door.call(admin.removeIAMMember, { userId }, root());
      expect([await ofOrg(), await ofInstance()]).toEqual([[], []]);
      await refused(
        door.call(management.removeOrgMember, { userId }, inOrg),
        ...([Code.NotFound, "LOCKOUTD-acc15"] as const),
      );
    });

    it("nobody gives what he does not have, nor touches who has more", async () => {
      const { userId } = await add();
      const manager = { token: await stage.token(["ORG_USER_MANAGER"]) };
      const other = await setStage(server);
      await door.call(
        management.addOrgMember,
        { userId, roles: ["ORG_OWNER"] },
        owner(),
      );
      await refused(
        door.call(management.addPersonalAccessToken, { userId }, manager),
        ...([Code.PermissionDenied, "AUTH-5mWD2"] as const),
      );
      await refused(
        door.call(management.generateMachineSecret, { userId }, manager),
        ...([Code.PermissionDenied, "AUTH-5mWD2"] as const),
      );
      await refused(
        door.call(management.removeUser, { id: userId }, manager),
        ...([Code.PermissionDenied, "AUTH-5mWD2"] as const),
      );
      await door.call(
        admin.addIAMMember,
        { userId, roles: ["IAM_OWNER_VIEWER"] },
        root(),
      );
      // Its own organisation's owner may no more than read it: it sees all organisations.
      for (const call of [
        door.call(management.removeOrgMember, { userId }, owner()),
        door.call(management.addMachineKey, { userId }, owner()),
      ]) {
        await refused(call, Code.PermissionDenied, "AUTH-5mWD2");
      }
      const stranger = { token: other.orgOwner };
      for (const call of [
        door.call(
          management.addOrgMember,
          { userId, roles: ["ORG_OWNER"] },
          stranger,
        ),
        door.call(management.listMachineKeys, { userId }, stranger),
        door.call(management.generateMachineSecret, { userId }, stranger),
        // The administrator's call is on another organisation, and the roles would not hold there.
        door.call(management.removeOrgMember, { userId }, root()),
      ]) {
        await refused(call, Code.NotFound, "LOCKOUTD-acc01");
      }
    });
  },
);
