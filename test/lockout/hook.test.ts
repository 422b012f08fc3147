import { expect, test } from "vitest";
import { hookFilter } from "../../src/lockout/hook.ts";

const typesOf = (...presets: Parameters<typeof hookFilter>[0]["presets"]) =>
  [...(hookFilter({ eventTypes: [], presets }).types ?? [])].sort();

test("the presets are these types, and of security locks by the ceiling alone", () => {
  expect(typesOf("lock")).toEqual([
    ...["user.factor.locked", "user.factor.unlocked"],
    ...["user.locked", "user.lockout.warned", "user.unlocked"],
  ]);
  expect(typesOf("security")).toEqual([
    ...["instance.hook.added", "instance.hook.changed"],
    ...["instance.hook.disabled", "instance.hook.enabled"],
    ...["instance.hook.removed", "instance.hook.secret.rotated"],
    ...["instance.policy.lockout.added", "instance.policy.lockout.changed"],
    "instance.policy.lockout.rules.changed",
    ...["org.hook.added", "org.hook.changed"],
    ...["org.hook.disabled", "org.hook.enabled"],
    ...["org.hook.removed", "org.hook.secret.rotated"],
    ...["org.lockout.storm.began", "org.lockout.storm.ended"],
    ...["org.policy.lockout.added", "org.policy.lockout.changed"],
    "org.policy.lockout.removed",
    "org.policy.lockout.rules.changed",
    "org.policy.lockout.rules.removed",
    ...["user.factor.locked", "user.locked"],
    ...["user.lockout.token.rotated", "user.pat.added", "user.pat.removed"],
  ]);
  const filter = hookFilter({ eventTypes: [], presets: ["security"] });
  const locked = (reason: string) =>
    filter.has({ type: "user.locked", payload: { reason } });
  expect(locked("LOCK_REASON_CEILING")).toBe(true);
  expect(locked("LOCK_REASON_PASSWORD_ATTEMPTS")).toBe(false);
});
