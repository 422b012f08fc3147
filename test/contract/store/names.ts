import { firstPage } from "../../support/first-page.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { putUser } from "../../../src/lockout/user/user.ts";
import type { Subject } from "../../../src/store/users.ts";
import { alice, aliceKey, attemptCalls, ttlMs } from "./attempt-calls.ts";
import type { StoreBed } from "./bed.ts";
import { maxNames, orgA, orgB } from "./samples.ts";

const named = (foldedName: string, orgId: string = orgA.orgId): Subject => ({
  kind: "name",
  orgId,
  foldedName,
});

export function describeNames(bed: StoreBed): void {
  const { begin, complete, report, setLimits } = attemptCalls(bed);
  const counterOf = async () =>
    (await bed.store.findLockout(alice))?.view.counters.password;

  const failedOf = async (name: string) =>
    (await report(named(name), "not_a_guess")).failed;
  const settle = () => bed.store.settleAttempts(1000);

  describe("the hash of a login name", () => {
    it("is the same each time, and of another name another one", () => {
      const hash = bed.store.hashName("alice");
      expect(hash).toHaveLength(32);
      expect(bed.store.hashName("alice")).toEqual(hash);
      expect(bed.store.hashName("bob")).not.toEqual(hash);
    });

    it("is the same for all who have the installation open", async () => {
      const another = await bed.open("tool");
      expect(another.hashName("alice")).toEqual(bed.store.hashName("alice"));
    });
  });

  describe("a login name", () => {
    it("leads to the user with that alias", async () => {
      await bed.store.putUser(
        aliceKey,
        [{ name: "Alice", folded: "alice" }],
        "e",
        putUser(undefined),
      );
      await report(named("alice"), "failed");
      const { attempt } = await begin(named("alice"));
      await complete(attempt?.id, "failed");

      expect(await counterOf()).toMatchObject({ failed: 2 });
      const failures = await bed.events({
        types: ["user.human.password.check.failed"],
      });
      expect(failures).toMatchObject([
        { aggregateId: "alice" },
        { aggregateId: "alice" },
      ]);
    });

    it("that leads to nobody is counted and locked like a user", async () => {
      await setLimits(2);
      const play = async (subject: Subject) => {
        const seen: unknown[] = [];
        for (let index = 0; index < 4; index += 1) {
          const { attempt, ...begun } = await begin(subject);
          seen.push(begun, attempt && attempt.expireTime - bed.time);
          if (attempt !== undefined) {
            seen.push(await complete(attempt.id, "failed"));
          }
        }
        bed.time += 1;
        seen.push(await report(subject, "succeeded", "totp"));
        return seen;
      };
      const known = await play(alice);
      expect(await play(named("nobody"))).toEqual(known);
      expect(known).toContainEqual(
        expect.objectContaining({ decision: "locked" }),
      );
    });

    it("that leads to nobody is none: without events, in no list", async () => {
      await setLimits(1);
      const before = await bed.events();
      const { attempt } = await begin(named("nobody"));
      await complete(attempt?.id, "failed");
      expect(await begin(named("nobody"))).toMatchObject({
        decision: "locked",
      });

      expect(await bed.events()).toEqual(before);
      expect(await bed.store.findOrgsOfUser("nobody", 2)).toEqual([]);
      expect(
        await bed.store.listUsers(orgA.orgId, {}, firstPage),
      ).toMatchObject({
        items: [],
      });
      expect(await bed.store.listLocked(orgA, {}, firstPage)).toMatchObject({
        items: [],
      });
    });

    describe("that led to nobody and is registered", () => {
      const register = (names: readonly string[]) =>
        bed.store.putUser(
          aliceKey,
          names.map((name) => ({ name, folded: name })),
          "admin",
          putUser(undefined),
        );
      const shown = async () => {
        const { view } = (await bed.store.findLockout(alice)) ?? {};
        return {
          lock: view?.user.lock,
          password: view?.counters.password,
          totp: view?.counters.totp,
        };
      };
      beforeEach(() => setLimits(3));

      it("leaves its failures to the user, so that nobody has fresh chances", async () => {
        await report(alice, "failed");
        await report(named("al"), "failed");
        await report(named("al"), "failed", "totp");
        await report(named("ann"), "failed", "totp");
        const failed = bed.time;
        bed.time += 5;
        await register(["al", "ann"]);
        expect(await shown()).toMatchObject({
          lock: undefined,
          password: { failed: 2, open: 0, lastFailure: failed },
          totp: { failed: 2, open: 0, lastFailure: failed },
        });
        expect(await begin(named("al"))).toMatchObject({ failed: 2 });
        expect(
          await bed.events({ types: ["user.lockout.failures.added"] }),
        ).toMatchObject([
          {
            aggregateId: "alice",
            editor: "admin",
            payload: { FACTOR_PASSWORD: 1, FACTOR_TOTP: 1 },
          },
          { payload: { FACTOR_TOTP: 1 } },
        ]);
        // Once, and nothing when nothing changes.
        await register(["al", "ann"]);
        await register([]);
        await register(["al"]);
        expect(await shown()).toMatchObject({ totp: { failed: 2 } });
      });

      it("leaves its lock to the user, who was free or is new", async () => {
        for (let guess = 0; guess < 3; guess += 1) {
          await report(named("al"), "failed");
        }
        const locked = bed.time;
        bed.time += 5;
        expect(await register(["al"])).toMatchObject({
          lock: { reason: "password_attempts", time: locked, by: "login" },
        });
        expect(await begin(alice)).toMatchObject({ decision: "locked" });
        expect(await bed.events({ aggregateTypes: ["user"] })).toMatchObject([
          { type: "user.human.added" },
          { type: "user.lockout.aliases.changed" },
          { type: "user.lockout.failures.added" },
          {
            type: "user.locked",
            payload: { reason: "LOCK_REASON_PASSWORD_ATTEMPTS" },
          },
        ]);
        expect(await bed.store.countLockedNames(orgA, {})).toBe(0);
        // Nothing is left of it where it leads to nobody again.
        await bed.store.deleteUser(aliceKey, "e");
        expect(await begin(named("al"))).toMatchObject({
          decision: "proceed",
          failed: 0,
        });
      });

      it("leaves a user's own lock as it is", async () => {
        await register([]);
        await bed.store.putUser(aliceKey, [], "admin", putUser("locked"));
        bed.time += 5;
        for (let guess = 0; guess < 3; guess += 1) {
          await report(named("al"), "failed");
        }
        expect(await register(["al"])).toMatchObject({
          lock: { reason: "administrator" },
        });
        expect(await shown()).toMatchObject({ password: { failed: 3 } });
      });

      it("leaves no attempt open, and what has expired is counted before", async () => {
        const { attempt: late } = await begin(named("al"));
        bed.time += ttlMs;
        const { attempt } = await begin(named("al"));
        await register(["al"]);
        expect(await shown()).toMatchObject({
          password: { failed: 1, open: 0 },
        });
        expect(await complete(attempt?.id, "succeeded")).toMatchObject({
          accepted: false,
        });
        await expect(complete(late?.id, "succeeded")).rejects.toMatchObject({
          entry: { id: "LOCKOUTD-att06" },
        });
        expect(await shown()).toMatchObject({
          password: { failed: 1, open: 0 },
        });
      });

      it("while guesses race lets no more through than the limit", async () => {
        const guesses = () =>
          Promise.all(
            Array.from({ length: 10 }, () => report(named("al"), "failed")),
          );
        const tool = await bed.open("tool");
        // The name is kept: who counts for it and who registers it wait for each other.
        await report(named("al"), "failed");
        await Promise.all([
          guesses(),
          tool.putUser(
            aliceKey,
            [{ name: "al", folded: "al" }],
            "admin",
            putUser(undefined),
          ),
          guesses(),
        ]);
        expect(await begin(alice)).toMatchObject({ decision: "locked" });
        expect(await counterOf()).toMatchObject({ failed: 3 });
      });

      it("leaves nothing where the alias is refused", async () => {
        await report(named("al"), "failed");
        await bed.store.putUser(
          { ...aliceKey, userId: "bob" },
          [{ name: "bob", folded: "bob" }],
          "e",
          putUser(undefined),
        );
        await expect(register(["al", "bob"])).rejects.toMatchObject({
          entry: { id: "LOCKOUTD-usr03" },
        });
        expect(await failedOf("al")).toBe(1);
        expect(await bed.store.findUser(aliceKey)).toBeUndefined();
      });
    });

    it("that leads to nobody is another in each organisation", async () => {
      await report(named("nobody"), "failed");
      expect(await report(named("nobody", orgB.orgId), "failed")).toMatchObject(
        {
          failed: 1,
        },
      );
      expect(await report(named("nobody"), "failed")).toMatchObject({
        failed: 2,
      });
    });

    it("whose attempt expires is counted as a user is", async () => {
      await setLimits(1);
      await begin(named("nobody"));
      bed.time += ttlMs;
      expect(await bed.store.settleAttempts(10)).toBe(1);
      expect(await begin(named("nobody"))).toMatchObject({
        decision: "locked",
      });
    });

    it("that leads to nobody is not kept where nothing was counted for it", async () => {
      const many = Array.from({ length: 3 * maxNames }, (_value, index) =>
        report(named(`name ${index}`), "not_a_guess"),
      );
      await report(named("tried"), "failed");
      await Promise.all(many);
      await settle();
      expect(await failedOf("tried")).toBe(1);
    });
  });

  describe("login names beyond the bound", () => {
    beforeEach(async () => {
      await setLimits(2);
      await setLimits(2, 2, orgB);
    });
    const inB = (name: string) => named(name, orgB.orgId);
    /** Begins an attempt that counts for nothing: of the lowest rank. */
    const look = async (subject: Subject) => {
      const { attempt } = await begin(subject);
      await complete(attempt?.id, "not_a_guess", bed.store, subject.orgId);
      return attempt?.id;
    };
    const isKept = (id: string | undefined) =>
      complete(id, "not_a_guess").then(
        () => true,
        () => false,
      );
    const lock = async (subject: Subject) => {
      await report(subject, "failed");
      await report(subject, "failed");
    };

    it("make no room in other organisations, nor of what is counted for users", async () => {
      await report(alice, "failed");
      await lock(named("locked"));
      await report(named("tried"), "failed");
      const seen = await look(named("seen"));
      for (let index = 0; index < 3 * maxNames; index += 1) {
        await begin(inB(`flood ${index}`));
      }
      await settle();

      expect(await begin(named("locked"))).toMatchObject({
        decision: "locked",
        failed: 2,
      });
      expect(await failedOf("tried")).toBe(1);
      expect(await isKept(seen)).toBe(true);
      expect(await counterOf()).toMatchObject({ failed: 1 });
      // Those that made room took their open attempts along.
      bed.time += ttlMs;
      expect(await bed.store.settleAttempts(1000)).toBe(maxNames - 3);
    });

    it("make room where they are: those that failed least first, of these the oldest, locked ones last", async () => {
      await lock(named("locked"));
      const ids: (string | undefined)[] = [];
      for (let index = 0; index < maxNames / 2; index += 1) {
        ids.push(await look(named(`seen ${index}`)));
      }
      // Tried after it was kept.
      await report(named("seen 0"), "failed");
      for (let index = 0; index < maxNames / 2; index += 1) {
        await report(named(`tried ${index}`), "failed");
      }
      await settle();
      const kept = await Promise.all(ids.map(isKept));
      expect(kept).toEqual(ids.map((_id, index) => index !== 1));

      for (let index = 0; index < maxNames; index += 1) {
        await report(named(`more ${index}`), "failed");
      }
      await settle();
      expect(await begin(named("locked"))).toMatchObject({
        decision: "locked",
      });
      expect(await failedOf(`more ${maxNames - 1}`)).toBe(1);
      expect(await failedOf("seen 0")).toBe(0);
      expect(await failedOf("tried 0")).toBe(0);
    });

    it("make room of the oldest where all are locked", async () => {
      await lock(inB("elsewhere"));
      for (let index = 0; index < 2 * maxNames; index += 1) {
        await lock(named(`locked ${index}`));
      }
      await settle();
      const decisionOf = async (subject: Subject) =>
        (await begin(subject)).decision;
      expect(await decisionOf(inB("elsewhere"))).toBe("locked");
      expect(await decisionOf(named(`locked ${2 * maxNames - 1}`))).toBe(
        "locked",
      );
      expect(await decisionOf(named("locked 0"))).toBe("proceed");
    });

    it("make room for each organisation's share", async () => {
      for (let index = 0; index < 2 * maxNames; index += 1) {
        await lock(inB(`locked ${index}`));
      }
      for (let index = 0; index < maxNames / 2; index += 1) {
        await report(named(`tried ${index}`), "failed");
      }
      await settle();
      for (let index = 0; index < maxNames / 2; index += 1) {
        expect(await failedOf(`tried ${index}`), `tried ${index}`).toBe(1);
      }
      expect(await begin(inB(`locked ${2 * maxNames - 1}`))).toMatchObject({
        decision: "locked",
      });
    });
  });
}
