import { expect, test } from "vitest";
import { eventTypes } from "../../src/lockout/events/event.ts";
import { didYouMean, nearest } from "../../src/cli/options/nearest.ts";

test("a name that is nearly written is found, and no other", () => {
  for (const [text, name] of [
    ["user.lokced", "user.locked"],
    ["user.lock", "user.locked"],
    ["USER.Unlocked", "user.unlocked"],
    ["user.pasword.check.failed", "user.human.password.check.failed"],
    ["user.human.pasword.check.faild", "user.human.password.check.failed"],
    ["user.*", undefined],
    ["locked", undefined],
    ["", undefined],
    [`user.locked${"d".repeat(1_000_000)}`, undefined],
  ] as const) {
    expect(nearest(text, eventTypes), text.slice(0, 40)).toBe(name);
  }
  expect(nearest("text", ["next", "texts"])).toBe("next");
  expect(nearest("jsno", ["text", "json"])).toBe("json");
  expect(didYouMean("jsno", ["text", "json"])).toBe("Did you mean json? ");
  expect(didYouMean("yaml", ["text", "json"])).toBe("");
});
