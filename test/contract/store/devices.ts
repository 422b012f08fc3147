import { beforeEach, describe, expect, it } from "vitest";
import {
  beginAttempt,
  completeAttempt,
  reportAttempt,
} from "../../../src/lockout/attempt/attempt.ts";
import type { Outcome } from "../../../src/lockout/user/comparison.ts";
import type { Factor } from "../../../src/lockout/user/factor.ts";
import { forgetDevices } from "../../../src/lockout/user/forget-devices.ts";
import { recordPasswordChange } from "../../../src/lockout/user/password-change.ts";
import { lockUser, putUser } from "../../../src/lockout/user/user.ts";
import { userSubject } from "../../../src/store/users.ts";
import type { Subject } from "../../../src/store/users.ts";
import { alice, aliceKey, attemptCalls, ttlMs } from "./attempt-calls.ts";
import type { StoreBed } from "./bed.ts";
import { orgA } from "./samples.ts";

const day = 86_400_000;
const api = { version: "v1", authorise: () => undefined } as const;

/** Devices that a user has logged in with. */
export function describeDevices(bed: StoreBed): void {
  const { report, setLimits, setRules, unlock } = attemptCalls(bed);
  const knows = (maxAttempts: number, trustDurationMs = 0) =>
    setRules({ devices: { maxAttempts, trustDurationMs } });
  const begin = (
    deviceToken: string | undefined,
    factor: Factor = "password",
    subject: Subject = alice,
  ) =>
    bed.store.beginAttempt(subject, "login", (view, attemptId) =>
      beginAttempt(view, {
        ...{ attemptId, factor, client: {}, ttlMs, deviceToken },
      }),
    );
  const complete = (
    id: string | undefined,
    outcome: Outcome,
    remembersDevice = false,
  ) =>
    bed.store.completeAttempt(
      ...([orgA.orgId, id ?? "none was opened", "login"] as const),
      (view, attempt) =>
        completeAttempt(view, attempt, outcome, { remembersDevice }),
    );
  const fail = async (
    deviceToken: string | undefined,
    factor?: Factor,
    subject?: Subject,
  ) => {
    const { attempt } = await begin(deviceToken, factor, subject);
    return complete(attempt?.id, "failed");
  };
  /** Logs in, and has the device remembered. */
  const remember = async (deviceToken?: string, subject: Subject = alice) => {
    const { attempt } = await begin(deviceToken, "password", subject);
    const result = await complete(attempt?.id, "succeeded", true);
    return result.deviceToken ?? "";
  };
  const show = async () => (await bed.store.findLockout(alice))?.view.user;
  const isKnown = async (token: string | undefined, factor?: Factor) => {
    const { isKnownDevice = false, attempt } = await begin(token, factor);
    await complete(attempt?.id, "not_a_guess");
    return isKnownDevice;
  };

  describe("a device that is remembered", () => {
    beforeEach(async () => {
      await setLimits(2, 2);
      await knows(2);
    });

    it("is known by whichever of the user's names somebody logs in", async () => {
      const names = ["Alice", "alice@example.com"].map((name) => ({
        name,
        folded: name.toLowerCase(),
      }));
      await bed.store.putUser(aliceKey, names, "admin", putUser(undefined));
      const subjects: readonly Subject[] = [
        alice,
        ...names.map(({ folded }) => ({
          ...({ kind: "name", orgId: orgA.orgId, foldedName: folded } as const),
        })),
      ];
      for (const subject of subjects) {
        const token = await remember(undefined, subject);
        for (const other of subjects) {
          const { isKnownDevice, attempt } = await begin(
            ...([token, "password", other] as const),
          );
          expect(isKnownDevice).toBe(true);
          await complete(attempt?.id, "not_a_guess");
        }
      }
    });

    it("has chances of its own, and a failure there is none of the user's", async () => {
      const token = await remember();
      expect(token).toMatch(/^[\w.-]{20,200}$/);
      expect(await begin(token)).toMatchObject({
        ...{ decision: "proceed", isKnownDevice: true },
        ...{ limit: 2, failed: 0, open: 1 },
      });
      expect(await begin(token)).toMatchObject({
        decision: "proceed",
        open: 2,
      });
      expect(await begin(token)).toMatchObject({ decision: "busy" });
      bed.time += ttlMs;
      const user = await bed.store.findLockout(alice);
      expect(user?.view.counters.password).toMatchObject({
        ...{ failed: 0, open: 0, failedInRow: 0 },
      });
      expect(user?.view.user.lock).toBeUndefined();
      // The attempts that nobody completed have used it up.
      expect(
        await bed.events({ types: ["user.device.forgotten"] }),
      ).toHaveLength(1);
      expect(await isKnown(token)).toBe(false);
    });

    it("goes on while the user is locked by failures, and opens nothing for others", async () => {
      const token = await remember();
      await report(alice, "failed");
      await report(alice, "failed");
      expect(await begin(undefined)).toMatchObject({ decision: "locked" });
      const { attempt, decision } = await begin(token);
      expect(decision).toBe("proceed");
      expect(await complete(attempt?.id, "succeeded")).toMatchObject({
        ...{ accepted: true, locked: false },
      });
      expect(await begin(undefined)).toMatchObject({ decision: "locked" });
      expect((await show())?.lock).toMatchObject({
        reason: "password_attempts",
      });
    });

    it("is closed by an administrator's lock, which takes one by failures over", async () => {
      const token = await remember();
      const held = await begin(token);
      await report(alice, "failed");
      await report(alice, "failed");
      await bed.store.changeUser(aliceKey, "admin", lockUser(api));
      expect(await begin(token)).toMatchObject({
        ...{ decision: "locked", isKnownDevice: true },
      });
      expect(await complete(held.attempt?.id, "succeeded", true)).toEqual({
        ...{ accepted: false, locked: true, failed: 0, limit: 2 },
      });
      await expect(
        bed.store.changeUser(aliceKey, "admin", lockUser(api)),
      ).rejects.toThrow();
    });

    it("is forgotten at its limit, and nobody is locked", async () => {
      const token = await remember();
      await fail(token);
      expect(await fail(token)).toMatchObject({
        ...{ accepted: false, locked: false, failed: 2, limit: 2 },
      });
      expect(await begin(token)).toMatchObject({
        decision: "proceed",
        failed: 0,
      });
      expect((await show())?.lock).toBeUndefined();
      const [first] = await bed.events({ types: ["user.device.forgotten"] });
      expect(token.startsWith(String(first?.payload?.["deviceId"]))).toBe(true);
    });

    it("is nobody's but this user's, and none once it is altered", async () => {
      const token = await remember();
      const bob = userSubject({ ...aliceKey, userId: "bob" });
      await remember(undefined, bob);
      expect(await begin(token, "password", bob)).not.toHaveProperty(
        "isKnownDevice",
      );
      const last = token.endsWith("A") ? "B" : "A";
      for (const other of [
        ...["", ".", "garbage", `${token}A`, ` ${token}`, token.slice(0, -1)],
        ...[token.slice(0, -2) + last + last, `1${token}`, "é".repeat(40)],
        token.split(".")[0],
      ]) {
        expect(await isKnown(other)).toBe(false);
      }
      expect(await isKnown(token)).toBe(true);
    });

    it("is known as long as the rules of the moment trust it", async () => {
      const token = await remember();
      bed.time += 90 * day;
      expect(await isKnown(token)).toBe(true);
      bed.time += 1;
      expect(await isKnown(token)).toBe(false);
      await knows(2, 100 * day);
      expect(await isKnown(token)).toBe(true);
      await setRules({});
      expect(await isKnown(token)).toBe(false);
      await knows(2, 100 * day);
      await complete((await begin(token)).attempt?.id, "succeeded");
      bed.time += 100 * day;
      expect(await isKnown(token)).toBe(true);
    });

    it("keeps its counters through an unlock, and is forgotten by a password change", async () => {
      const token = await remember();
      await fail(token);
      await report(alice, "failed");
      await report(alice, "failed");
      const open = await begin(token);
      await unlock(alice);
      expect(await complete(open.attempt?.id, "succeeded")).toMatchObject({
        accepted: false,
      });
      expect(await begin(token)).toMatchObject({
        ...{ isKnownDevice: true, failed: 1, open: 1 },
      });
      await bed.store.changeUser(aliceKey, "admin", recordPasswordChange);
      expect(await isKnown(token)).toBe(false);
      expect((await show())?.devices?.kept).toEqual([]);
    });

    it("is not made by an attempt that was begun before all were forgotten", async () => {
      const token = await remember();
      const known = await begin(token);
      const unknown = await begin(undefined);
      await bed.store.changeUser(aliceKey, "admin", forgetDevices);
      expect(
        await bed.events({ types: ["user.devices.forgotten"] }),
      ).toHaveLength(1);
      for (const { attempt } of [known, unknown]) {
        const done = await complete(attempt?.id, "succeeded", true);
        expect(done).toMatchObject({ accepted: true });
        expect(done).not.toHaveProperty("deviceToken");
      }
      expect((await show())?.devices?.kept).toEqual([]);
      expect(await remember()).not.toBe("");
    });

    it("that was begun on counts as an unknown one's once it is forgotten, also for a lock", async () => {
      const token = await remember();
      const known = await begin(token);
      await report(alice, "failed");
      await report(alice, "failed");
      await bed.store.changeUser(aliceKey, "admin", forgetDevices);
      expect(await complete(known.attempt?.id, "succeeded")).toMatchObject({
        ...{ accepted: false, locked: true },
      });
    });

    it("gets the same token where an attempt is completed again, and nothing stores it", async () => {
      const { attempt } = await begin(undefined);
      const first = await complete(attempt?.id, "succeeded", true);
      const again = await complete(attempt?.id, "succeeded", true);
      expect(again).toEqual(first);
      expect(first.device?.expireTime).toBe(bed.time + 90 * day);
      const signature = first.deviceToken?.split(".")[1] ?? "none";
      const events = JSON.stringify(await bed.events({}));
      expect(events).not.toContain(signature);
      expect(events).toContain(first.device?.id);
    });

    it("is renewed by a success that remembers it", async () => {
      const token = await remember();
      expect(await remember(token)).toBe(token);
      expect((await show())?.devices?.kept).toHaveLength(1);
    });

    it("goes where more than 10 are kept: the one with the oldest success", async () => {
      const tokens: string[] = [];
      for (let made = 0; made < 11; made += 1) {
        bed.time += 1;
        tokens.push(await remember());
      }
      expect((await show())?.devices?.kept).toHaveLength(10);
      expect(await isKnown(tokens[0])).toBe(false);
      expect(await isKnown(tokens[1])).toBe(true);
      expect(
        await bed.events({ types: ["user.device.forgotten"] }),
      ).toHaveLength(1);
    });

    it("has failures in common with all others: ten times its chances between two successes", async () => {
      // Whoever knows the password makes devices, and guesses codes on each.
      let guessed = 0;
      for (let made = 0; made < 12; made += 1) {
        bed.time += 1;
        const token = await remember();
        while ((await isKnown(token, "totp")) && guessed < 100) {
          await fail(token, "totp");
          guessed += 1;
        }
      }
      expect(guessed).toBe(20);
      expect((await fail(undefined, "totp")).limit).toBe(2);
      await report(alice, "succeeded", "totp");
      expect(await isKnown(await remember(), "totp")).toBe(true);
    });

    it("counts what is reported with its token", async () => {
      const token = await remember();
      const reported = await bed.store.reportAttempt(alice, "login", (view) =>
        reportAttempt(view, "password", {}, "failed", { deviceToken: token }),
      );
      expect(reported).toMatchObject({ failed: 1, limit: 2 });
      expect(
        (await bed.store.findLockout(alice))?.view.counters.password.failed,
      ).toBe(0);
    });

    it("is read and written by every store on the data", async () => {
      const token = await remember();
      await fail(token);
      const other = await bed.open("tool");
      const found = await other.findLockout(alice);
      expect(found?.view.user.devices?.kept).toMatchObject([
        { used: { password: { failed: 1, open: 0 } } },
      ]);
    });
  });

  it("no device is made where the rules know none", async () => {
    await setLimits(2, 2);
    expect(await remember()).toBe("");
    expect(await show()).not.toHaveProperty("devices.kept");
  });
}
