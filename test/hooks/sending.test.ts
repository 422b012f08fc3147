import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Webhook } from "standardwebhooks";
import {
  DeliveryOutcome,
  DisableReason,
  HookState,
} from "../../gen/lockout/v1/hook_service_pb.js";
import { startReceiver } from "./receiver.ts";
import type { Receiver } from "./receiver.ts";
import { startHookStage } from "./stage.ts";
import type { HookStage } from "./stage.ts";

let stage: HookStage;
let receiver: Receiver;

beforeEach(async () => {
  receiver = await startReceiver();
  stage = await startHookStage();
});

afterEach(async () => {
  await stage.server.close();
  await receiver.close();
});

const create = async (more: Record<string, unknown> = {}) => {
  const { hook, secret } = await stage.hooks.createInstanceHook(
    {
      url: receiver.url,
      eventTypes: ["user.locked", "user.unlocked"],
      ...more,
    },
    stage.on(),
  );
  return { id: hook?.hookId ?? "", secret };
};
const types = () => receiver.received.map(({ message }) => message.type);
const subjects = () =>
  receiver.received.map(({ message }) => message.data["userId"]);

describe("events are sent to hooks", () => {
  it("from their creation on, signed, with what happened", async () => {
    await stage.addUser("ann");
    await stage.lock("ann");
    const { id, secret } = await create();
    await stage.unlock("ann");
    const [request] = await receiver.until(1);
    expect(request?.message).toEqual({
      type: "user.unlocked",
      timestamp: expect.stringMatching(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/,
      ) as string,
      data: {
        ...{ userId: "ann", organizationId: stage.server.firstOrgId },
        position: expect.any(Number) as number,
        sequence: 3,
        editor: expect.stringMatching(/^\d{18}$/) as string,
        ...{ aggregateId: "ann", aggregateType: "user" },
      },
    });
    expect(request?.headers["webhook-id"]).toMatch(
      new RegExp(`^${stage.server.instanceId}_\\d+_\\d+$`),
    );
    expect(() =>
      new Webhook(secret).verify(request?.body ?? "", {
        "webhook-id": String(request?.headers["webhook-id"]),
        "webhook-timestamp": String(request?.headers["webhook-timestamp"]),
        "webhook-signature": String(request?.headers["webhook-signature"]),
      }),
    ).not.toThrow();
    await expect
      .poll(() => stage.deliveries(id))
      .toMatchObject([
        { attempt: 1, status: 204, outcome: DeliveryOutcome.DELIVERED },
      ]);
  });

  it("again until they are accepted, and later ones of that user after them", async () => {
    const { id } = await create();
    receiver.respond = ({ message }, _response, count) =>
      message.data["userId"] === "ann" && count < 5 ? 500 : 204;
    await stage.addUser("ann");
    await stage.addUser("bob");
    await stage.lock("ann");
    await receiver.until(1);
    await stage.unlock("ann");
    await stage.lock("bob");
    await receiver.when(
      () => types().filter((type) => type === "user.unlocked").length === 1,
    );
    const ofAnn = receiver.received.filter(
      ({ message }) => message.data["userId"] === "ann",
    );
    expect(ofAnn.map(({ message }) => message.type)).toEqual([
      ...ofAnn.slice(1).map(() => "user.locked"),
      "user.unlocked",
    ]);
    expect(ofAnn.length).toBeGreaterThan(2);
    // The same message, signed anew.
    const ids = ofAnn.map(({ headers }) => headers["webhook-id"]);
    expect(new Set(ids.slice(0, -1)).size).toBe(1);
    expect(subjects().filter((user) => user === "bob")).toHaveLength(1);
    expect(subjects().indexOf("bob")).toBeLessThan(subjects().length - 1);
    await expect
      .poll(async () =>
        (await stage.deliveries(id)).filter(
          ({ outcome }) => outcome === DeliveryOutcome.DELIVERED,
        ),
      )
      .toHaveLength(3);
  });

  it("as often as the schedule says: then the hook that accepted nothing is disabled", async () => {
    const { id } = await create();
    receiver.respond = () => 503;
    await stage.addUser("ann");
    await stage.lock("ann");
    await receiver.until(4);
    await expect
      .poll(() => stage.hooks.getInstanceHook({ hookId: id }, stage.on()))
      .toMatchObject({
        state: HookState.DISABLED,
        disableReason: DisableReason.FAILED,
      });
    await expect
      .poll(async () =>
        (await stage.deliveries(id)).map((d) => [d.attempt, d.outcome]),
      )
      .toEqual([
        [4, DeliveryOutcome.GIVEN_UP],
        [3, DeliveryOutcome.REFUSED],
        [2, DeliveryOutcome.REFUSED],
        [1, DeliveryOutcome.REFUSED],
      ]);
    receiver.respond = () => 204;
    await stage.unlock("ann");
    await stage.hooks.updateInstanceHook(
      { hookId: id, state: HookState.ENABLED },
      stage.on(),
    );
    await stage.lock("ann");
    await receiver.until(5);
    // What happened meanwhile is not sent.
    expect(types().at(-1)).toBe("user.locked");
    expect(receiver.received).toHaveLength(5);
  });

  it("no more where the receiver says 410", async () => {
    const { id } = await create();
    receiver.respond = () => 410;
    await stage.addUser("ann");
    await stage.lock("ann");
    await expect
      .poll(() => stage.hooks.getInstanceHook({ hookId: id }, stage.on()))
      .toMatchObject({ disableReason: DisableReason.GONE });
    expect(receiver.received).toHaveLength(1);
  });

  it("not before the time of Retry-After", async () => {
    await create();
    const times: number[] = [];
    receiver.respond = (_request, response, count) => {
      times.push(performance.now());
      if (count === 1) {
        response.writeHead(429, { "retry-after": "1" }).end("slowly");
        return undefined;
      }
      return 200;
    };
    await stage.addUser("ann");
    await stage.lock("ann");
    await receiver.until(2);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(990);
  });

  it("of their organisation alone", async () => {
    const { organizationId: orgId } = await stage.access.createOrganization(
      { name: "b" },
      stage.on(),
    );
    await stage.hooks.createHook(
      { url: receiver.url, presets: ["lock"] },
      stage.on(orgId),
    );
    await stage.addUser("ann");
    await stage.lock("ann");
    await stage.addUser("bob", orgId);
    await stage.lock("bob", orgId);
    await receiver.until(1);
    expect(subjects()).toEqual(["bob"]);
    const listed = await stage.hooks.listHooks({}, stage.on());
    expect(listed.hooks).toEqual([]);
  });

  it("and none after DeleteHook has answered", async () => {
    const { id } = await create();
    receiver.respond = () => 500;
    for (const user of ["a", "b", "c", "d", "e", "f"]) {
      await stage.addUser(user);
      await stage.lock(user);
    }
    await receiver.until(3);
    await stage.hooks.deleteInstanceHook({ hookId: id }, stage.on());
    const count = receiver.received.length;
    for (const user of ["a", "b", "c", "d", "e", "f"]) {
      await stage.unlock(user);
    }
    const other = await create({ eventTypes: ["user.removed"] });
    await stage.users.deleteUser({ userId: "a" }, stage.on());
    receiver.respond = () => 204;
    await receiver.when(() => types().includes("user.removed"));
    expect(receiver.received.length - count).toBe(1);
    expect(other.id).not.toBe(id);
    await expect(stage.deliveries(id)).rejects.toMatchObject({
      code: Code.NotFound,
    });
  });
});

