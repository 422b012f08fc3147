import { beforeEach, describe, expect, it } from "vitest";
import {
  completeAttempt,
  reportAttempt,
} from "../../../src/lockout/attempt/attempt.ts";
import type { Outcome } from "../../../src/lockout/user/comparison.ts";
import type { Factor } from "../../../src/lockout/user/factor.ts";
import { recordPasswordChange } from "../../../src/lockout/user/password-change.ts";
import { putUser } from "../../../src/lockout/user/user.ts";
import { userSubject } from "../../../src/store/users.ts";
import type { Subject } from "../../../src/store/users.ts";
import { alice, aliceKey, attemptCalls } from "./attempt-calls.ts";
import type { StoreBed } from "./bed.ts";
import { orgA } from "./samples.ts";

const digest = (number: number) => Buffer.alloc(32, number);

export function describeRememberedSecrets(bed: StoreBed): void {
  const { begin, setLimits, setRules, unlock } = attemptCalls(bed);
  const report = (
    subject: Subject,
    secret: number,
    outcome: Outcome = "failed",
    factor: Factor = "password",
  ) =>
    bed.store.reportAttempt(subject, "login", (view) =>
      reportAttempt(view, factor, {}, outcome, {
        secretDigest: digest(secret),
      }),
    );
  const tryOut = async (subject: Subject, secret: number) => {
    const { attempt } = await begin(subject);
    return bed.store.completeAttempt(
      ...([orgA.orgId, attempt?.id ?? "", "login"] as const),
      (view, found) =>
        completeAttempt(view, found, "failed", {
          secretDigest: digest(secret),
        }),
    );
  };

  describe("wrong passwords that were tried before", () => {
    beforeEach(async () => {
      await setLimits(3, 3);
      await setRules({ rememberedSecrets: 2 });
    });

    it("count once, by whatever call, and their events say so", async () => {
      expect(await tryOut(alice, 1)).toMatchObject({ failed: 1 });
      bed.time += 1000;
      expect(await tryOut(alice, 1)).toMatchObject({
        failed: 1,
        locked: false,
      });
      expect(await report(alice, 1)).toMatchObject({ failed: 1 });
      expect(await begin(alice)).toMatchObject({ failed: 1, open: 1 });
      const found = await bed.store.findLockout(alice);
      expect(found?.view.counters.password).toMatchObject({
        ...{ failed: 1, failedInRow: 1, lastFailure: bed.time - 1000 },
      });
      const type = "user.human.password.check.failed";
      const events = await bed.events({ types: [type] });
      expect(events.map(({ payload }) => payload)).toEqual([
        undefined,
        { repeated: true },
        { repeated: true },
      ]);
    });

    it("are the last ones, and a repeat is the last of them", async () => {
      await report(alice, 1);
      await report(alice, 2);
      expect(await report(alice, 1)).toMatchObject({ failed: 2 });
      expect(await report(alice, 3)).toMatchObject({ failed: 3, locked: true });
    });

    it("are forgotten where more came since", async () => {
      await setRules({ rememberedSecrets: 1 });
      await report(alice, 1);
      await report(alice, 2);
      expect(await report(alice, 1)).toMatchObject({ failed: 3, locked: true });
    });

    it("are forgotten by a success, a password change and an unlock", async () => {
      const again = async (): Promise<void> => {
        expect(await report(alice, 1)).toMatchObject({ failed: 1 });
        expect(await report(alice, 1)).toMatchObject({ failed: 1 });
      };
      await again();
      await report(alice, 1, "succeeded");
      await again();
      await bed.store.changeUser(aliceKey, "idp", recordPasswordChange);
      await again();
      await report(alice, 2);
      await report(alice, 3);
      await unlock(alice);
      await again();
    });

    it("are not codes, which may be right the next time", async () => {
      await report(alice, 1, "failed", "totp");
      expect(await report(alice, 1, "failed", "totp")).toMatchObject({
        failed: 2,
      });
    });

    it("are the user's, by whichever login name they were tried", async () => {
      const names = [{ name: "Alice", folded: "alice" }];
      await bed.store.putUser(aliceKey, names, "admin", putUser(undefined));
      const byName: Subject = {
        ...{ kind: "name", orgId: orgA.orgId, foldedName: "alice" },
      };
      expect(await report(byName, 1)).toMatchObject({ failed: 1 });
      expect(await report(alice, 1)).toMatchObject({ failed: 1 });
      expect(await tryOut(byName, 1)).toMatchObject({ failed: 1 });
      expect(await tryOut(alice, 2)).toMatchObject({ failed: 2 });
      expect(await report(byName, 2)).toMatchObject({ failed: 2 });
    });

    it("are each user's, and each login name's, also after a restart", async () => {
      const bob = userSubject({ ...aliceKey, userId: "bob" });
      const name: Subject = {
        ...{ kind: "name", orgId: orgA.orgId, foldedName: "nobody" },
      };
      const kept: unknown[] = [];
      for (const subject of [alice, bob, name]) {
        expect(await report(subject, 1)).toMatchObject({ failed: 1 });
        expect(await tryOut(subject, 1)).toMatchObject({ failed: 1 });
        const found = await bed.store.findLockout(subject);
        kept.push(found?.view.user.rememberedSecrets);
      }
      expect(new Set(kept.map((each) => JSON.stringify(each))).size).toBe(3);
      for (const each of kept) {
        expect(each).toEqual([expect.stringMatching(/^[\w-]{22}$/)]);
      }
      await bed.reopen();
      for (const subject of [alice, bob, name]) {
        expect(await report(subject, 1)).toMatchObject({ failed: 1 });
      }
    });

    it("count without the rule, and without a digest", async () => {
      const { report: reportBare } = attemptCalls(bed);
      await reportBare(alice, "failed");
      expect(await reportBare(alice, "failed")).toMatchObject({ failed: 2 });
      const bob = userSubject({ ...aliceKey, userId: "bob" });
      await setRules({});
      await report(bob, 1);
      expect(await report(bob, 1)).toMatchObject({ failed: 2 });
      const found = await bed.store.findLockout(bob);
      expect(found?.view.user.rememberedSecrets).toBeUndefined();
    });
  });
}
