import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { createOpaqueAccessTokens } from "../../src/auth/access-tokens.ts";
import type { AccessToken } from "../../src/auth/access-tokens.ts";

const dayMs = 86_400_000;
const token: AccessToken = {
  ...{ id: "t", accountId: "a", gotBy: "key", gotById: "k" },
  ...{ issued: 1, expires: 2, scope: "openid" },
};

function make(installation = "one", start = 20_000 * dayMs) {
  const purposes: string[] = [];
  const clock = { now: start };
  const tokens = createOpaqueAccessTokens(
    (purpose) => {
      purposes.push(purpose);
      return createHash("sha256").update(`${installation} ${purpose}`).digest();
    },
    () => clock.now,
  );
  return { ...tokens, purposes, clock };
}

test("all nodes of an installation open what one has sealed, and those of another do not", () => {
  const text = make().seal(token);
  expect(make().open(text)).toEqual(token);
  expect(make("two").open(text)).toBeUndefined();
  expect(text).not.toContain("openid");
  expect(make().seal(token)).not.toBe(text);
});

test("the key is new each day, and the one before opens its tokens until the last has ended", () => {
  const tokens = make();
  const text = tokens.seal(token);
  tokens.clock.now += dayMs;
  tokens.seal(token);
  expect(new Set(tokens.purposes).size).toBe(2);
  expect(make("one", 20_031 * dayMs).open(text)).toEqual(token);
  expect(make("one", 20_033 * dayMs).open(text)).toBeUndefined();
});

test("a token has one text: characters that are read as no bytes make another of it", () => {
  for (const scope of ["", "a", "ab", "abc"]) {
    const tokens = make();
    const text = tokens.seal({ ...token, scope });
    expect(tokens.open(text)).toEqual({ ...token, scope });
    for (const more of ["x", "=", "==", "!", " "]) {
      expect(make().open(`${text}${more}`)).toBeUndefined();
    }
  }
});

test("no key is made for the day that a stranger names, nor for what is no token", () => {
  const tokens = make();
  const text = tokens.seal(token);
  const bytes = Buffer.from(text.slice("lockoutd_at_".length), "base64url");
  bytes.writeUInt32BE(1, 0);
  const before = tokens.purposes.length;
  for (const wrong of [
    `lockoutd_at_${bytes.toString("base64url")}`,
    "lockoutd_at_",
    "lockoutd_at_!!!!",
    `lockoutd_at_${"A".repeat(5000)}`,
    "another",
  ]) {
    expect(tokens.open(wrong)).toBeUndefined();
  }
  expect(tokens.purposes).toHaveLength(before);
});
