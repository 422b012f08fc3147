import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { AuthService } from "../../gen/zitadel/auth_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { AccessTokenType } from "../../gen/zitadel/user_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { CallHeaders, Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { refused } from "./refused.ts";
import { setStage } from "./stage.ts";

// What Terraform's provider changes in place gets other names by ZITADEL's calls, by every protocol.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const management = ManagementService.method;
let names = 0;

interface RecordedEvent {
  readonly type: { readonly type: string };
  readonly sequence: string;
  readonly creationDate: string;
  readonly payload?: object;
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
    const add = async (name = "Machine") => {
      names += 1;
      const userName = `renamed-${names}`;
      const { userId } = messageOf(
        await door.call(management.addMachineUser, { userName, name }, owner()),
      ) as { userId: string };
      return { userId, userName };
    };
    const lastEvent = async (aggregateId: string) => {
      const { events = [] } = messageOf(
        await door.call(
          AdminService.method.listEvents,
          { aggregateId, limit: 1 },
          root(),
        ),
      ) as { events?: readonly RecordedEvent[] };
      return events[0];
    };
    /** The details of a change are those of the event that it wrote. */
    const expectEvent = async (
      call: ReturnType<Door["call"]>,
      aggregateId: string,
      type: string,
      payload: object,
    ) => {
      const { details } = messageOf(await call) as { details: object };
      const event = await lastEvent(aggregateId);
      expect(event).toMatchObject({ type: { type }, payload });
      expect(details).toEqual({
        sequence: event?.sequence,
        changeDate: event?.creationDate,
        resourceOwner: stage.orgId,
      });
    };

    describe("UpdateMachine", () => {
      const update = (
        request: {
          readonly userId: string;
          readonly name?: string;
          readonly description?: string;
          readonly accessTokenType?: AccessTokenType;
        },
        headers: CallHeaders = owner(),
      ) => door.call(management.updateMachine, request, headers);
      const machineOf = async (id: string) => {
        const { user } = messageOf(
          await door.call(management.getUserByID, { id }, owner()),
        ) as { user: { machine: { name?: string; description?: string } } };
        return user.machine;
      };
      const nameOf = async (id: string) => (await machineOf(id)).name;

      it("gives a service account another name, with its event", async () => {
        const { userId } = await add();
        await expectEvent(
          update({ userId, name: "Other 😀" }),
          ...([userId, "user.machine.changed", { name: "Other 😀" }] as const),
        );
        expect(await nameOf(userId)).toBe("Other 😀");
        const longest = "😀".repeat(200);
        messageOf(await update({ userId, name: longest }));
        expect(await nameOf(userId)).toBe(longest);
      });

      it("gives it another description, or takes it away", async () => {
        const { userId } = await add("Machine");
        const name = "Machine";
        await expectEvent(
          update({ userId, name, description: "of the help desk" }),
          ...([userId, "user.machine.changed"] as const),
          { description: "of the help desk" },
        );
        const described = { name, description: "of the help desk" };
        expect(await machineOf(userId)).toMatchObject(described);
        await refused(
          update({ userId, ...described }),
          ...([Code.FailedPrecondition, "LOCKOUTD-acc19"] as const),
        );
        await expectEvent(
          update({ userId, name }),
          ...([userId, "user.machine.changed", { description: "" }] as const),
        );
        expect(await machineOf(userId)).not.toHaveProperty("description");
      });

      it("refuses the name that the account has, and what is no name or would not be kept", async () => {
        const { userId } = await add("Machine");
        await refused(
          update({ userId, name: "Machine" }),
          ...([Code.FailedPrecondition, "LOCKOUTD-acc19"] as const),
        );
        for (const name of ["", "x".repeat(201)]) {
          await refused(
            update({ userId, name }),
            ...([Code.InvalidArgument, "LOCKOUTD-acc18"] as const),
          );
        }
        for (const more of [{ accessTokenType: AccessTokenType.JWT }]) {
          await refused(
            update({ userId, name: "Other", ...more }),
            ...([Code.InvalidArgument, "LOCKOUTD-acc12"] as const),
          );
        }
        expect(await nameOf(userId)).toBe("Machine");
      });

      it("finds no other organisation's account, and asks for all that the account may", async () => {
        const { userId } = await add();
        const stranger = { token: (await setStage(server)).orgOwner };
        const viewer = { token: await stage.token(["ORG_OWNER_VIEWER"]) };
        const manager = { token: await stage.token(["ORG_USER_MANAGER"]) };
        for (const [id, headers] of [
          [userId, stranger],
          ["300000000000000001", owner()],
          ["x".repeat(201), owner()],
        ] as const) {
          await refused(
            update({ userId: id, name: "Other" }, headers),
            ...([Code.NotFound, "LOCKOUTD-acc01"] as const),
          );
        }
        const denied = [Code.PermissionDenied, "AUTH-5mWD2"] as const;
        await refused(update({ userId, name: "Other" }, viewer), ...denied);
        messageOf(await update({ userId, name: "Other" }, manager));
        await door.call(
          management.addOrgMember,
          { userId, roles: ["ORG_OWNER"] },
          owner(),
        );
        await refused(update({ userId, name: "More" }, manager), ...denied);
      });
    });

    describe("UpdateOrg", () => {
      const update = (name: string, headers: CallHeaders) =>
        door.call(management.updateOrg, { name }, headers);
      const shown = async () => {
        const { org } = messageOf(
          await door.call(management.getMyOrg, {}, owner()),
        ) as { org: { name: string; primaryDomain: string } };
        return { name: org.name, primaryDomain: org.primaryDomain };
      };

      it("gives the organisation of the call another name and domain, with its event", async () => {
        await expectEvent(
          update("Other 😀", owner()),
          ...([stage.orgId, "org.changed", { name: "Other 😀" }] as const),
        );
        expect(await shown()).toEqual({
          ...{ name: "Other 😀", primaryDomain: "other.127.0.0.1" },
        });
        const longest = "😀".repeat(200);
        await expectEvent(
          update(longest, { ...root(), orgId: stage.orgId }),
          ...([stage.orgId, "org.changed", { name: longest }] as const),
        );
      });

      it("refuses the name that it has, what is no name, and who may not", async () => {
        messageOf(await update("Mine", owner()));
        await refused(
          update("Mine", owner()),
          ...([Code.FailedPrecondition, "LOCKOUTD-org06"] as const),
        );
        for (const name of ["", " ", "x".repeat(201)]) {
          await refused(
            update(name, owner()),
            ...([Code.InvalidArgument, "LOCKOUTD-org01"] as const),
          );
        }
        const manager = { token: await stage.token(["ORG_USER_MANAGER"]) };
        await refused(
          update("Other", manager),
          ...([Code.PermissionDenied, "AUTH-5mWD2"] as const),
        );
        const { orgId } = await setStage(server);
        await refused(
          update("Other", { ...owner(), orgId }),
          ...([Code.NotFound, "AUTHZ-cdgFk"] as const),
        );
        expect(await shown()).toMatchObject({ name: "Mine" });
      });

      it("has no organisation taken for the one whose name it was given", async () => {
        const thief = { token: stage.orgOwner };
        const bank = await setStage(server);
        const label = `bank-${bank.orgId}`;
        messageOf(await update(label, { token: bank.orgOwner }));
        messageOf(await update(label.toUpperCase(), thief));
        const find = (headers: CallHeaders) =>
          door.call(
            management.getOrgByDomainGlobal,
            { domain: `${label}.127.0.0.1` },
            headers,
          );
        await refused(
          find(root()),
          ...([Code.FailedPrecondition, "LOCKOUTD-qry06"] as const),
        );
        // Others do not affect who has a role in one of them alone.
        expect(messageOf(await find({ token: bank.orgOwner }))).toMatchObject({
          org: { id: bank.orgId },
        });
      });
    });

    describe("UpdateUserName", () => {
      const update = (
        userId: string,
        userName: string,
        headers: CallHeaders = owner(),
      ) => door.call(management.updateUserName, { userId, userName }, headers);
      const newName = () => {
        names += 1;
        return `other-${names}`;
      };
      const signIn = async (clientId: string, clientSecret: string) => {
        const response = await fetch(`${server.url}/oauth/v2/token`, {
          method: "POST",
          body: new URLSearchParams({
            grant_type: "client_credentials",
            client_id: clientId,
            client_secret: clientSecret,
          }),
        });
        return {
          status: response.status,
          ...((await response.json()) as { access_token?: string }),
        };
      };
      const setSecret = async (userId: string) =>
        messageOf(
          await door.call(
            management.generateMachineSecret,
            { userId },
            owner(),
          ),
        ) as { clientId: string; clientSecret: string };

      it("gives a service account another login name, with its event", async () => {
        const { userId, userName } = await add();
        const other = newName();
        await expectEvent(
          update(userId, other),
          ...([userId, "user.username.changed", { userName: other }] as const),
        );
        expect(
          messageOf(
            await door.call(management.getUserByID, { id: userId }, owner()),
          ),
        ).toMatchObject({
          user: { userName: other, preferredLoginName: other },
        });
        await refused(
          door.call(
            management.getUserByLoginNameGlobal,
            { loginName: userName },
            owner(),
          ),
          ...([Code.NotFound, "LOCKOUTD-usr02"] as const),
        );
        // As it folds alike, it is still its own.
        messageOf(await update(userId, other.toUpperCase()));
      });

      it("the secret signs in by the new name alone, also where another account gets the old one", async () => {
        const { userId, userName } = await add();
        const { clientSecret } = await setSecret(userId);
        const before = await signIn(userName, clientSecret);
        expect(before.status).toBe(200);
        const other = newName();
        messageOf(await update(userId, other));
        expect((await signIn(userName, clientSecret)).status).toBe(401);
        expect((await signIn(other, clientSecret)).status).toBe(200);

        const heir = await add();
        const { clientSecret: heirs } = await setSecret(heir.userId);
        messageOf(await update(heir.userId, userName));
        expect((await signIn(userName, clientSecret)).status).toBe(401);
        const now = await signIn(userName, heirs);
        expect(now.status).toBe(200);
        expect((await setSecret(heir.userId)).clientId).toBe(userName);
        // A token names the account, whatever that is called.
        for (const [token = "", id] of [
          [before.access_token, userId],
          [now.access_token, heir.userId],
        ]) {
          expect(
            messageOf(
              await door.call(AuthService.method.getMyUser, {}, { token }),
            ),
          ).toMatchObject({ user: { id } });
        }
      });

      it("events by the account have its name of now", async () => {
        const { userId } = await add();
        await door.call(
          management.addOrgMember,
          { userId, roles: ["ORG_OWNER"] },
          owner(),
        );
        const { token } = messageOf(
          await door.call(
            management.addPersonalAccessToken,
            { userId },
            owner(),
          ),
        ) as { token: string };
        const made = messageOf(
          await door.call(
            management.addMachineUser,
            { userName: newName(), name: "Made" },
            { token },
          ),
        ) as { userId: string };
        for (const userName of [newName(), newName()]) {
          messageOf(await update(userId, userName));
          expect(await lastEvent(made.userId)).toMatchObject({
            editor: { userId, displayName: userName },
          });
        }
      });

      it("refuses what is taken, the same, or no login name", async () => {
        const { userId, userName } = await add();
        const other = await add();
        await refused(
          update(userId, other.userName.toUpperCase()),
          ...([Code.AlreadyExists, "LOCKOUTD-acc03"] as const),
        );
        await refused(
          update(userId, userName),
          ...([Code.FailedPrecondition, "LOCKOUTD-acc20"] as const),
        );
        for (const name of ["", "a b", "a:b", "x".repeat(201)]) {
          await refused(
            update(userId, name),
            ...([Code.InvalidArgument, "LOCKOUTD-acc02"] as const),
          );
        }
        expect(await lastEvent(userId)).toMatchObject({ sequence: "1" });
      });

      it("renames no other user, none of another organisation, and none who may more", async () => {
        const { userId } = await add();
        const person = `person-${userId}`;
        await door.call(
          UserService.method.putUser,
          { userId: person },
          owner(),
        );
        await refused(
          update(person, newName()),
          ...([Code.FailedPrecondition, "LOCKOUTD-acc21"] as const),
        );
        const stranger = { token: (await setStage(server)).orgOwner };
        for (const [id, headers] of [
          [userId, stranger],
          [person, stranger],
          ["nobody", owner()],
        ] as const) {
          await refused(
            update(id, newName(), headers),
            ...([Code.NotFound, "LOCKOUTD-usr02"] as const),
          );
        }
        await door.call(
          management.addOrgMember,
          { userId, roles: ["ORG_OWNER"] },
          owner(),
        );
        const manager = { token: await stage.token(["ORG_USER_MANAGER"]) };
        await refused(
          update(userId, newName(), manager),
          ...([Code.PermissionDenied, "AUTH-5mWD2"] as const),
        );
      });
    });
  },
);
