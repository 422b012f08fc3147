import type { JsonObject } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PolicyService } from "../../gen/lockout/v1/policy_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import { grpcDoor, setStage } from "./stage.ts";

// The changes of policies, and the way back to one: `test/contract` knows all that the log rebuilds.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    defaultPolicy: { maxPasswordAttempts: 10, maxOtpAttempts: 5 },
  });
});
afterAll(() => server.close());

const policies = PolicyService.method;
const management = ManagementService.method;

interface Change {
  readonly position: string;
  readonly before?: JsonObject;
  readonly after?: JsonObject;
}
interface Changes {
  readonly changes: readonly Change[];
  readonly nextPageToken?: string;
}

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    const open = () => openDoor(server.url, doorName);

    it("an organisation's changes are listed newest first, and rolled back by new ones", async () => {
      const door = open();
      const { orgOwner, orgId } = await setStage(server);
      const headers = { token: orgOwner };
      const list = async (request = {}) =>
        messageOf(
          await door.call(policies.listPolicyChanges, request, headers),
        ) as unknown as Changes;
      const inherited = messageOf(
        await door.call(policies.getPolicy, {}, headers),
      );
      expect(await list()).not.toHaveProperty("changes[0]");

      await door.call(
        management.addCustomLockoutPolicy,
        { maxPasswordAttempts: 3 },
        headers,
      );
      const added = messageOf(await door.call(policies.getPolicy, {}, headers));
      const ruled = messageOf(
        await door.call(
          policies.setRules,
          { rules: { lockDuration: durationFromMs(900_000) } },
          headers,
        ),
      );
      await door.call(management.resetLockoutPolicyToDefault, {}, headers);

      const { changes, nextPageToken } = await list();
      expect(nextPageToken ?? "").toBe("");
      expect(changes).toMatchObject([
        { eventType: "org.policy.lockout.removed", after: inherited },
        { eventType: "org.policy.lockout.rules.removed", before: ruled },
        {
          eventType: "org.policy.lockout.rules.changed",
          ...{ before: added, after: ruled },
        },
        {
          eventType: "org.policy.lockout.added",
          changeTime: expect.stringMatching(/^\d{4}-.*Z$/) as string,
          editor: expect.stringMatching(/^\d{18}$/) as string,
          ...{ before: inherited, after: added },
        },
      ]);
      const [last] = changes;
      const first = await list({ pageSize: 3 });
      expect(first.changes).toEqual(changes.slice(0, 3));
      expect(
        await list({ pageSize: 3, pageToken: first.nextPageToken }),
      ).toEqual({ changes: changes.slice(3) });

      const { etag } = inherited as { etag: string };
      const back = async (change: string | undefined, known = "") =>
        door.call(
          policies.rollBackPolicy,
          { change: change ?? "", etag: known },
          headers,
        );
      const rolled = messageOf(await back(changes[2]?.position, etag));
      const { maxPasswordAttempts, rules, rulesFrom } = ruled as JsonObject;
      expect(rolled).toMatchObject({
        ...{ maxPasswordAttempts, rules, rulesFrom },
        numbersFrom: "POLICY_SOURCE_ORGANIZATION",
      });
      expect((await list()).changes).toHaveLength(6);
      // Of which he no longer knows.
      expect(await back(changes[2]?.position, etag)).toMatchObject({
        ...{ ok: false, code: Code.Aborted },
        details: [{ id: "LOCKOUTD-pol02" }],
      });
      // What holds already.
      expect(messageOf(await back(changes[2]?.position))).toEqual(rolled);
      expect((await list()).changes).toHaveLength(6);
      // To none of its own.
      expect(messageOf(await back(last?.position))).toEqual(inherited);

      const other = await setStage(server);
      for (const [change, token] of [
        [last?.position, other.orgOwner],
        ["0", orgOwner],
        ["", orgOwner],
        ["-1", orgOwner],
        ["last", orgOwner],
        ["9".repeat(15), orgOwner],
        ["9".repeat(200), orgOwner],
      ] as const) {
        expect(
          await door.call(
            policies.rollBackPolicy,
            { change: change ?? "" },
            { token },
          ),
        ).toMatchObject({
          ...{ ok: false, code: Code.NotFound },
          details: [{ id: "LOCKOUTD-pol05" }],
        });
      }
      expect(
        await door.call(
          policies.rollBackInstancePolicy,
          { change: last?.position ?? "" },
          { token: server.adminToken, orgId },
        ),
      ).toMatchObject({ ok: false, code: Code.NotFound });
    });

    it("refuses pages that are none", async () => {
      const door = open();
      const { orgOwner } = await setStage(server);
      for (const request of [
        { pageSize: -1 },
        { pageToken: "x" },
        { pageToken: "x".repeat(3000) },
      ]) {
        expect(
          await door.call(policies.listPolicyChanges, request, {
            token: orgOwner,
          }),
        ).toMatchObject({ ok: false, code: Code.InvalidArgument });
      }
    });

    it("the default policy's are for callers on the instance", async () => {
      const door = open();
      const { orgOwner } = await setStage(server);
      const admin = { token: server.adminToken };
      const list = async () => {
        const page = messageOf(
          await door.call(policies.listInstancePolicyChanges, {}, admin),
        );
        return (page as unknown as Changes).changes;
      };
      const [before] = await list();
      await door.call(
        AdminService.method.updateLockoutPolicy,
        { maxPasswordAttempts: 99 },
        admin,
      );
      const [changed] = await list();
      expect(changed).toMatchObject({
        eventType: "instance.policy.lockout.changed",
        ...{ before: before?.after, after: { maxPasswordAttempts: "99" } },
        editorName: "administrator",
      });
      expect(
        messageOf(
          await door.call(
            policies.rollBackInstancePolicy,
            { change: before?.position ?? "" },
            admin,
          ),
        ),
      ).toMatchObject({ maxPasswordAttempts: "10", maxOtpAttempts: "5" });
      for (const answer of [
        await door.call(
          ...([policies.listInstancePolicyChanges, {}] as const),
          { token: orgOwner },
        ),
        await door.call(...([policies.rollBackInstancePolicy, {}] as const), {
          token: orgOwner,
        }),
      ]) {
        expect(answer).toMatchObject({
          ok: false,
          code: Code.PermissionDenied,
        });
      }
    });
  },
);

it("the first change of the default policy has nothing before it, and JSON takes If-Match", async () => {
  const stage = await setStage(server);
  const admin = { token: server.adminToken };
  let token = "";
  let oldest: Change | undefined;
  do {
    const page = messageOf(
      await grpcDoor(stage).call(
        policies.listInstancePolicyChanges,
        { pageSize: 2, pageToken: token },
        admin,
      ),
    ) as unknown as Changes;
    token = page.nextPageToken ?? "";
    oldest = page.changes.at(-1);
  } while (token !== "");
  expect(oldest).not.toHaveProperty("before");
  expect(oldest).toMatchObject({
    eventType: "instance.policy.lockout.added",
    after: { maxPasswordAttempts: "10", maxOtpAttempts: "5" },
  });

  const response = await fetch(
    `${server.url}/lockout/v1/instance/policy:rollBack`,
    {
      method: "POST",
      headers: {
        authorization: `Bearer ${server.adminToken}`,
        "if-match": '"other"',
      },
      body: JSON.stringify({ change: oldest?.position }),
    },
  );
  expect(response.status).toBe(412);
});