it("an organisation that is removed has no hooks any more, and the instance's are told", async () => {
  const { organizationId } = await stage.access.createOrganization(
    { name: "gone" },
    stage.on(),
  );
  await stage.hooks.createHook(
    { url: receiver.url, eventTypes: [] },
    stage.on(organizationId),
  );
  await create({ eventTypes: ["org.removed"] });
  await stage.addUser("ann", organizationId);
  await receiver.until(1);
  await stage.admin.removeOrg({ orgId: organizationId }, stage.on());
  await receiver.when(() => types().includes("org.removed"));
  expect(types()).toEqual(["user.human.added", "org.removed"]);
  expect(receiver.received[1]?.message.data).toMatchObject({
    organizationId,
    aggregateType: "org",
  });
});

it("a receiver that hangs is left when the server ends", async () => {
  await create();
  let isLeft = false;
  receiver.respond = (_request, response) => {
    response.on("close", () => {
      isLeft = true;
    });
    return undefined;
  };
  await stage.addUser("ann");
  await stage.lock("ann");
  await receiver.until(1);
  await stage.server.close();
  // The next one is closed behind the test.
  stage = await startHookStage();
  await expect.poll(() => isLeft).toBe(true);
});

it("a receiver that sends interim responses without end is left", async () => {
  const { id } = await create({ eventTypes: ["user.removed"] });
  let isLeft = false;
  receiver.respond = (_request, response) => {
    const flood = () => {
      if (response.destroyed) {
        isLeft = true;
        return;
      }
      for (let count = 0; count < 100; count += 1) {
        response.writeProcessing();
      }
      setImmediate(flood);
    };
    flood();
    return undefined;
  };
  const tried = await stage.hooks.testInstanceHook({ hookId: id }, stage.on());
  expect(tried).toMatchObject({
    status: 0,
    error: "the connection was closed before there was a response",
  });
  await expect.poll(() => isLeft).toBe(true);
});
