import { describe, expect, it } from "vitest";
import { createIds } from "../../../src/store/ids.ts";
import type { StoreBed } from "./bed.ts";
import { start } from "./samples.ts";

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
      expect(await bed.store.listOrgs()).toEqual([first, twin, last]);
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
      expect(await bed.store.listOrgs()).toHaveLength(20);
    });
  });
}
