import type { JsonObject } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { SettingsService } from "../../gen/zitadel/settings/v2/settings_service_pb.js";
import { SettingsService as SettingsServiceBeta } from "../../gen/zitadel/settings/v2beta/settings_service_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import { setStage } from "./stage.ts";

// Sections 2 and 6 of the contract, by every door: what an answer's details hold, and which events are written.

let server: TestServer;
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const admin = AdminService.method;
const management = ManagementService.method;

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    let door: Door;

    beforeAll(() => {
      door = openDoor(server.url, doorName);
    });

    it("an organisation's policy lives: added, changed, removed, added again", async () => {
      const { orgId, orgOwner, server } = await newStage();
      const headers = { token: orgOwner };
      const read = async () =>
        messageOf(await door.call(management.getLockoutPolicy, {}, headers));

      const byDefault = await read();
      expect(byDefault).toMatchObject({
        policy: {
          isDefault: true,
          details: { resourceOwner: server.instanceId },
        },
        isDefault: true,
      });

      const added = await door.call(
        management.addCustomLockoutPolicy,
        { maxPasswordAttempts: 5, maxOtpAttempts: 3 },
        headers,
      );
      expect(messageOf(added)).toEqual({
        details: { sequence: "2", creationDate: time, resourceOwner: orgId },
      });
      expect(await read()).toEqual({
        policy: {
          details: {
            sequence: "2",
            creationDate: time,
            changeDate: time,
            resourceOwner: orgId,
          },
          maxPasswordAttempts: "5",
          maxOtpAttempts: "3",
        },
      });

      // An update replaces both numbers: one left out is 0.
      const updated = await door.call(
        management.updateCustomLockoutPolicy,
        { maxPasswordAttempts: 6 },
        headers,
      );
      expect(messageOf(updated)).toEqual({
        details: { sequence: "3", changeDate: time, resourceOwner: orgId },
      });
      expect(await read()).toEqual({
        policy: {
          details: {
            sequence: "3",
            creationDate: time,
            changeDate: time,
            resourceOwner: orgId,
          },
          maxPasswordAttempts: "6",
        },
      });

      const removed = await door.call(
        management.resetLockoutPolicyToDefault,
        {},
        headers,
      );
      expect(messageOf(removed)).toEqual({
        details: { sequence: "4", changeDate: time, resourceOwner: orgId },
      });
      expect(await read()).toEqual(byDefault);

      const again = await door.call(
        management.addCustomLockoutPolicy,
        {},
        headers,
      );
      expect(messageOf(again)).toMatchObject({ details: { sequence: "5" } });

      const events = await door.call(
        admin.listEvents,
        { asc: true, aggregateId: orgId },
        { token: server.adminToken },
      );
      const shown = (messageOf(events) as { events: JsonObject[] }).events;
      expect(
        shown.map(({ sequence, type, payload }) => ({
          sequence,
          type,
          payload,
        })),
      ).toEqual([
        {
          sequence: "1",
          type: { type: "org.added" },
          payload: { name: expect.stringContaining("stage") as string },
        },
        {
          sequence: "2",
          type: { type: "org.policy.lockout.added" },
          payload: { maxPasswordAttempts: 5, maxOTPAttempts: 3 },
        },
        {
          sequence: "3",
          type: { type: "org.policy.lockout.changed" },
          payload: { maxPasswordAttempts: 6, maxOTPAttempts: 0 },
        },
        {
          sequence: "4",
          type: { type: "org.policy.lockout.removed" },
          payload: undefined,
        },
        {
          sequence: "5",
          type: { type: "org.policy.lockout.added" },
          payload: {},
        },
      ]);
      expect(shown[0]).toMatchObject({
        aggregate: { id: orgId, type: { type: "org" }, resourceOwner: orgId },
        creationDate: time,
        editor: { userId: expect.stringMatching(/^\d{18}$/) as string },
      });
    });

    it("the default policy is changed, and shown as the default everywhere", async () => {
      const { orgOwner, server } = await newStage();
      const headers = { token: server.adminToken };
      const before = messageOf(
        await door.call(admin.getLockoutPolicy, {}, headers),
      ) as { policy: { maxPasswordAttempts?: string } };
      const next = Number(before.policy.maxPasswordAttempts ?? "0") + 1;

      const updated = messageOf(
        await door.call(
          admin.updateLockoutPolicy,
          { maxPasswordAttempts: next },
          headers,
        ),
      );
      expect(updated).toEqual({
        details: {
          sequence: expect.stringMatching(/^\d+$/) as string,
          changeDate: time,
          resourceOwner: server.instanceId,
        },
      });
      const { details } = updated as { details: { sequence: string } };

      const policy = {
        details: {
          sequence: details.sequence,
          creationDate: time,
          changeDate: time,
          resourceOwner: server.instanceId,
        },
        maxPasswordAttempts: String(next),
        isDefault: true,
      };
      expect(
        messageOf(await door.call(admin.getLockoutPolicy, {}, headers)),
      ).toEqual({ policy });
      expect(
        messageOf(
          await door.call(
            management.getDefaultLockoutPolicy,
            {},
            { token: orgOwner },
          ),
        ),
      ).toEqual({ policy });
    });

    it.each([
      ["v2", SettingsService],
      ["v2beta", SettingsServiceBeta],
    ] as const)(
      "%s settings say whose they are",
      async (_version, { method }) => {
        const { orgId, orgOwner, server } = await newStage();
        const headers = { token: orgOwner };
        const settings = async (
          ctx?:
            | { case: "orgId"; value: string }
            | { case: "instance"; value: boolean },
        ) =>
          messageOf(
            await door.call(
              method.getLockoutSettings as typeof SettingsService.method.getLockoutSettings,
              ctx === undefined ? {} : { ctx: { resourceOwner: ctx } },
              headers,
            ),
          );
        const instances = await settings({ case: "instance", value: true });
        expect(instances).toMatchObject({
          details: { resourceOwner: server.instanceId },
          settings: { resourceOwnerType: "RESOURCE_OWNER_TYPE_INSTANCE" },
        });
        expect(await settings()).toEqual(instances);
        await door.call(
          management.addCustomLockoutPolicy,
          { maxPasswordAttempts: 5, maxOtpAttempts: 3 },
          headers,
        );
        const own = {
          details: {
            sequence: "2",
            creationDate: time,
            changeDate: time,
            resourceOwner: orgId,
          },
          settings: {
            maxPasswordAttempts: "5",
            maxOtpAttempts: "3",
            resourceOwnerType: "RESOURCE_OWNER_TYPE_ORG",
          },
        };
        expect(await settings()).toEqual(own);
        expect(await settings({ case: "orgId", value: orgId })).toEqual(own);
        expect(
          await settings({ case: "orgId", value: "999999999999999999" }),
        ).toEqual(instances);
        // The permission is that of the call's organisation, whichever one ctx names.
        const stranger = await door.call(
          method.getLockoutSettings as typeof SettingsService.method.getLockoutSettings,
          { ctx: { resourceOwner: { case: "orgId", value: orgId } } },
          { token: (await newStage()).orgOwner },
        );
        expect(messageOf(stranger)).toEqual(own);
        expect(await settings({ case: "instance", value: true })).toEqual(
          instances,
        );
      },
    );

    it("who tries is recorded with the event, cut at a whole character", async () => {
      const { orgId, orgOwner, server, userId } = await newStage();
      const key = "\u{1f511}";
      await door.call(
        AttemptService.method.reportAttempt,
        {
          subject: { case: "userId", value: userId },
          factor: Factor.PASSWORD,
          outcome: Outcome.SUCCEEDED,
          client: {
            address: "192.0.2.7",
            userAgent: `${"a".repeat(999)}${key}${key}`,
            device: key.repeat(1000),
          },
        },
        { token: orgOwner },
      );
      const events = await door.call(
        admin.listEvents,
        { limit: 1, aggregateId: userId, resourceOwner: orgId },
        { token: server.adminToken },
      );
      expect(messageOf(events)).toMatchObject({
        events: [
          {
            type: { type: "user.human.password.check.succeeded" },
            payload: {
              address: "192.0.2.7",
              userAgent: `${"a".repeat(999)}${key}`,
              device: key.repeat(1000),
            },
          },
        ],
      });
    });

    it("Healthz needs no token, and is not unpacked from Brotli", async () => {
      if (doorName.includes(" br ") && !doorName.startsWith("REST")) {
        const refused = await door.call(admin.healthz, {}, {});
        expect(refused).toMatchObject({ ok: false, code: Code.Unimplemented });
        return;
      }
      expect(messageOf(await door.call(admin.healthz, {}, {}))).toEqual({});
      expect(messageOf(await door.call(management.healthz, {}, {}))).toEqual(
        {},
      );
    });

    it("an empty organisation header is none", async () => {
      const { orgOwner } = await newStage();
      const answer = await door.call(
        management.getLockoutPolicy,
        {},
        { token: orgOwner, orgId: "" },
      );
      expect(messageOf(answer)).toMatchObject({ isDefault: true });
    });
  },
);

function newStage() {
  return setStage(server);
}
