import type { MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  HookService,
  HookState,
} from "../../gen/lockout/v1/hook_service_pb.js";
import type { HookSchema } from "../../gen/lockout/v1/hook_service_pb.js";
import { startReceiver } from "../hooks/receiver.ts";
import type { Receiver } from "../hooks/receiver.ts";
import { localHooks } from "../hooks/stage.ts";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { Answer, Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf as jsonOf } from "./situation.ts";
import { setStage } from "./stage.ts";

// Hooks of organisations and of the instance, by every protocol.

let server: TestServer;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  server = await startTestServer({ hooks: localHooks });
});

afterAll(async () => {
  await server.close();
  await receiver.close();
});

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string;
const id = expect.stringMatching(/^\d{18}$/) as string;
const own = HookService.method;

interface HookJson {
  readonly hookId: string;
}
interface Created {
  readonly hook: HookJson;
  readonly secret: string;
}
interface DeliveryJson {
  readonly deliveryId: string;
  readonly eventId: string;
}

const kinds = {
  organization: {
    create: own.createHook,
    list: own.listHooks,
    get: own.getHook,
    update: own.updateHook,
    delete: own.deleteHook,
    rotate: own.rotateHook,
    test: own.testHook,
    deliveries: own.listHookDeliveries,
    redeliver: own.redeliverHookDelivery,
    other: own.getInstanceHook,
  },
  instance: {
    create: own.createInstanceHook,
    list: own.listInstanceHooks,
    get: own.getInstanceHook,
    update: own.updateInstanceHook,
    delete: own.deleteInstanceHook,
    rotate: own.rotateInstanceHook,
    test: own.testInstanceHook,
    deliveries: own.listInstanceHookDeliveries,
    redeliver: own.redeliverInstanceHookDelivery,
    other: own.getHook,
  },
};

// What a test says of a message is its own business.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
const messageOf = <Message = unknown>(answer: Answer) =>
  jsonOf(answer) as Message;

const refused = (idOfError: string, answer: Answer) => {
  expect(answer).toMatchObject({
    ok: false,
    message: expect.stringContaining(idOfError) as string,
  });
};

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    let door: Door;
    beforeAll(() => {
      door = openDoor(server.url, doorName);
    });

    it.each(["organization", "instance"] as const)(
      "a hook of the %s is made, seen, changed, tried and deleted",
      async (kind) => {
        const calls = kinds[kind];
        // What may be tried within a minute begins anew.
        server.advance(60_000);
        const { orgId } = await setStage(server);
        const as = { token: server.adminToken, orgId };
        const created = messageOf<Created>(
          await door.call(
            calls.create,
            {
              ...{ url: `${receiver.url}/x`, presets: ["lock"] },
              // Set by the server alone.
              ...{
                hookId: "7",
                organizationId: "8",
                state: HookState.DISABLED,
              },
            },
            as,
          ),
        );
        const shown = {
          ...{ hookId: id, url: `${receiver.url}/x`, presets: ["lock"] },
          ...(kind === "organization" && { organizationId: orgId }),
          ...{ state: "HOOK_STATE_ENABLED", createTime: time },
          updateTime: time,
        };
        expect(created).toEqual({
          hook: shown,
          secret: expect.stringMatching(/^whsec_[\w+/]{43}=$/) as string,
        });
        const { hookId } = created.hook;
        const one = { hookId };
        expect(messageOf(await door.call(calls.get, one, as))).toEqual(shown);
        const listed = messageOf<{ hooks: readonly HookJson[] }>(
          await door.call(calls.list, { pageSize: 1000 }, as),
        );
        expect(listed.hooks).toContainEqual(shown);
        refused("hok01", await door.call(calls.other, one, as));

        const changed = messageOf(
          await door.call(
            calls.update,
            {
              ...{ hookId, eventTypes: ["user.locked"] },
              state: HookState.DISABLED,
            },
            as,
          ),
        );
        expect(changed).not.toHaveProperty("presets");
        expect(changed).toMatchObject({
          ...{ eventTypes: ["user.locked"], state: "HOOK_STATE_DISABLED" },
          disableReason: "DISABLE_REASON_ADMINISTRATOR",
        });
        expect(messageOf(await door.call(calls.rotate, one, as))).toMatchObject(
          {
            hook: { oldSecretExpireTime: time },
            secret: expect.not.stringContaining(created.secret) as string,
          },
        );

        // Also where it is disabled, and that it stays.
        const tested = messageOf<DeliveryJson>(
          await door.call(calls.test, one, as),
        );
        expect(tested).toMatchObject({
          ...{ deliveryId: id, attempt: 1, time, status: 204 },
          outcome: "DELIVERY_OUTCOME_DELIVERED",
        });
        const again = messageOf(
          await door.call(
            calls.redeliver,
            { hookId, deliveryId: tested.deliveryId },
            as,
          ),
        );
        expect(again).toMatchObject({ eventId: tested.eventId, attempt: 2 });
        const kept = messageOf<{ deliveries: readonly DeliveryJson[] }>(
          await door.call(calls.deliveries, one, as),
        );
        expect(kept.deliveries).toEqual([again, tested]);
        expect(
          messageOf(
            await door.call(
              calls.update,
              { hookId, state: HookState.ENABLED },
              as,
            ),
          ),
        ).not.toHaveProperty("disableReason");
        const seven: object = { hookId, state: 7 };
        const unknownState = await door.call(calls.update, seven, as);
        refused("hok08", unknownState);
        expect(unknownState).toMatchObject({
          message: expect.stringMatching(/7.*ENABLED.*DISABLED/) as string,
          violations: [{ field: "state" }],
        });

        refused(
          "hok05",
          await door.call(
            calls.redeliver,
            { hookId, deliveryId: "999999999999999999" },
            as,
          ),
        );
        expect(await door.call(calls.delete, one, as)).toMatchObject({
          ok: true,
        });
        refused("hok01", await door.call(calls.get, one, as));
        refused("hok01", await door.call(calls.delete, one, as));
        refused("hok01", await door.call(calls.rotate, one, as));
        refused("hok01", await door.call(calls.test, one, as));
        refused("hok01", await door.call(calls.deliveries, one, as));
        refused("hok01", await door.call(calls.update, one, as));
      },
    );

    it("what cannot be is refused, with its field", async () => {
      const { orgOwner: token } = await setStage(server);
      const url = receiver.url;
      const bad: [MessageInitShape<typeof HookSchema>, string][] = [
        [{ url: "ftp://example.com" }, "url"],
        [{ url: "" }, "url"],
        [{ url: `https://example.com/${"a".repeat(2000)}` }, "url"],
        [{ url: "https://ann:pw@example.com/" }, "url"],
        [{ url: "http://169.254.169.254/latest" }, "url"],
        [{ url, eventTypes: ["user.lokced"] }, "event_types"],
        [{ url, presets: ["locks"] }, "presets"],
      ];
      for (const [hook, field] of bad) {
        const answer = await door.call(own.createHook, hook, { token });
        expect(answer).toMatchObject({
          ok: false,
          violations: [{ field }],
        });
      }
      const listed = await door.call(own.listHooks, {}, { token });
      expect(messageOf(listed)).toEqual({});
    });
  },
);
