import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  UserService,
  UserState,
} from "../../gen/lockout/v1/user_service_pb.js";
import { toPageToken } from "../../src/store/page-token.ts";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import { setStage } from "./stage.ts";

// Somebody is on the phone, and says a name.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const { findUsers, putUser } = UserService.method;

interface Found {
  readonly users?: readonly { readonly user: { readonly userId: string } }[];
  readonly nextPageToken?: string;
}

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "FindUsers by %s",
  (doorName) => {
    let door: Door;
    beforeAll(() => {
      door = openDoor(server.url, doorName);
    });

    it("finds users of the organisation by a part of an id or a login name, with their lockouts", async () => {
      const { orgId, orgOwner, token } = await setStage(server);
      const other = await setStage(server);
      const owner = { token: orgOwner };
      const desk = { token: await token(["ORG_USER_MANAGER"]) };
      const put = (
        userId: string,
        aliases: string[],
        state = UserState.ACTIVE,
      ) => door.call(putUser, { userId, aliases, state }, owner);
      messageOf(await put("1001", ["Joanna@X", "jo"], UserState.LOCKED));
      messageOf(await put("1002", ["ANNE"]));
      messageOf(await put("anneliese", []));
      messageOf(await put("1003", ["bob"]));
      messageOf(
        await door.call(
          putUser,
          { userId: "anne", aliases: [] },
          { token: other.orgOwner },
        ),
      );
      const found = messageOf(
        await door.call(findUsers, { query: "joan" }, desk),
      );
      expect(found).toMatchObject({
        users: [
          {
            user: {
              ...{ userId: "1001", aliases: ["Joanna@X", "jo"] },
              ...{ state: "USER_STATE_LOCKED", resourceOwner: orgId },
            },
            lockout: {
              ...{ userId: "1001", locked: true, resourceOwner: orgId },
              reason: "LOCK_REASON_ADMINISTRATOR",
              aliases: ["Joanna@X", "jo"],
            },
          },
        ],
      });
      expect(found).not.toHaveProperty("nextPageToken");
      const ids: string[] = [];
      let pageToken = "";
      do {
        const page = messageOf(
          await door.call(
            findUsers,
            { query: " Ann", pageSize: 1, pageToken },
            desk,
          ),
        ) as Found;
        ids.push(...(page.users ?? []).map(({ user }) => user.userId));
        pageToken = page.nextPageToken ?? "";
      } while (pageToken !== "");
      // An id is compared as it is, with the blank and the capital.
      expect(ids).toEqual(["1002", "1001"]);
      expect(
        messageOf(await door.call(findUsers, { query: "nobody" }, desk)),
      ).toEqual({});
    });

    it("asks before each slice whether the call is still wanted", async () => {
      const { orgOwner } = await setStage(server);
      const looks = vi.spyOn(AbortSignal.prototype, "throwIfAborted");
      try {
        await door.call(findUsers, { query: "nobody" }, { token: orgOwner });
        const counts = Map.groupBy(looks.mock.contexts, (signal) => signal);
        // The call's own: before its turn, then by ids, by aliases and by parts.
        expect(
          Math.max(...[...counts.values()].map(({ length }) => length)),
        ).toBe(4);
      } finally {
        looks.mockRestore();
      }
    });

    it("refuses to look for nothing, pages of other lists, and callers who may not see users", async () => {
      const { orgOwner, token } = await setStage(server);
      const headers = { token: orgOwner };
      for (const query of ["", "  "]) {
        expect(await door.call(findUsers, { query }, headers)).toMatchObject({
          code: Code.InvalidArgument,
          message: expect.stringContaining("LOCKOUTD-usr10") as string,
        });
      }
      for (const input of [
        { pageToken: "WyJ1c2VycyIsImEiXQ" },
        { pageToken: toPageToken(["found", "ids", "a", "b"]) },
        { pageSize: -1 },
      ]) {
        expect(
          await door.call(findUsers, { query: "a", ...input }, headers),
        ).toMatchObject({
          code: Code.InvalidArgument,
          message: expect.stringContaining("LOCKOUTD-lst01") as string,
        });
      }
      expect(
        await door.call(
          findUsers,
          { query: "a" },
          { token: await token(["ORG_SETTINGS_MANAGER"]) },
        ),
      ).toMatchObject({ code: Code.PermissionDenied });
    });
  },
);
