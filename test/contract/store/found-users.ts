import { describe, expect, it } from "vitest";
import { putUser } from "../../../src/lockout/user.ts";
import type { WantedState } from "../../../src/lockout/user.ts";
import { toPageToken } from "../../../src/store/page-token.ts";
import type { StoreBed } from "./bed.ts";
import { orgA, orgB } from "./samples.ts";

export function describeFoundUsers(bed: StoreBed): void {
  const put = (
    userId: string,
    names: readonly string[] = [],
    state: WantedState = "active",
    { orgId }: { readonly orgId: string } = orgA,
  ) =>
    bed.store.putUser(
      { orgId, userId },
      names.map((name) => ({ name, folded: name.toLowerCase() })),
      "e",
      putUser(state),
    );
  const find = async (text: string, size: number) => {
    const ids: string[] = [];
    let after: string | undefined;
    let pages = 0;
    do {
      const page = await bed.store.findUsers(
        orgA.orgId,
        { id: text, folded: text.toLowerCase() },
        { size, after },
      );
      expect(page.items.length).toBeLessThanOrEqual(size);
      ids.push(...page.items.map(({ user }) => user.userId));
      after = page.next;
      pages += 1;
    } while (after !== undefined);
    return { ids, pages };
  };

  describe("users who are found by a text", () => {
    it("are those whose id begins with it, then those of whom an alias does, then others, each once", async () => {
      await put("ann", ["anna", "annabel"]);
      await put("Ann", ["x"]);
      await put("annz", ["ann"]);
      // By the first of the aliases that fit.
      await put("7", ["annie", "anne", "joann"]);
      await put("3", ["Anni", "mariann"]);
      await put("9", ["joann@x"]);
      await put("joann", []);
      await put("mann", ["hannes"]);
      await put("an", ["a n n"]);
      await put("ann", ["anna"], "active", orgB);
      const expected = ["ann", "annz", "7", "3", "9", "joann", "mann"];
      for (const size of [1, 2, 3, 7, 100]) {
        expect((await find("ann", size)).ids).toEqual(expected);
      }
      // Ids are as they are, aliases are folded.
      expect((await find("Ann", 100)).ids).toEqual([
        ...["Ann", "annz", "ann", "7", "3", "9", "mann"],
      ]);
      expect((await find("nobody", 100)).ids).toEqual([]);
      expect((await find("%", 100)).ids).toEqual([]);
      // A few are found in one page.
      expect((await find("ann", 100)).pages).toBe(1);
    });

    it("come with aliases, state and lock", async () => {
      await put("u1", ["Bob@X"], "locked");
      const page = await bed.store.findUsers(
        orgA.orgId,
        { id: "b@x", folded: "b@x" },
        { size: 10, after: undefined },
      );
      expect(page).toMatchObject({
        items: [
          {
            user: { userId: "u1", orgId: orgA.orgId, aliases: ["Bob@X"] },
            lockout: {
              userId: "u1",
              view: { user: { lock: { reason: "administrator" } } },
              description: { aliases: ["Bob@X"], lastAddress: undefined },
            },
          },
        ],
        next: undefined,
      });
    });

    it("are not on pages that no such list gave", async () => {
      await put("a");
      for (const after of [
        ...["", "?", toPageToken(["users", "a"])],
        toPageToken(["found", "elsewhere", "a"]),
        toPageToken(["found", "ids", 7]),
      ]) {
        await expect(
          bed.store.findUsers(
            orgA.orgId,
            { id: "a", folded: "a" },
            { size: 1, after },
          ),
        ).rejects.toBeInstanceOf(RangeError);
      }
    });
  });
}
