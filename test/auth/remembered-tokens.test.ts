import { expect, test } from "vitest";
import { RememberedTokens } from "../../src/auth/remembered-tokens.ts";

test("long tokens are remembered up to a number of bytes, and the oldest go first", () => {
  const tokens = new RememberedTokens<number>();
  const long = (at: number) => `${at} ${"x".repeat(8000)}`;
  for (let at = 0; at < 1000; at += 1) {
    tokens.add(long(at), at);
    expect(tokens.bytes).toBeLessThanOrEqual(4 * 1024 * 1024);
  }
  expect(tokens.get(long(0))).toBeUndefined();
  expect(tokens.get(long(999))).toBe(999);
  expect(tokens.get(long(900))).toBe(900);
});

test("what is deleted makes room", () => {
  const tokens = new RememberedTokens<number>();
  tokens.add("one", 1);
  tokens.add("two", 2);
  tokens.add("two", 2);
  tokens.delete("one");
  tokens.delete("one");
  tokens.delete("two");
  expect(tokens.bytes).toBe(0);
  expect(tokens.get("one")).toBeUndefined();
});
