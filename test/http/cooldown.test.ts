import { expect, test } from "vitest";
import { Cooldown } from "../../src/http/connection/budget/cooldown.ts";

test("one connection in a second that had to be ended changes nothing", () => {
  const cooldown = new Cooldown();
  for (let second = 0; second < 8; second += 1) {
    cooldown.ended("a", second * 1000);
    expect(cooldown.delay("a", second * 1000)).toBe(0);
  }
});

test("after more of them, new connections of that network begin one after the other", () => {
  const cooldown = new Cooldown();
  cooldown.ended("a", 0);
  cooldown.ended("a", 0);
  expect([1, 2, 3].map(() => cooldown.delay("a", 0))).toEqual([0, 100, 200]);
  expect(cooldown.delay("b", 0)).toBe(0);
  cooldown.ended("a", 0);
  const delays = [1, 2].map(() => cooldown.delay("a", 0));
  expect(delays).toEqual([300, 500]);
});

test("what would wait too long is not taken, and no delay lasts", () => {
  const cooldown = new Cooldown();
  for (let count = 0; count < 20; count += 1) {
    cooldown.ended("a", 0);
  }
  const delays = Array.from({ length: 5 }, () => cooldown.delay("a", 0));
  expect(delays).toEqual([0, 3200, undefined, undefined, undefined]);
  expect(cooldown.delay("a", 5001)).toBe(0);
  cooldown.check(5001);
  cooldown.ended("a", 6000);
  expect(cooldown.delay("a", 6000)).toBe(0);
});
