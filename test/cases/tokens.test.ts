import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import { setStage } from "./stage.ts";

// Organisations and tokens in pages, and tokens that are rotated, by every protocol.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const access = AccessService.method;
const dayMs = 86_400_000;
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string;

interface Token {
  readonly tokenId: string;
  readonly name?: string;
  readonly revokeTime?: string;
  readonly lastUseTime?: string;
  readonly oldSecretExpireTime?: string;
  readonly organizationName?: string;
}

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    let door: Door;
    beforeAll(() => {
      door = openDoor(server.url, doorName);
    });
    const admin = () => ({ token: server.adminToken });

    async function pages<Item>(
      list: (
        pageToken: string,
      ) => Promise<{ items?: readonly Item[]; nextPageToken?: string }>,
    ) {
      const all: Item[] = [];
      let pageToken = "";
      do {
        const { items = [], nextPageToken = "" } = await list(pageToken);
        expect(items.length).toBeLessThanOrEqual(7);
        all.push(...items);
        pageToken = nextPageToken;
      } while (pageToken !== "");
      return all;
    }
    const tokensOf = (showRevoked: boolean) =>
      pages<Token>(async (pageToken) => {
        const { tokens, nextPageToken } = messageOf(
          await door.call(
            access.listTokens,
            { pageSize: 7, pageToken, showRevoked },
            admin(),
          ),
        ) as unknown as { tokens: Token[]; nextPageToken: string };
        return { items: tokens, nextPageToken };
      });

    it("an event says the name of the token that made the change, also once it is revoked", async () => {
      const stage = await setStage(server);
      const { token, secret } = messageOf(
        await door.call(
          access.createToken,
          {
            ...{ name: "help desk", organizationId: stage.orgId },
            roles: ["ORG_OWNER"],
          },
          admin(),
        ),
      ) as unknown as { token: Token; secret: string };
      await door.call(
        ManagementService.method.addCustomLockoutPolicy,
        { maxPasswordAttempts: 5 },
        { token: secret },
      );
      const editors = async () =>
        messageOf(
          await door.call(
            AdminService.method.listEvents,
            { editorUserId: token.tokenId },
            admin(),
          ),
        );
      const expected = {
        events: [
          { editor: { userId: token.tokenId, displayName: "help desk" } },
        ],
      };
      expect(await editors()).toMatchObject(expected);
      await door.call(access.revokeToken, { tokenId: token.tokenId }, admin());
      expect(await editors()).toMatchObject(expected);
    });

    it("a token is rotated: both secrets are good until the overlap ends", async () => {
      const stage = await setStage(server);
      const created = messageOf(
        await door.call(
          access.createToken,
          {
            ...{ name: "ours", organizationId: stage.orgId },
            roles: ["ORG_OWNER"],
          },
          admin(),
        ),
      ) as unknown as { token: Token; secret: string };
      const { tokenId } = created.token;
      const stageName = expect.stringMatching(/^stage \d+$/) as string;
      expect(created.token).toMatchObject({ organizationName: stageName });
      const isGood = async (token: string) =>
        (
          await door.call(
            ManagementService.method.getLockoutPolicy,
            {},
            { token },
          )
        ).ok;
      const rotate = async (overlapMs?: number) =>
        messageOf(
          await door.call(
            access.rotateToken,
            {
              tokenId,
              ...(overlapMs !== undefined && {
                overlap: durationFromMs(overlapMs),
              }),
            },
            admin(),
          ),
        ) as unknown as { token: Token; secret: string };
      const rotated = await rotate();
      expect(rotated.token).toMatchObject({
        ...{ tokenId, name: "ours", organizationName: stageName },
        oldSecretExpireTime: time,
      });
      expect(
        Date.parse(rotated.token.oldSecretExpireTime ?? "") - server.now(),
      ).toBeGreaterThan(dayMs - 60_000);
      expect(rotated.secret).not.toBe(created.secret);
      expect([
        await isGood(created.secret),
        await isGood(rotated.secret),
      ]).toEqual([true, true]);
      server.advance(dayMs);
      expect([
        await isGood(created.secret),
        await isGood(rotated.secret),
      ]).toEqual([false, true]);
      const last = await rotate(0);
      expect([await isGood(rotated.secret), await isGood(last.secret)]).toEqual(
        [false, true],
      );

      const found = async (showRevoked: boolean) =>
        (await tokensOf(showRevoked)).find((each) => each.tokenId === tokenId);
      expect(await found(false)).toMatchObject({
        // The hour of the last use.
        lastUseTime: expect.stringMatching(/T\d\d:00:00Z$/) as string,
        organizationName: stageName,
      });
      messageOf(await door.call(access.revokeToken, { tokenId }, admin()));
      expect(await isGood(last.secret)).toBe(false);
      expect(await found(false)).toBeUndefined();
      expect(await found(true)).toMatchObject({
        ...{ name: "ours", organizationName: stageName, revokeTime: time },
        lastUseTime: time,
      });
    });

    it("organisations and tokens come page by page, oldest first", async () => {
      const stages = [];
      for (let index = 0; index < 8; index += 1) {
        stages.push(await setStage(server));
      }
      const orgs = await pages<{ organizationId: string }>(
        async (pageToken) => {
          const { organizations, nextPageToken } = messageOf(
            await door.call(
              access.listOrganizations,
              { pageSize: 7, pageToken },
              admin(),
            ),
          ) as {
            organizations: { organizationId: string }[];
            nextPageToken: string;
          };
          return { items: organizations, nextPageToken };
        },
      );
      expect(
        orgs.slice(-8).map(({ organizationId }) => organizationId),
      ).toEqual(stages.map(({ orgId }) => orgId));
      const tokens = await tokensOf(false);
      expect(new Set(tokens.map(({ tokenId }) => tokenId)).size).toBe(
        tokens.length,
      );
      expect(tokens.length).toBeGreaterThan(8);
    });
  },
);
