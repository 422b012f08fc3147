import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { UserService } from "../../gen/zitadel/user/v2/user_service_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { signInAt, tokenOf } from "../support/sign-in.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { refused } from "./refused.ts";
import { setStage } from "./stage.ts";

// RemoveOrg by every protocol, and what becomes of what was in the organisation.

let server: TestServer;
const programs = signInAt(() => server);

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const admin = AdminService.method;
const attempts = AttemptService.method;
const management = ManagementService.method;
const factor = Factor.PASSWORD;

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
    const remove = (orgId: string, token = server.adminToken) =>
      door.call(admin.removeOrg, { orgId }, { token });
    it("is for who may write the instance, and for no other", async () => {
      for (const role of ["ORG_OWNER", "IAM_ORG_MANAGER", "IAM_OWNER_VIEWER"]) {
        const token = await stage.token([role]);
        await refused(
          remove(stage.orgId, token),
          ...([Code.PermissionDenied, "AUTH-5mWD2"] as const),
        );
      }
      const found = await door.call(
        admin.getOrgByID,
        { id: stage.orgId },
        root(),
      );
      expect(found).toMatchObject({ ok: true });
    });

    it("refuses the first organisation, and those that do not exist", async () => {
      await refused(
        remove(server.firstOrgId),
        ...([Code.FailedPrecondition, "LOCKOUTD-org05"] as const),
      );
      for (const unknown of ["300000000000000009", "x".repeat(201)]) {
        await refused(
          remove(unknown),
          ...([Code.NotFound, "LOCKOUTD-org02"] as const),
        );
      }
    });

    it("ends all that was in it, at the next call", async () => {
      const gone = await setStage(server);
      const { orgId, orgOwner } = gone;
      const everywhere = await gone.token(["IAM_OWNER"]);
      const program = await programs.makeProgram(["ORG_OWNER"], orgId);
      const byKey = await tokenOf(
        programs.byAssertion(programs.assertionOf(program)),
      );
      const bySecret = await tokenOf(programs.byBasic(program));
      const personal = messageOf(
        await door.call(
          management.addPersonalAccessToken,
          { userId: program.userId },
          { token: orgOwner },
        ),
      ) as { token: string };
      const userId = `of ${orgId}`;
      const begun = messageOf(
        await door.call(
          attempts.beginAttempt,
          { subject: { case: "userId", value: userId }, factor },
          { token: orgOwner },
        ),
      ) as { attemptId: string };
      const tokens = [orgOwner, byKey, bySecret, personal.token];
      for (const token of tokens) {
        const me = door.call(AccessService.method.getCaller, {}, { token });
        expect(await me).toMatchObject({ ok: true });
      }

      const { details } = messageOf(await remove(orgId, everywhere)) as {
        details: Record<string, string>;
      };
      expect(details).toEqual({
        sequence: "2",
        changeDate: expect.any(String) as string,
        resourceOwner: orgId,
      });

      for (const token of [...tokens, everywhere]) {
        await refused(
          door.call(AccessService.method.getCaller, {}, { token }),
          ...([Code.Unauthenticated, "AUTH-7fs1e"] as const),
        );
        // On another organisation neither.
        await refused(
          door.call(
            management.getLockoutPolicy,
            {},
            { token, orgId: stage.orgId },
          ),
          ...([Code.Unauthenticated, "AUTH-7fs1e"] as const),
        );
      }
      expect(
        await programs.byAssertion(programs.assertionOf(program)),
      ).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
      expect(await programs.byBasic(program)).toMatchObject({
        ...{ status: 401, body: { error: "invalid_client" } },
      });
      const there = { token: server.adminToken, orgId };
      const { attemptId } = begun;
      const outcome = Outcome.FAILED;
      for (const call of [
        door.call(attempts.completeAttempt, { attemptId, outcome }, there),
        door.call(
          attempts.beginAttempt,
          { subject: { case: "userId", value: userId }, factor },
          there,
        ),
        door.call(management.getMyOrg, {}, there),
      ]) {
        await refused(
          call,
          ...([Code.PermissionDenied, "AUTH-Bs7Ds"] as const),
        );
      }
      await refused(
        door.call(admin.getOrgByID, { id: orgId }, root()),
        ...([Code.NotFound, "LOCKOUTD-org02"] as const),
      );
      expect(
        await door.call(UserService.method.lockUser, { userId }, root()),
      ).toMatchObject({ ok: false, code: Code.NotFound });
      await refused(
        remove(orgId),
        ...([Code.NotFound, "LOCKOUTD-org02"] as const),
      );
      const { events } = messageOf(
        await door.call(
          admin.listEvents,
          { resourceOwner: orgId, asc: false, limit: 1 },
          root(),
        ),
      ) as unknown as { events: readonly { type: { type: string } }[] };
      expect(events.map(({ type }) => type.type)).toEqual(["org.removed"]);
    });
  },
);
