import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import { HookService } from "../../gen/lockout/v1/hook_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import {
  formDoorNames,
  openDoor,
  openDoors,
} from "../support/protocol-variants.ts";
import type { CallHeaders, Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { setStage } from "./stage.ts";

// Section 4 of the contract: the role table. A call for each permission, by each role, through every door.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const admin = AdminService.method;
const management = ManagementService.method;
const hooks = HookService.method;

// Each call is refused for its contents, or changes nothing, once its caller may make it.
const calls = {
  "iam.policy.read": (door, headers) =>
    door.call(admin.getLockoutPolicy, {}, headers),
  "iam.policy.write": (door, headers) =>
    door.call(admin.updateLockoutPolicy, {}, headers),
  "policy.read": (door, headers) =>
    door.call(management.getLockoutPolicy, {}, headers),
  "policy.write": (door, headers) =>
    door.call(management.updateCustomLockoutPolicy, {}, headers),
  "policy.delete": (door, headers) =>
    door.call(management.resetLockoutPolicyToDefault, {}, headers),
  "user.read": (door, headers) =>
    door.call(AttemptService.method.getLockout, { userId: "nobody" }, headers),
  "user.write": (door, headers) =>
    door.call(management.lockUser, { id: "nobody" }, headers),
  "events.read": (door, headers) =>
    door.call(admin.listEvents, { limit: 1 }, headers),
  "iam.hook.read": (door, headers) =>
    door.call(hooks.listInstanceHooks, {}, headers),
  "iam.hook.write": (door, headers) =>
    door.call(hooks.rotateInstanceHook, { hookId: "nobody's" }, headers),
  "org.hook.read": (door, headers) => door.call(hooks.listHooks, {}, headers),
  "org.hook.write": (door, headers) =>
    door.call(hooks.rotateHook, { hookId: "nobody's" }, headers),
  "iam.read": (door, headers) => door.call(admin.getDefaultOrg, {}, headers),
  "iam.write": (door, headers) => door.call(admin.setUpOrg, {}, headers),
  "org.read": (door, headers) => door.call(management.getMyOrg, {}, headers),
  "org.write": (door, headers) => door.call(management.updateOrg, {}, headers),
  "org.create": (door, headers) => door.call(management.addOrg, {}, headers),
  "iam.member.read": (door, headers) =>
    door.call(admin.listIAMMembers, {}, headers),
  "iam.member.write": (door, headers) =>
    door.call(admin.addIAMMember, {}, headers),
  "iam.member.delete": (door, headers) =>
    door.call(admin.removeIAMMember, { userId: "nobody" }, headers),
  "org.member.read": (door, headers) =>
    door.call(management.listOrgMembers, {}, headers),
  "org.member.write": (door, headers) =>
    door.call(management.addOrgMember, {}, headers),
  "org.member.delete": (door, headers) =>
    door.call(management.removeOrgMember, { userId: "nobody" }, headers),
  "user.delete": (door, headers) =>
    door.call(management.removeUser, { id: "nobody" }, headers),
  "org.global.read": (door, headers) =>
    door.call(management.getOrgByDomainGlobal, {}, headers),
  "user.global.read": (door, headers) =>
    door.call(management.getUserByLoginNameGlobal, {}, headers),
} as const satisfies Record<
  string,
  (door: Door, headers: CallHeaders) => ReturnType<Door["call"]>
>;

type Permission = keyof typeof calls;

/** What several roles have. */
const readers = ["org.read", "org.global.read", "user.global.read"] as const;
const orgMembers = [
  ...(["org.member.read", "org.member.write", "org.member.delete"] as const),
] as const;
const policies = ["policy.read", "policy.write", "policy.delete"] as const;
const users = ["user.read", "user.write"] as const;
const orgHooks = ["org.hook.read", "org.hook.write"] as const;

const table: Readonly<Record<string, readonly Permission[]>> = {
  IAM_OWNER: Object.keys(calls) as Permission[],
  IAM_OWNER_VIEWER: [
    ...(["iam.policy.read", "policy.read", "user.read"] as const),
    ...(["events.read", "iam.read"] as const),
    ...readers,
  ],
  IAM_ORG_MANAGER: [
    ...[...policies, ...users, ...readers, ...orgMembers],
    ...(["org.write", "org.create", "user.delete"] as const),
  ],
  IAM_USER_MANAGER: [...users, ...readers, "user.delete"],
  IAM_LOGIN_CLIENT: [
    ...(["iam.policy.read", "policy.read", "iam.read", "org.read"] as const),
    ...users,
  ],
  ORG_OWNER: [
    ...[...policies, ...users, ...orgHooks, ...readers, ...orgMembers],
    ...(["org.write", "user.delete"] as const),
  ],
  ORG_SETTINGS_MANAGER: [...policies, "org.read"],
  ORG_USER_MANAGER: ["policy.read", ...users, ...readers, "user.delete"],
  ORG_OWNER_VIEWER: ["policy.read", "user.read", ...readers],
};

const doorNames = openDoors("http://localhost").map(({ name }) => name);
const roles = Object.entries(table).map(
  ([role, granted], place) => [role, granted, place] as const,
);

describe.each(roles)("%s", (role, granted, place) => {
  it.each([...doorNames, ...formDoorNames(place)])(
    "by %s",
    async (doorName) => {
      const door = openDoor(server.url, doorName);
      const stage = await setStage(server);
      const own = { token: await stage.token([role]) };
      const allowed: string[] = [];
      for (const [permission, call] of Object.entries(calls)) {
        const answer = await call(door, own);
        const denied = !answer.ok && answer.code === Code.PermissionDenied;
        if (!denied) {
          allowed.push(permission);
        }
      }
      expect(allowed.sort()).toEqual([...granted].sort());

      // IAM_ roles hold on every organisation, ORG_ roles on their own.
      const elsewhere = await calls["user.read"](door, {
        ...own,
        orgId: server.firstOrgId,
      });
      expect(elsewhere).toMatchObject(
        role.startsWith("IAM_")
          ? { message: expect.not.stringContaining("AUTHZ-cdgFk") as string }
          : { message: "membership not found (AUTHZ-cdgFk)" },
      );
    },
  );
});
