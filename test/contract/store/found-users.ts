import { describe, expect, it, vi } from "vitest";
import { putUser } from "../../../src/lockout/user/user.ts";
import type { WantedState } from "../../../src/lockout/user/user.ts";
import { fromPageToken, toPageToken } from "../../../src/store/page-token.ts";
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

    it("are read eight at a time where many have the text somewhere", async () => {
      const ids = Array.from({ length: 20 }, (_, index) => `u${100 + index}`);
      for (const id of ids) {
        await put(id, [`${id}@x`]);
      }
      const { signal, slices } = countedSlices();
      const page = await bed.store.findUsers(
        ...([orgA.orgId, { id: "@x", folded: "@x" }] as const),
        ...([{ size: 100, after: undefined }, signal] as const),
      );
      expect(page.items.map(({ user }) => user.userId)).toEqual(ids);
      expect(page.next).toBeUndefined();
      // One by ids, one by aliases, then 8, 8 and 4 users.
      expect(slices()).toBe(5);
      for (const size of [1, 7, 8, 9, 20]) {
        expect((await find("@x", size)).ids).toEqual(ids);
      }
    });

    it("are read eight at a time where many aliases begin with the text", async () => {
      const ids = Array.from({ length: 20 }, (_, index) => `u${100 + index}`);
      for (const id of ids) {
        await put(id, [`x@${id}`, `x@${id}.example`]);
      }
      const { signal, slices } = countedSlices();
      const page = await bed.store.findUsers(
        ...([orgA.orgId, { id: "x@", folded: "x@" }] as const),
        ...([{ size: 100, after: undefined }, signal] as const),
      );
      expect(page.items.map(({ user }) => user.userId)).toEqual(ids);
      // One by ids, then 8, 8 and 4 users, one by parts.
      expect(slices()).toBe(5);
      for (const size of [1, 7, 8, 9, 20]) {
        expect((await find("x@", size)).ids).toEqual(ids);
      }
    });

    describe("of whom many have been found before, by the id", () => {
      const text = { id: "u", folded: "u" };
      const aliases = toPageToken(["found", "aliases", ""]);
      const ids = Array.from({ length: 60 }, (_, index) => `u${100 + index}`);
      // 6,000 aliases, of which none adds anybody.
      const putAll = async () => {
        for (const id of ids) {
          await put(
            id,
            Array.from({ length: 100 }, (_, index) => `${id}-${index}`),
          );
        }
      };

      it("end a page early", async () => {
        await putAll();
        const { signal, slices } = countedSlices();
        const page = await bed.store.findUsers(
          ...([
            orgA.orgId,
            text,
            { size: 10, after: aliases },
            signal,
          ] as const),
        );
        expect(page.items).toEqual([]);
        expect(fromPageToken(page.next ?? "", "found")[1]).toBe("aliases");
        expect(slices()).toBeLessThan(100);
        // Though all but those of the last users are looked through.
        expect(String(fromPageToken(page.next ?? "", "found")[2])).toMatch(
          /^u15\d-/,
        );
        // A page with somebody on it ends earlier.
        const first = await bed.store.findUsers(orgA.orgId, text, {
          ...{ size: 1000, after: undefined },
        });
        expect(first.items).toHaveLength(ids.length);
        expect(fromPageToken(first.next ?? "", "found")[1]).toBe("aliases");
        expect((await find("u", 1000)).ids).toEqual(ids);
      });

      it("are looked through no longer than somebody wants the page", async () => {
        await putAll();
        const { signal, slices, abortAt } = countedSlices();
        const reason = new Error("the client has gone");
        abortAt(3, reason);
        await expect(
          bed.store.findUsers(
            ...([orgA.orgId, text] as const),
            ...([{ size: 10, after: aliases }, signal] as const),
          ),
        ).rejects.toBe(reason);
        expect(slices()).toBe(3);
      });
    });

    it("are not on pages that no such list gave", async () => {
      await put("a");
      for (const after of [
        ...["", "?", toPageToken(["users", "a"])],
        toPageToken(["found", "elsewhere", "a"]),
        toPageToken(["found", "ids", 7]),
        toPageToken(["found", "ids", "a", "b"]),
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

/** A signal that counts how often it was looked at: before each slice. */
function countedSlices() {
  const stop = new AbortController();
  const { signal } = stop;
  const check = vi.spyOn(signal, "throwIfAborted");
  return {
    signal,
    slices: () => check.mock.calls.length,
    /** Aborts the signal when it is looked at for the `count`th time. */
    abortAt: (count: number, reason: Error) => {
      check.mockImplementation(() => {
        if (check.mock.calls.length === count) {
          stop.abort(reason);
        }
        if (signal.aborted) {
          throw signal.reason as Error;
        }
      });
    },
  };
}
