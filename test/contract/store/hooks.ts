import { beforeEach, describe, expect, it } from "vitest";
import { keptDeliveries, maxHooks } from "../../../src/store/hooks.ts";
import type {
  HookProgress,
  HookRecord,
  HookRetry,
  NewDelivery,
  NewHook,
} from "../../../src/store/hooks.ts";
import { everyItem } from "../../../src/store/pages.ts";
import { firstPage } from "../../support/first-page.ts";
import type { StoreBed } from "./bed.ts";
import { init, start } from "./samples.ts";

const id = expect.stringMatching(/^\d{18}$/) as string;

const sealSecret = () => "s1";

function newHook(owner: string | undefined, more: Partial<NewHook> = {}) {
  return {
    ...{ owner, url: "https://example.com/ü?a=b", sealSecret },
    ...{ eventTypes: ["user.locked"], presets: ["security"] as const },
    ...more,
  };
}

function delivery(more: Partial<NewDelivery> = {}): NewDelivery {
  return {
    ...{ eventId: "1_2_3", position: 2, attempt: 1, time: start },
    ...{ status: 503, error: "", response: "ü".repeat(500) },
    ...{ nextTime: start + 5, outcome: "refused" as const },
    ...more,
  };
}

const stream = {
  aggregateType: "user",
  resourceOwner: "300000000000000001",
  aggregateId: "ann 😀",
} as const;
const retry: HookRetry = {
  ...stream,
  ...{ position: 7, attempts: 2, firstTime: start, nextTime: start + 9 },
};

function progress(hook: HookRecord, more: Partial<HookProgress> = {}) {
  return {
    ...{ hookId: hook.id, since: hook.since, position: hook.position + 5 },
    lastSuccess: undefined,
    ...{ retries: [], done: [], deliveries: [] },
    ...more,
  };
}

