import { createPublicKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AccessService,
  KeyFileType,
} from "../../gen/lockout/v1/access_service_pb.js";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { UserService as UserServiceV2 } from "../../gen/zitadel/user/v2/user_service_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { CallHeaders, Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { refused } from "./refused.ts";
import { setStage } from "./stage.ts";

// Service accounts, their keys and secrets, and who may change them, by every protocol.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const access = AccessService.method;
const management = ManagementService.method;
let names = 0;

interface Account {
  readonly userId: string;
  readonly roles?: readonly string[];
  readonly name?: string;
  readonly hasSecret?: boolean;
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
    const admin = () => ({ token: server.adminToken });
    const owner = () => ({ token: stage.orgOwner });
    const newName = () => {
      names += 1;
      return `program-${names}`;
    };
    const create = async (
      roles: readonly string[] = [],
      headers: CallHeaders = owner(),
    ) =>
      messageOf(
        await door.call(
          access.createServiceAccount,
          {
            ...{ loginName: newName(), roles: [...roles] },
            organizationId: stage.orgId,
          },
          headers,
        ),
      ) as unknown as Account;
    const find = async (userId: string, headers: CallHeaders = owner()) => {
      const { serviceAccounts = [] } = messageOf(
        await door.call(access.listServiceAccounts, {}, headers),
      ) as { serviceAccounts?: readonly Account[] };
      return serviceAccounts.find((account) => account.userId === userId);
    };
    const eventsOf = async (aggregateId: string) => {
      const { events = [] } = messageOf(
        await door.call(
          AdminService.method.listEvents,
          { aggregateId, limit: 100, asc: true },
          admin(),
        ),
      ) as { events?: readonly { type: { type: string } }[] };
      return events.map(({ type }) => type.type);
    };
    it("an account is created, listed, changed and deleted, each with its event", async () => {
      const { userId } = await create(["ORG_OWNER"]);
      expect(userId).toMatch(/^\d{18}$/);
      expect(await find(userId)).toMatchObject({ roles: ["ORG_OWNER"] });

      const changed = messageOf(
        await door.call(
          access.updateServiceAccount,
          { userId, name: "Login page" },
          owner(),
        ),
      );
      expect(changed).toMatchObject({
        name: "Login page",
        roles: ["ORG_OWNER"],
      });
      await door.call(
        access.updateServiceAccount,
        { userId, roles: ["ORG_USER_MANAGER"] },
        owner(),
      );
      expect(await find(userId)).toMatchObject({
        name: "Login page",
        roles: ["ORG_USER_MANAGER"],
      });
      const deleted = await door.call(
        access.deleteServiceAccount,
        { userId },
        owner(),
      );
      expect(deleted).toMatchObject({ ok: true });
      expect(await find(userId)).toBeUndefined();
      expect(await eventsOf(userId)).toEqual([
        "user.machine.added",
        "user.machine.changed",
        "user.machine.changed",
        "user.removed",
      ]);
    });

    it("a key that is made comes as a key file of either kind; only the public part is stored", async () => {
      const { userId } = await create();
      const add = async (type: KeyFileType) =>
        JSON.parse(
          (
            messageOf(
              await door.call(access.addKey, { userId, type }, owner()),
            ) as { keyFile: string }
          ).keyFile,
        ) as Record<string, string>;
      const file = await add(KeyFileType.UNSPECIFIED);
      expect(file).toMatchObject({ type: "serviceaccount", userId });
      expect(file["key"]).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
      const application = await add(KeyFileType.APPLICATION);
      expect(application).toMatchObject({
        ...{ type: "application", appId: userId, clientId: userId },
      });

      const { keys } = messageOf(
        await door.call(access.listKeys, { userId }, owner()),
      ) as unknown as { keys: readonly { keyId: string; algorithm: string }[] };
      expect(keys.map(({ keyId }) => keyId)).toEqual([
        file["keyId"],
        application["keyId"],
      ]);
      expect(keys[0]?.algorithm).toBe("RSA");
      await door.call(
        access.removeKey,
        { userId, keyId: file["keyId"] ?? "" },
        owner(),
      );
      await refused(
        door.call(
          access.removeKey,
          { userId, keyId: file["keyId"] ?? "" },
          owner(),
        ),
        Code.NotFound,
        "LOCKOUTD-acc09",
      );
    });

