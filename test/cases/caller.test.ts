import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { permissions, roles } from "../../src/auth/roles.ts";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf, refusal, refusalAnswer } from "./situation.ts";
import { setStage } from "./stage.ts";

// Who calls, and what it may do: what a program needs to know that shows only what its user may do.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const { getCaller } = AccessService.method;
const id = expect.stringMatching(/^\d{18}$/) as string;

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    const call = (headers: { token?: string; orgId?: string }) =>
      openDoor(server.url, doorName).call(getCaller, {}, headers);

    it("says the token, its organisation, its roles, and what they permit", async () => {
      const { orgId, token } = await setStage(server);
      const caller = messageOf(
        await call({
          token: await token(["ORG_OWNER_VIEWER", "ORG_SETTINGS_MANAGER"], 5e6),
        }),
      );
      expect(caller).toEqual({
        id,
        organizationId: orgId,
        organizationName: expect.stringMatching(/^stage \d+$/) as string,
        roles: ["ORG_OWNER_VIEWER", "ORG_SETTINGS_MANAGER"],
        permissions: [
          ...["policy.read", "policy.write", "policy.delete", "user.read"],
          ...["org.read", "org.global.read", "user.global.read"],
        ],
        expireTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      });
    });

    it("says what it may do in the organisation of the call", async () => {
      const { orgId, orgOwner, token } = await setStage(server);
      expect(messageOf(await call({ token: server.adminToken }))).toMatchObject(
        { organizationId: server.firstOrgId, permissions: [...permissions] },
      );
      expect(
        messageOf(await call({ token: server.adminToken, orgId })),
      ).toMatchObject({
        organizationId: server.firstOrgId,
        permissions: [...permissions],
      });
      // Of a role that does not hold there, nothing.
      const elsewhere = messageOf(
        await call({ token: orgOwner, orgId: server.firstOrgId }),
      );
      expect(elsewhere).toMatchObject({
        organizationId: orgId,
        roles: ["ORG_OWNER"],
      });
      expect(elsewhere).not.toHaveProperty("permissions");
      const both = await token(["IAM_USER_MANAGER", "ORG_OWNER"]);
      expect(
        messageOf(await call({ token: both, orgId: server.firstOrgId })),
      ).toMatchObject({ permissions: [...roles.IAM_USER_MANAGER] });
    });

    it("refuses who is not known", async () => {
      expect(await call({ token: "no such token" })).toEqual(
        refusalAnswer(
          refusal.unauthenticated("AUTH-7fs1e", "Errors.Token.Invalid"),
          doorName,
        ),
      );
    });
  },
);
