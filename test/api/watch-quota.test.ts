import { expect, it } from "vitest";
import { createWatchQuota } from "../../src/api/events/watch-quota.ts";

it("counts the open watches of each token", () => {
  const quota = createWatchQuota({ maxWatchesPerToken: 2, maxWatches: 0 });
  const leave = quota.enter("a");
  quota.enter("a");
  expect(() => quota.enter("a")).toThrow("LOCKOUTD-evt03");
  quota.enter("b");
  leave();
  quota.enter("a");
  expect(() => quota.enter("a")).toThrow("LOCKOUTD-evt03");
});

it("counts those of all tokens together", () => {
  const quota = createWatchQuota({ maxWatchesPerToken: 0, maxWatches: 2 });
  const leave = quota.enter("a");
  quota.enter("b");
  expect(() => quota.enter("c")).toThrow("LOCKOUTD-evt04");
  leave();
  quota.enter("c");
  expect(() => quota.enter("a")).toThrow("LOCKOUTD-evt04");
});

it("0 is no quota", () => {
  const quota = createWatchQuota({ maxWatchesPerToken: 0, maxWatches: 0 });
  expect(() => {
    for (let count = 0; count < 1000; count += 1) {
      quota.enter("a");
    }
  }).not.toThrow();
});
