import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import {
  UserService,
  UserState,
} from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { openDoor, openDoors } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import { grpcDoor, setStage } from "./stage.ts";

// What ListEvents shows of changes of users, organisations and tokens, by every protocol.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

interface Shown {
  readonly type: { readonly type: string };
  readonly editor: { readonly userId: string };
  readonly aggregate: JsonObject;
  readonly payload?: JsonObject;
}

describe.each(openDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    const enter = () => {
      const door = openDoor(server.url, doorName);
      const admin = { token: server.adminToken };
      const list = async (filter: object): Promise<readonly Shown[]> => {
        const shown = messageOf(
          await door.call(
            AdminService.method.listEvents,
            { asc: true, ...filter },
            admin,
          ),
        ) as { events?: readonly Shown[] };
        return shown.events ?? [];
      };
      return { door, admin, list };
    };
    const typesOf = (events: readonly Shown[]) =>
      events.map(({ type }) => type.type);

    it("a locked user who is deleted and registered again does not hide it", async () => {
      const { door, list } = enter();
      const { orgId, orgOwner: token, userId } = await setStage(server);
      const headers = { token };
      messageOf(
        await door.call(
          ManagementService.method.addCustomLockoutPolicy,
          { maxPasswordAttempts: 1 },
          headers,
        ),
      );
      const report = async () =>
        messageOf(
          await door.call(
            AttemptService.method.reportAttempt,
            {
              subject: { case: "userId", value: userId },
              factor: Factor.PASSWORD,
              outcome: Outcome.FAILED,
            },
            headers,
          ),
        );
      const { deleteUser, putUser } = UserService.method;
      messageOf(
        await door.call(putUser, { userId, aliases: ["Ann"] }, headers),
      );
      expect(await report()).toMatchObject({ locked: true });
      messageOf(await door.call(deleteUser, { userId }, headers));
      messageOf(
        await door.call(
          putUser,
          { userId, aliases: ["Ann"], state: UserState.INACTIVE },
          headers,
        ),
      );
      messageOf(
        await door.call(
          putUser,
          { userId, aliases: ["Bob", "Ann B"], state: UserState.ACTIVE },
          headers,
        ),
      );

      const events = await list({ aggregateId: userId, resourceOwner: orgId });
      expect(typesOf(events)).toEqual([
        "user.human.added",
        "user.lockout.aliases.changed",
        "user.human.password.check.failed",
        "user.locked",
        "user.removed",
        "user.human.added",
        "user.lockout.aliases.changed",
        "user.reactivated",
        "user.lockout.aliases.changed",
      ]);
      expect(new Set(events.map(({ editor }) => editor.userId)).size).toBe(1);
      expect(events.at(-1)?.payload).toEqual({
        removed: ["Ann"],
        added: ["Bob", "Ann B"],
      });
      expect(events[5]?.payload).toEqual({ state: "USER_STATE_INACTIVE" });
      expect(
        typesOf(
          await list({ resourceOwner: orgId, eventTypes: ["user.removed"] }),
        ),
      ).toEqual(["user.removed"]);
    });

    it("an organisation and a token: by whom, with which roles, never the secret", async () => {
      const { door, admin, list } = enter();
      const { createOrganization, createToken, revokeToken } =
        AccessService.method;
      const name = `Recorded ${doorName}`;
      const { organizationId } = messageOf(
        await door.call(createOrganization, { name }, admin),
      ) as { organizationId: string };
      const { token, secret } = messageOf(
        await door.call(
          createToken,
          { organizationId, name: "t", roles: ["ORG_OWNER"] },
          admin,
        ),
      ) as { token: { tokenId: string }; secret: string };
      const { tokenId } = token;
      messageOf(await door.call(revokeToken, { tokenId }, admin));
      const refused = await door.call(revokeToken, { tokenId }, admin);
      expect(refused.ok).toBe(false);

      const events = await list({ resourceOwner: organizationId });
      expect(
        events.map(({ type, aggregate, payload }) => [
          type.type,
          aggregate,
          payload,
        ]),
      ).toEqual([
        [
          "org.added",
          {
            ...{ id: organizationId, type: { type: "org" } },
            resourceOwner: organizationId,
          },
          { name },
        ],
        [
          "user.pat.added",
          {
            ...{ id: tokenId, type: { type: "user" } },
            resourceOwner: organizationId,
          },
          { tokenId, name: "t", roles: ["ORG_OWNER"] },
        ],
        ["user.pat.removed", expect.anything(), { tokenId }],
      ]);
      expect(JSON.stringify(events)).not.toContain(secret);
      const [editor] = await list({
        ...{ aggregateTypes: ["user"], eventTypes: ["user.pat.added"] },
        limit: 1,
      });
      // The administrator's own token is the first one, and made the others.
      for (const event of events) {
        expect(event.editor.userId).toBe(editor?.payload?.["tokenId"]);
      }
    });
  },
);

it("the first start says what it created", async () => {
  const shown = await grpcDoor(await setStage(server)).call(
    AdminService.method.listEvents,
    { asc: true, limit: 4 },
    { token: server.adminToken },
  );
  const { events } = messageOf(shown) as unknown as {
    events: readonly Shown[];
  };
  expect(events.map(({ type, editor }) => [type.type, editor.userId])).toEqual([
    ["instance.added", "SYSTEM"],
    ["org.added", "SYSTEM"],
    ["instance.policy.lockout.added", "SYSTEM"],
    ["user.pat.added", "SYSTEM"],
  ]);
});