    it("public keys of three kinds are taken, and nothing else; ten at most", async () => {
      const { userId } = await create();
      const pem = ({ publicKey }: { readonly publicKey: KeyObject }) =>
        Buffer.from(publicKey.export({ type: "spki", format: "pem" }));
      const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const add = (publicKey: Uint8Array) =>
        door.call(access.addKey, { userId, publicKey }, owner());
      const added = await add(pem(ec));
      expect(added).toMatchObject({ ok: true });
      expect(messageOf(added)).toMatchObject({ key: { algorithm: "P-256" } });
      const wrong = [
        Buffer.from("no key"),
        Buffer.from(ec.privateKey.export({ type: "pkcs8", format: "pem" })),
        pem(generateKeyPairSync("rsa", { modulusLength: 1024 })),
        pem(generateKeyPairSync("ec", { namedCurve: "P-384" })),
        pem(generateKeyPairSync("rsa-pss", { modulusLength: 2048 })),
        Buffer.alloc(2001, "-"),
      ];
      for (const key of wrong) {
        await refused(add(key), Code.InvalidArgument, "LOCKOUTD-acc07");
      }
      for (let count = 2; count <= 10; count += 1) {
        const key = pem(generateKeyPairSync("ed25519"));
        expect(createPublicKey(key).asymmetricKeyType).toBe("ed25519");
        expect(await add(key)).toMatchObject({ ok: true });
      }
      await refused(
        door.call(access.addKey, { userId }, owner()),
        Code.ResourceExhausted,
        "LOCKOUTD-acc06",
      );
    });

    it("a secret has 64 letters and digits, is shown once, and is removed", async () => {
      const { userId } = await create();
      const { clientId, clientSecret } = messageOf(
        await door.call(access.setSecret, { userId }, owner()),
      ) as { clientId: string; clientSecret: string };
      expect(clientId).toMatch(/^program-/);
      expect(clientSecret).toMatch(/^[a-zA-Z0-9]{64}$/);
      expect(await find(userId)).toMatchObject({ hasSecret: true });
      await door.call(access.removeSecret, { userId }, owner());
      expect((await find(userId))?.hasSecret ?? false).toBe(false);
      await refused(
        door.call(access.removeSecret, { userId }, owner()),
        Code.FailedPrecondition,
        "LOCKOUTD-acc10",
      );
    });

    it("a login name that is none, or that reads like another one's, is refused, and so is an unknown role", async () => {
      const add = (loginName: string, roles: readonly string[] = []) =>
        door.call(
          access.createServiceAccount,
          { loginName, roles: [...roles] },
          owner(),
        );
      const wrong = [
        "",
        "a b",
        "a%b",
        "a+b",
        "a:b",
        "a\u0000",
        "x".repeat(201),
      ];
      for (const name of wrong) {
        await refused(add(name), Code.InvalidArgument, "LOCKOUTD-acc02");
      }
      const name = newName();
      await add(name);
      await refused(
        add(name.toUpperCase()),
        Code.AlreadyExists,
        "LOCKOUTD-acc03",
      );
      await refused(
        add(newName(), ["NO_ROLE"]),
        Code.InvalidArgument,
        "LOCKOUTD-acc04",
      );
    });

    it("who may not do all that an account may neither makes nor changes it", async () => {
      const manager = { token: await stage.token(["ORG_USER_MANAGER"]) };
      const denied = (call: ReturnType<Door["call"]>) =>
        refused(call, Code.PermissionDenied, "AUTH-5mWD2");
      const { userId } = await create(["ORG_OWNER"]);
      const own = await create(["ORG_USER_MANAGER"], manager);
      await denied(
        door.call(
          access.createServiceAccount,
          { loginName: newName(), roles: ["ORG_OWNER"] },
          manager,
        ),
      );
      // By an IAM_ role, though the caller may do the same in the organisation.
      await denied(
        door.call(
          access.createServiceAccount,
          { loginName: newName(), roles: ["IAM_USER_MANAGER"] },
          owner(),
        ),
      );
      const changes = [
        door.call(access.updateServiceAccount, { userId, name: "x" }, manager),
        door.call(
          access.updateServiceAccount,
          { userId: own.userId, roles: ["ORG_OWNER"] },
          manager,
        ),
        door.call(access.deleteServiceAccount, { userId }, manager),
        door.call(access.addKey, { userId }, manager),
        door.call(access.setSecret, { userId }, manager),
        door.call(management.lockUser, { id: userId }, manager),
        door.call(UserServiceV2.method.lockUser, { userId }, manager),
        door.call(management.deactivateUser, { id: userId }, manager),
      ];
      for (const call of changes) {
        await denied(call);
      }
      expect(await eventsOf(userId)).toEqual(["user.machine.added"]);
      expect(
        await door.call(access.setSecret, { userId: own.userId }, manager),
      ).toMatchObject({ ok: true });
    });

