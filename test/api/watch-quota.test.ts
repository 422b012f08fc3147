import { expect, it } from "vitest";
import { createWatchQuota } from "../../src/api/watch-quota.ts";

it("counts the open watches of each token", () => {
  const quota = createWatchQuota(2);
  const leave = quota.enter("a");
  quota.enter("a");
  expect(() => quota.enter("a")).toThrow("LOCKOUTD-evt03");
  quota.enter("b");
  leave();
  quota.enter("a");
  expect(() => quota.enter("a")).toThrow("LOCKOUTD-evt03");
});

it("0 is no quota", () => {
  const quota = createWatchQuota(0);
  expect(() => {
    for (let count = 0; count < 1000; count += 1) quota.enter("a");
  }).not.toThrow();
});