export function describeHooks(bed: StoreBed): void {
  describe("hooks", () => {
    let orgId: string;
    let instanceId: string;

    beforeEach(async () => {
      const instance = await bed.store.initialise(init);
      instanceId = instance.id;
      ({ id: orgId } = await bed.store.createOrg("a", "e"));
    });

    const hookEvents = async () =>
      (await bed.events()).filter(({ type }) => type.includes(".hook."));

    it("begin behind the event of their creation", async () => {
      const before = await bed.store.lastPosition();
      const hook = await bed.store.createHook(newHook(orgId), "ann");
      const since = await bed.store.lastPosition();
      expect(since).toBe(before + 1);
      expect(hook).toEqual({
        ...{ owner: orgId, url: newHook(orgId).url, sealedSecret: "s1" },
        ...{ eventTypes: ["user.locked"], presets: ["security"] },
        ...{ id, oldSecret: undefined, disableReason: undefined },
        ...{ creationDate: start, changeDate: start, since, position: since },
        lastSuccess: undefined,
      });
      expect(await bed.store.findHook(hook.id)).toEqual(hook);
      expect(await bed.store.findHook("9")).toBeUndefined();
      expect(await bed.store.findHook("9".repeat(100_000))).toBeUndefined();
      expect(await hookEvents()).toMatchObject([
        {
          ...{ position: since, aggregateType: "org", aggregateId: orgId },
          ...{ type: "org.hook.added", editor: "ann" },
          payload: {
            ...{ hookId: hook.id, url: "https://example.com" },
            ...{ eventTypes: ["user.locked"], presets: ["security"] },
          },
        },
      ]);
    });

    it("are the instance's where they have no organisation", async () => {
      const hook = await bed.store.createHook(
        newHook(undefined, { eventTypes: [], presets: [] }),
        "e",
      );
      expect(hook.owner).toBeUndefined();
      expect(await hookEvents()).toMatchObject([
        {
          ...{ aggregateType: "instance", aggregateId: instanceId },
          // Whoever may read events may not read hooks, and a path is often a secret.
          payload: { hookId: hook.id, url: "https://example.com" },
        },
      ]);
      const decide = () => ({ isEnabled: false });
      const foreign = [orgId, hook.id, "e"] as const;
      expect(await bed.store.changeHook(...foreign, decide)).toBeUndefined();
      expect(await bed.store.removeHook(...foreign)).toBe(false);
      expect((await bed.store.listHooks(orgId, firstPage)).items).toEqual([]);
      expect((await bed.store.listHooks(undefined, firstPage)).items).toEqual([
        hook,
      ]);
    });

    it("are so many and no more, however many are created at once", async () => {
      const results = await Promise.allSettled(
        Array.from({ length: maxHooks.org + 3 }, () =>
          bed.store.createHook(newHook(orgId), "e"),
        ),
      );
      const created = results.filter(({ status }) => status === "fulfilled");
      expect(created).toHaveLength(maxHooks.org);
      for (const result of results) {
        if (result.status === "rejected") {
          expect(result.reason).toMatchObject({
            entry: { id: "LOCKOUTD-hok04" },
          });
        }
      }
      await bed.store.createHook(newHook(undefined), "e");
      const { id: other } = await bed.store.createOrg("b", "e");
      await bed.store.createHook(newHook(other), "e");

      const listed: HookRecord[] = [];
      for await (const hook of everyItem(({ after }) =>
        bed.store.listHooks(orgId, { size: 3, after }),
      )) {
        listed.push(hook);
      }
      expect(listed.map((hook) => hook.id)).toEqual(
        listed.map((hook) => hook.id).toSorted(),
      );
      expect(listed).toHaveLength(maxHooks.org);
    });

    it("change with an event for each thing, and none where nothing does", async () => {
      const hook = await bed.store.createHook(newHook(orgId), "e");
      bed.time += 5;
      const settings = { ...newHook(orgId), url: "https://b.example/" };
      expect(
        await bed.store.changeHook(orgId, hook.id, "e", (found) => {
          expect(found).toEqual(hook);
          return { settings: hook, isEnabled: true };
        }),
      ).toEqual(hook);
      const changed = await bed.store.changeHook(orgId, hook.id, "bob", () => ({
        ...{ settings, isEnabled: false },
        secret: { sealed: "s2", oldExpirationDate: start + 86_400_005 },
      }));
      expect(changed).toEqual({
        ...hook,
        ...{ url: settings.url, sealedSecret: "s2", changeDate: start + 5 },
        oldSecret: { sealed: "s1", expirationDate: start + 86_400_005 },
        disableReason: "administrator",
      });
      expect(await bed.store.findHook(hook.id)).toEqual(changed);
      expect((await hookEvents()).slice(1)).toMatchObject([
        { type: "org.hook.changed", editor: "bob" },
        {
          type: "org.hook.secret.rotated",
          payload: {
            hookId: hook.id,
            oldSecretExpiration: "2026-01-03T03:04:05.011Z",
          },
        },
        {
          type: "org.hook.disabled",
          payload: { reason: "DISABLE_REASON_ADMINISTRATOR" },
        },
      ]);
      expect(await bed.store.listSendingHooks("", 10)).toEqual([]);
    });

    it("that are enabled again begin behind that, and nothing waits", async () => {
      const hook = await bed.store.createHook(newHook(orgId), "e");
      await bed.store.leaseSending("n", 1000);
      const waiting = progress(hook, { retries: [retry] });
      expect(await bed.store.recordSending("n", 1, [waiting])).toBe(true);
      expect(await bed.store.listHookRetries(hook.id)).toEqual([retry]);

      expect(await bed.store.disableHook(hook.id, hook.since, "gone")).toBe(
        true,
      );
      expect(await bed.store.disableHook(hook.id, hook.since, "gone")).toBe(
        false,
      );
      expect(await bed.store.listHookRetries(hook.id)).toEqual([]);
      expect((await hookEvents()).at(-1)).toMatchObject({
        ...{ type: "org.hook.disabled", editor: "SYSTEM" },
        payload: { hookId: hook.id, reason: "DISABLE_REASON_GONE" },
      });
      const enabled = await bed.store.changeHook(orgId, hook.id, "e", () => ({
        settings: { ...newHook(orgId), presets: [] },
        isEnabled: true,
      }));
      const last = await bed.store.lastPosition();
      expect(enabled).toMatchObject({ since: last, position: last });
      expect(enabled?.disableReason).toBeUndefined();
      // What was under way before is not written.
      await bed.store.recordSending("n", 1, [
        { ...waiting, deliveries: [delivery()] },
      ]);
      expect(await bed.store.findHook(hook.id)).toEqual(enabled);
      expect(await bed.store.listHookRetries(hook.id)).toEqual([]);
      expect(
        (await bed.store.listHookDeliveries(hook.id, firstPage)).items,
      ).toHaveLength(1);
      expect(await bed.store.listSendingHooks("", 10)).toEqual([
        { ...enabled, hasRetries: false },
      ]);
      expect(await bed.store.disableHook(hook.id, hook.since, "gone")).toBe(
        false,
      );
    });

    it("say how far they are, and what waits", async () => {
      const hook = await bed.store.createHook(newHook(orgId), "e");
      const lease = await bed.store.leaseSending("n", 1000);
      expect(lease).toEqual({ position: undefined });
      const other = { ...retry, aggregateId: "bob" };
      await bed.store.recordSending("n", 12, [
        progress(hook, { lastSuccess: start + 3, retries: [retry, other] }),
      ]);
      expect(await bed.store.leaseSending("n", 1000)).toEqual({ position: 12 });
      expect(await bed.store.findHook(hook.id)).toEqual({
        ...hook,
        ...{ position: hook.position + 5, lastSuccess: start + 3 },
      });
      const later = { ...other, attempts: 0, position: 9 };
      await bed.store.recordSending("n", 12, [
        progress(hook, { retries: [later], done: [stream] }),
      ]);
      expect(await bed.store.listHookRetries(hook.id)).toEqual([later]);
      expect(await bed.store.listSendingHooks("", 10)).toMatchObject([
        { id: hook.id, hasRetries: true },
      ]);
      expect(await bed.store.listSendingHooks(hook.id, 10)).toEqual([]);
      expect(await bed.store.findHook(hook.id)).toMatchObject({
        lastSuccess: start + 3,
      });
      // A change leaves that.
      await bed.store.changeHook(orgId, hook.id, "e", () => ({
        secret: { sealed: "s2", oldExpirationDate: start },
      }));
      expect(await bed.store.findHook(hook.id)).toMatchObject({
        position: hook.position + 5,
      });
    });

    it("are sent to by the process with the lease alone", async () => {
      const hook = await bed.store.createHook(newHook(orgId), "e");
      expect(await bed.store.leaseSending("one", 1000)).toBeDefined();
      expect(await bed.store.leaseSending("two", 1000)).toBeUndefined();
      bed.time += 999;
      expect(await bed.store.leaseSending("two", 1000)).toBeUndefined();
      expect(await bed.store.leaseSending("one", 1000)).toBeDefined();
      expect(await bed.store.leaseSending("one", 1000)).toBeDefined();
      // A store that one process alone serves is in no hurry.
      bed.time += 3_600_000;
      expect(await bed.store.leaseSending("two", 1000)).toBeDefined();
      const late = progress(hook, { retries: [retry] });
      expect(await bed.store.recordSending("one", 9, [late])).toBe(false);
      expect(await bed.store.listHookRetries(hook.id)).toEqual([]);
      await bed.store.releaseSending("one");
      expect(await bed.store.leaseSending("one", 1000)).toBeUndefined();
      await bed.store.releaseSending("two");
      expect(await bed.store.leaseSending("one", 1000)).toBeDefined();
    });

    it("keep the newest deliveries, for a week", async () => {
      const hook = await bed.store.createHook(newHook(orgId), "e");
      await bed.store.leaseSending("n", 1e12);
      const first = await bed.store.addHookDelivery(hook.id, delivery());
      expect(first).toEqual({ ...delivery(), id });
      expect(
        await bed.store.addHookDelivery("300000000000000009", delivery()),
      ).toBeUndefined();
      const found = () => bed.store.findHookDelivery(hook.id, first?.id ?? "");
      expect(await found()).toEqual(first);
      for (let batch = 0; batch < 10; batch += 1) {
        const deliveries = Array.from({ length: 101 }, (_, index) =>
          delivery({
            ...{ attempt: 1 + batch * 101 + index, position: undefined },
            ...{ nextTime: undefined, outcome: "delivered" },
          }),
        );
        await bed.store.recordSending("n", 1, [progress(hook, { deliveries })]);
      }
      expect(await found()).toBeUndefined();
      const attempts: number[] = [];
      for await (const { attempt } of everyItem(({ after }) =>
        bed.store.listHookDeliveries(hook.id, { size: 99, after }),
      )) {
        attempts.push(attempt);
      }
      expect(attempts).toEqual(
        Array.from({ length: keptDeliveries.count }, (_, n) => 1010 - n),
      );
      bed.time = start + keptDeliveries.ageMs + 1;
      expect(
        (await bed.store.listHookDeliveries(hook.id, firstPage)).items,
      ).toEqual([]);
      let rounds = 1;
      while (await bed.store.pruneHookDeliveries()) {
        rounds += 1;
      }
      expect(rounds).toBeGreaterThan(1);
      bed.time = start;
      expect(
        (await bed.store.listHookDeliveries(hook.id, firstPage)).items,
      ).toEqual([]);
    });

    it("go with all that is kept of them, and an event", async () => {
      const hook = await bed.store.createHook(newHook(orgId), "e");
      await bed.store.leaseSending("n", 1000);
      const all = progress(hook, {
        ...{ retries: [retry], deliveries: [delivery()] },
      });
      await bed.store.recordSending("n", 1, [all]);
      expect(await bed.store.removeHook(orgId, hook.id, "bob")).toBe(true);
      expect(await bed.store.removeHook(orgId, hook.id, "bob")).toBe(false);
      expect(await bed.store.findHook(hook.id)).toBeUndefined();
      expect(await bed.store.listHookRetries(hook.id)).toEqual([]);
      expect((await hookEvents()).at(-1)).toMatchObject({
        ...{ type: "org.hook.removed", editor: "bob" },
        payload: { hookId: hook.id },
      });
      expect(await bed.store.recordSending("n", 1, [all])).toBe(true);
      expect(await bed.store.listHookRetries(hook.id)).toEqual([]);
    });

    it("are seen by another process at once", async () => {
      const tool = await bed.open("tool");
      const hook = await tool.createHook(newHook(orgId), "e");
      expect(await bed.store.findHook(hook.id)).toEqual(hook);
      await tool.removeHook(orgId, hook.id, "e");
      expect(await bed.store.findHook(hook.id)).toBeUndefined();
    });
  });
}
