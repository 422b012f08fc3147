import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { CallHeaders, Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import { setStage } from "./stage.ts";

// What happened to a user, for whoever may see the user.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const { listUserEvents, reportAttempt, unlock } = AttemptService.method;
const users = UserService.method;
const { lockUser } = ManagementService.method;

interface Listed {
  readonly events?: readonly {
    readonly position: string;
    readonly event: {
      readonly type: { readonly type: string };
      readonly aggregate: { readonly resourceOwner: string };
      readonly editor: { readonly displayName?: string };
      readonly payload?: Readonly<Record<string, unknown>>;
    };
  }[];
  readonly nextPageToken?: string;
}

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "ListUserEvents by %s",
  (doorName) => {
    let door: Door;
    beforeAll(() => {
      door = openDoor(server.url, doorName);
    });
    const list = async (
      input: {
        readonly userId: string;
        readonly pageSize?: number;
        readonly pageToken?: string;
        readonly eventTypes?: string[];
      },
      headers: CallHeaders,
    ): Promise<Listed> =>
      messageOf(
        await door.call(listUserEvents, input, headers),
      ) as unknown as Listed;
    const typesOf = ({ events = [] }: Listed) =>
      events.map(({ event }) => event.type.type);

    it("shows a help desk the events of a user, newest first, in pages", async () => {
      const { userId, orgOwner, orgId, token } = await setStage(server);
      const desk = { token: await token(["ORG_USER_MANAGER"]) };
      const owner = { token: orgOwner };
      const subject = { case: "userId", value: userId } as const;
      messageOf(
        await door.call(
          reportAttempt,
          {
            ...{ subject, factor: Factor.PASSWORD, outcome: Outcome.FAILED },
            client: { address: "192.0.2.7" },
          },
          owner,
        ),
      );
      messageOf(await door.call(lockUser, { id: userId }, desk));
      messageOf(
        await door.call(unlock, { subject, note: "called", ticket: "T" }, desk),
      );
      const expected = [
        "user.unlocked",
        "user.locked",
        "user.human.password.check.failed",
        "user.human.added",
      ];
      const all = await list({ userId }, desk);
      expect(typesOf(all)).toEqual(expected);
      expect(all.nextPageToken ?? "").toBe("");
      expect(all.events?.[0]?.event).toMatchObject({
        aggregate: { id: userId, resourceOwner: orgId },
        payload: { note: "called", ticket: "T" },
      });
      expect(all.events?.[2]?.event.payload).toEqual({ address: "192.0.2.7" });
      const positions = (all.events ?? []).map(({ position }) => +position);
      expect(positions).toEqual([...positions].sort((a, b) => b - a));

      const paged: string[] = [];
      let pageToken = "";
      do {
        const page = await list({ userId, pageSize: 3, pageToken }, desk);
        paged.push(...typesOf(page));
        pageToken = page.nextPageToken ?? "";
      } while (pageToken !== "");
      expect(paged).toEqual(expected);

      const types = { eventTypes: ["user.locked", "user.unlocked", "user.x"] };
      expect(typesOf(await list({ userId, ...types }, desk))).toEqual(
        expected.slice(0, 2),
      );
      expect(await list({ userId, eventTypes: ["user.x"] }, desk)).toEqual({});
    });

    it("shows nothing of who had the id before, nor of another organisation's user", async () => {
      const { userId, orgOwner } = await setStage(server);
      const other = await setStage(server);
      const headers = { token: orgOwner };
      messageOf(await door.call(users.putUser, { userId }, headers));
      messageOf(await door.call(lockUser, { id: userId }, headers));
      messageOf(
        await door.call(users.putUser, { userId }, { token: other.orgOwner }),
      );
      expect(
        typesOf(await list({ userId }, { token: other.orgOwner })),
      ).toEqual(["user.human.added"]);
      messageOf(await door.call(users.deleteUser, { userId }, headers));
      expect(
        await door.call(listUserEvents, { userId }, headers),
      ).toMatchObject({ ok: false, code: Code.NotFound });
      messageOf(await door.call(users.putUser, { userId }, headers));
      expect(typesOf(await list({ userId }, headers))).toEqual([
        "user.human.added",
      ]);
    });

    it("refuses other types to whoever may not see all events, and pages that are none", async () => {
      const { userId, orgOwner, orgId, token } = await setStage(server);
      const headers = { token: orgOwner };
      messageOf(await door.call(users.putUser, { userId }, headers));
      const call = (input: object, by: CallHeaders = headers) =>
        door.call(listUserEvents, { userId, ...input }, by);
      for (const type of ["org.added", "org.lockout.storm.began", "x", ""]) {
        expect(await call({ eventTypes: [type] })).toMatchObject({
          code: Code.PermissionDenied,
        });
      }
      const all = { token: server.adminToken, orgId };
      expect(messageOf(await call({ eventTypes: ["org.added"] }, all))).toEqual(
        {},
      );
      for (const input of [
        { pageToken: "0" },
        { pageToken: "-1" },
        { pageToken: "WyJ1c2VycyIsImEiXQ" },
        { pageSize: -1 },
      ]) {
        expect(await call(input)).toMatchObject({
          code: Code.InvalidArgument,
          message: expect.stringContaining("LOCKOUTD-lst01") as string,
        });
      }
      expect(
        await call({}, { token: await token(["ORG_SETTINGS_MANAGER"]) }),
      ).toMatchObject({ code: Code.PermissionDenied });
    });
  },
);