    it("an account of another organisation is unknown, also where it is named", async () => {
      const { userId } = await create(["ORG_OWNER"]);
      const other = await setStage(server);
      const stranger = { token: other.orgOwner };
      const elsewhere = { ...admin(), orgId: other.orgId };
      for (const headers of [stranger, elsewhere]) {
        await refused(
          door.call(access.setSecret, { userId }, headers),
          Code.NotFound,
          "LOCKOUTD-acc01",
        );
        expect(await find(userId, headers)).toBeUndefined();
      }
      await refused(
        door.call(
          access.createServiceAccount,
          { loginName: newName(), organizationId: stage.orgId },
          stranger,
        ),
        Code.NotFound,
        "AUTHZ-cdgFk",
      );
      expect(
        await find(userId, { ...admin(), orgId: stage.orgId }),
      ).toBeDefined();
    });

    it("an account is locked and seen by ZITADEL's calls, and is no subject of attempts", async () => {
      const { userId } = await create();
      const locked = await door.call(
        management.lockUser,
        { id: userId },
        owner(),
      );
      expect(messageOf(locked)).toMatchObject({
        details: { sequence: "2", resourceOwner: stage.orgId },
      });
      await refused(
        door.call(management.lockUser, { id: userId }, owner()),
        Code.FailedPrecondition,
        "COMMAND-3NN8v",
      );
      expect(
        messageOf(
          await door.call(management.getUserByID, { id: userId }, owner()),
        ),
      ).toMatchObject({ user: { id: userId, state: "USER_STATE_LOCKED" } });
      const unlocked = await door.call(
        UserServiceV2.method.unlockUser,
        { userId },
        owner(),
      );
      expect(unlocked).toMatchObject({ ok: true });

      const loginCaller = { token: await stage.token(["ORG_OWNER"]) };
      const attempts = AttemptService.method;
      for (const call of [
        door.call(
          attempts.beginAttempt,
          {
            subject: { case: "userId", value: userId },
            factor: Factor.PASSWORD,
          },
          loginCaller,
        ),
        door.call(
          attempts.reportAttempt,
          {
            subject: { case: "userId", value: userId },
            ...{ factor: Factor.PASSWORD, outcome: Outcome.FAILED },
          },
          loginCaller,
        ),
        door.call(attempts.recordPasswordChange, { userId }, loginCaller),
        door.call(UserService.method.putUser, { userId }, loginCaller),
      ]) {
        await refused(call, Code.FailedPrecondition, "LOCKOUTD-acc11");
      }
    });

    it("whether an id is another organisation's account nobody learns", async () => {
      const { userId } = await create();
      const other = await setStage(server);
      const stranger = { token: other.orgOwner };
      const put = async (id: string) => {
        const answer = messageOf(
          await door.call(UserService.method.putUser, { userId: id }, stranger),
        ) as object;
        return { ...answer, userId: undefined };
      };
      expect(await put(userId)).toEqual(await put("no-account"));
      const begun = await door.call(
        AttemptService.method.beginAttempt,
        { subject: { case: "userId", value: userId }, factor: Factor.PASSWORD },
        stranger,
      );
      expect(begun).toMatchObject({ ok: true });
      await door.call(management.lockUser, { id: userId }, stranger);
      expect(
        messageOf(
          await door.call(management.getUserByID, { id: userId }, stranger),
        ),
      ).toMatchObject({ user: { state: "USER_STATE_LOCKED", human: {} } });
      // The account itself is as it was.
      expect(
        messageOf(
          await door.call(management.getUserByID, { id: userId }, owner()),
        ),
      ).toMatchObject({ user: { state: "USER_STATE_ACTIVE", machine: {} } });
    });
  },
);
