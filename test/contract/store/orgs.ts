import { firstPage } from "../../support/first-page.ts";
import { describe, expect, it } from "vitest";
import { addOrgPolicy } from "../../../src/lockout/policy/policy.ts";
import { createIds } from "../../../src/store/ids.ts";
import { toPageToken } from "../../../src/store/page-token.ts";
import { everyItem } from "../../../src/store/pages.ts";
import type { StoreBed } from "./bed.ts";
import { init, limits, start } from "./samples.ts";

export function describeOrgs(bed: StoreBed): void {
  describe("organisations", () => {
    it("get an id, and are listed oldest first", async () => {
      const first = await bed.store.createOrg("zwölf 😀", "e");
      const twin = await bed.store.createOrg("zwölf 😀", "e");
      bed.time += 1;
      const last = await bed.store.createOrg("a", "e");

      expect(first).toEqual({
        id: expect.stringMatching(/^\d{18}$/) as string,
        name: "zwölf 😀",
        creationDate: start,
      });
      expect(twin.id).not.toBe(first.id);
      expect((await bed.store.listOrgs(firstPage)).items).toEqual([
        first,
        twin,
        last,
      ]);
    });

    it("are listed page by page, by a token of that list alone", async () => {
      const created = [];
      for (let index = 0; index < 60; index += 1) {
        bed.time += index % 2;
        created.push(await bed.store.createOrg(`org ${index}`, "e"));
      }
      for (const size of [1, 25, 59, 60]) {
        const found = [];
        for await (const org of everyItem((page) =>
          bed.store.listOrgs({ ...page, size }),
        )) {
          found.push(org);
        }
        expect(found).toEqual(created);
      }
      const { next } = await bed.store.listOrgs({ size: 1, after: undefined });
      await expect(
        bed.store.listTokens(false, { size: 1, after: next }),
      ).rejects.toBeInstanceOf(RangeError);
      await expect(
        bed.store.listOrgs({ size: 1, after: toPageToken(["orgs", 1]) }),
      ).rejects.toBeInstanceOf(RangeError);
    });

    it("are found by their id", async () => {
      const org = await bed.store.createOrg("a", "e");
      expect(await bed.store.findOrg(org.id)).toEqual(org);
      expect(await bed.store.findOrg("300000000000000009")).toBeUndefined();
      expect(await bed.store.findOrg("1".repeat(100_000))).toBeUndefined();
    });

    it("get other names, with the event, which another process sees at once", async () => {
      const tool = await bed.open("tool");
      const { id } = await bed.store.createOrg("a", "e");
      expect(await bed.store.findOrg(id)).toMatchObject({ name: "a" });
      bed.time += 1;
      const event = await tool.renameOrg(id, "b 😀", "ann");
      expect(event).toMatchObject({
        ...{ type: "org.changed", payload: { name: "b 😀" }, sequence: 2 },
        ...{ aggregateId: id, resourceOwner: id, editor: "ann" },
      });
      expect(await bed.store.findOrg(id)).toEqual({
        ...{ id, name: "b 😀", creationDate: start },
      });
      expect((await bed.store.findEventEnds("org", id)).last).toEqual(event);
      const found = await bed.store.listOrgs(firstPage);
      expect(found.items.map(({ name }) => name)).toEqual(["b 😀"]);
    });

    it("are not renamed to what they are called, nor where there is none", async () => {
      const { id } = await bed.store.createOrg("a", "e");
      await expect(bed.store.renameOrg(id, "a", "e")).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-org06" },
      });
      for (const none of ["300000000000000009", "", "1".repeat(100_000)]) {
        expect(await bed.store.renameOrg(none, "b", "e")).toBeUndefined();
      }
      const raced = await Promise.allSettled(
        [1, 2, 3].map(() => bed.store.renameOrg(id, "b", "e")),
      );
      expect(raced.map(({ status }) => status).sort()).toEqual([
        ...["fulfilled", "rejected", "rejected"],
      ]);
      const { last } = await bed.store.findEventEnds("org", id);
      expect(last).toMatchObject({ sequence: 2, payload: { name: "b" } });
    });

    it("have a first and a last event, as the instance has", async () => {
      const { id, firstOrgId } = await bed.store.initialise(init);
      const org = await bed.store.createOrg("a", "e");
      const ends = await bed.store.findEventEnds("org", org.id);
      expect(ends.first).toMatchObject({ sequence: 1, type: "org.added" });
      expect(ends.last).toEqual(ends.first);
      await bed.store.changePolicy(
        { kind: "org", orgId: org.id },
        "e",
        addOrgPolicy(org.id, limits(3, 0)),
      );
      const changed = await bed.store.findEventEnds("org", org.id);
      expect(changed.first).toEqual(ends.first);
      expect(changed.last).toMatchObject({
        sequence: 2,
        type: "org.policy.lockout.added",
      });
      const instance = await bed.store.findEventEnds("instance", id);
      expect(instance.first).toMatchObject({ type: "instance.added" });
      expect(await bed.store.findEventEnds("instance", firstOrgId)).toEqual({
        ...{ first: undefined, last: undefined },
      });
    });

    it("exist or not", async () => {
      const { id } = await bed.store.createOrg("a", "e");
      expect(await bed.store.orgExists(id)).toBe(true);
      expect(await bed.store.orgExists("300000000000000009")).toBe(false);
      expect(await bed.store.orgExists("")).toBe(false);
      expect(await bed.store.orgExists("1".repeat(100_000))).toBe(false);
    });

    it("have ids of their own though two processes make the same ones", async () => {
      const tool = await bed.open("tool", createIds(bed.now));
      const created = await Promise.all(
        Array.from({ length: 20 }, async (_, index) =>
          (index % 2 === 0 ? bed.store : tool).createOrg(`org ${index}`, "e"),
        ),
      );
      expect(new Set(created.map(({ id }) => id)).size).toBe(20);
      expect((await bed.store.listOrgs(firstPage)).items).toHaveLength(20);
    });
  });
}
