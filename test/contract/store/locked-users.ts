import { beforeEach, describe, expect, it } from "vitest";
import { reportAttempt } from "../../../src/lockout/attempt/attempt.ts";
import type { Client } from "../../../src/lockout/user/comparison.ts";
import { lockUser, putUser } from "../../../src/lockout/user/user.ts";
import type {
  LockedFilter,
  LockedOrder,
  LockedScope,
  Subject,
} from "../../../src/store/users.ts";
import { userSubject } from "../../../src/store/users.ts";
import { alice, aliceKey, attemptCalls } from "./attempt-calls.ts";
import type { StoreBed } from "./bed.ts";
import { orgA, orgB } from "./samples.ts";

const everywhere: LockedScope = { orgId: undefined };
const lock = lockUser({ version: "v2", authorise: () => undefined });

export function describeLockedUsers(bed: StoreBed): void {
  const { setLimits, report } = attemptCalls(bed);
  const put = (
    { orgId }: { readonly orgId: string },
    userId: string,
    names: readonly string[] = [],
  ) =>
    bed.store.putUser(
      { orgId, userId },
      names.map((name) => ({ name, folded: name.toLowerCase() })),
      "e",
      putUser("active"),
    );
  const lockAt = async (org: { readonly orgId: string }, userId: string) => {
    await put(org, userId, [`${userId}@x`]);
    await bed.store.changeUser({ orgId: org.orgId, userId }, "admin", lock);
  };
  const fail = (subject: Subject, client: Client) =>
    bed.store.reportAttempt(subject, "login", (view) =>
      reportAttempt(view, "password", client, "failed"),
    );
  const idsOf = async (
    scope: LockedScope,
    order: LockedOrder,
    size: number,
    filter: LockedFilter = {},
  ): Promise<readonly string[]> => {
    const ids: string[] = [];
    let after: string | undefined;
    do {
      const page = await bed.store.listLocked(
        scope,
        filter,
        { size, after },
        order,
      );
      expect(page.items.length).toBeLessThanOrEqual(size);
      ids.push(...page.items.map(({ userId }) => userId));
      after = page.next;
    } while (after !== undefined);
    return ids;
  };

  describe("the list of locked users", () => {
    it("has the newest first, or those of all organisations, page by page", async () => {
      // Two at once in each organisation: b and c, d and e, then a alone.
      await lockAt(orgA, "c");
      await lockAt(orgB, "b");
      bed.time += 10;
      await lockAt(orgB, "d");
      await lockAt(orgA, "e");
      bed.time += 10;
      await lockAt(orgA, "a");
      await put(orgA, "free");
      for (const size of [1, 2, 3, 10]) {
        expect(await idsOf(orgA, "oldest first", size)).toEqual([
          ...["c", "e", "a"],
        ]);
        expect(await idsOf(orgA, "newest first", size)).toEqual([
          ...["a", "e", "c"],
        ]);
        const all = ["c", "b", "e", "d", "a"];
        expect(await idsOf(everywhere, "oldest first", size)).toEqual(all);
        expect(await idsOf(everywhere, "newest first", size)).toEqual(
          all.toReversed(),
        );
        expect(
          await idsOf(everywhere, "newest first", size, {
            since: bed.time - 10,
          }),
        ).toEqual(["a", "d", "e"]);
        expect(
          await idsOf(everywhere, "newest first", size, {
            prefix: { id: "B", folded: "b" },
          }),
        ).toEqual(["b"]);
      }
      expect(await bed.store.countLocked(everywhere, {})).toBe(5);
      expect(await bed.store.countLocked(orgB, {})).toBe(2);
      const since = { since: bed.time };
      expect(await bed.store.countLocked(everywhere, since)).toBe(1);
    });

    it("has pages of its own for each order and scope", async () => {
      await lockAt(orgA, "a");
      await lockAt(orgA, "b");
      const lists = [
        [orgA, "oldest first"],
        [orgA, "newest first"],
        [everywhere, "oldest first"],
        [everywhere, "newest first"],
      ] as const;
      for (const [scope, order] of lists) {
        const first = { size: 1, after: undefined };
        const { next } = await bed.store.listLocked(scope, {}, first, order);
        for (const [otherScope, otherOrder] of lists) {
          const isSame = scope === otherScope && order === otherOrder;
          const read = bed.store.listLocked(
            otherScope,
            {},
            { size: 1, after: next },
            otherOrder,
          );
          await (isSame
            ? expect(read).resolves.toMatchObject({ next: undefined })
            : expect(read).rejects.toBeInstanceOf(RangeError));
        }
      }
    });

    it("counts login names that lead to nobody for reasons, since a time, and in all organisations", async () => {
      await setLimits(2);
      await setLimits(2, 2, orgB);
      const lockName = async (org: typeof orgA | typeof orgB, by: string) => {
        const name: Subject = {
          ...{ kind: "name", orgId: org.orgId, foldedName: `nobody ${by}` },
        };
        const factor = by === "code" ? "totp" : "password";
        await report(name, "failed", factor);
        await report(name, "failed", factor);
      };
      await lockName(orgA, "password");
      bed.time += 10;
      await lockName(orgA, "code");
      await lockName(orgB, "code");
      const count = (scope: LockedScope, filter: LockedFilter = {}) =>
        bed.store.countLockedNames(scope, filter);
      expect(await count(orgA)).toBe(2);
      expect(await count(everywhere)).toBe(3);
      expect(await count(everywhere, { since: bed.time })).toBe(2);
      expect(await count(orgA, { reasons: ["password_attempts"] })).toBe(1);
      expect(await count(everywhere, { reasons: ["otp_attempts"] })).toBe(2);
      expect(
        await count(orgA, { reasons: ["otp_attempts", "password_attempts"] }),
      ).toBe(2);
      expect(await count(everywhere, { reasons: ["ceiling"] })).toBe(0);
    });
  });

  it("are found by the address of their lock, however much happened since", async () => {
    await setLimits(2, 2);
    await attemptCalls(bed).setRules({ lockScope: "factor" });
    await put(orgA, "alice");
    const from = async (address: string) =>
      bed.store.reportAttempt(alice, "login", (view) =>
        reportAttempt(view, "totp", { address }, "failed"),
      );
    await from("192.0.2.1");
    await from("192.0.2.1");
    for (let logins = 0; logins < 101; logins += 1) {
      await report(alice, "succeeded");
    }
    const fromAddress = (address: string) => address === "192.0.2.1";
    expect(await idsOf(orgA, "oldest first", 10, { fromAddress })).toEqual([
      "alice",
    ]);
  });

  describe("what people know a user by", () => {
    beforeEach(() => setLimits(2));

    const descriptionOf = async (subject: Subject) =>
      (await bed.store.findLockout(subject))?.description;

    it("is the aliases and the last address, in the list and of one", async () => {
      await put(orgA, "alice", ["Al", "alice@x"]);
      expect(await descriptionOf(alice)).toEqual({
        aliases: ["Al", "alice@x"],
        lastAddress: undefined,
      });
      await fail(alice, { address: "192.0.2.1" });
      await fail(alice, { address: "192.0.2.2", userAgent: '"address":"x"' });
      const described = {
        aliases: ["Al", "alice@x"],
        lastAddress: "192.0.2.2",
      };
      expect(await descriptionOf(alice)).toEqual(described);
      const name = { kind: "name", orgId: orgA.orgId } as const;
      expect(await descriptionOf({ ...name, foldedName: "al" })).toEqual(
        described,
      );
      for (const order of ["oldest first", "newest first"] as const) {
        const page = await bed.store.listLocked(
          everywhere,
          {},
          { size: 1, after: undefined },
          order,
        );
        expect(page.items).toMatchObject([
          { userId: "alice", description: described },
        ]);
      }
    });

    it("has no address that a text of a client only looks like, nor one of who had the id before", async () => {
      await put(orgA, "alice");
      await fail(alice, { address: "192.0.2.1" });
      await bed.store.deleteUser(aliceKey, "e");
      await put(orgA, "alice");
      expect(await descriptionOf(alice)).toEqual({
        aliases: [],
        lastAddress: undefined,
      });
      await fail(alice, { userAgent: '{"address":"192.0.2.9"}' });
      expect((await descriptionOf(alice))?.lastAddress).toBeUndefined();
    });

    it("is nothing of a login name that leads to nobody", async () => {
      const nobody: Subject = {
        ...{ kind: "name", orgId: orgA.orgId, foldedName: "nobody" },
      };
      const nothing = { aliases: [], lastAddress: undefined };
      expect(await descriptionOf(nobody)).toEqual(nothing);
      await fail(nobody, { address: "192.0.2.1" });
      expect(await descriptionOf(nobody)).toEqual(nothing);
    });

    it("comes with an unlock", async () => {
      await put(orgA, "alice", ["al"]);
      await fail(alice, { address: "192.0.2.1" });
      const unlocked = await bed.store.unlock(
        userSubject(aliceKey),
        "admin",
        () => ({ result: undefined, steps: [], events: [] }),
      );
      expect(unlocked.description).toEqual({
        aliases: ["al"],
        lastAddress: "192.0.2.1",
      });
    });
  });
}
