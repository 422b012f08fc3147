import { expect, it } from "vitest";
import { findAdminTokenFault } from "../../src/auth/admin-token.ts";
import { newSecret } from "../../src/auth/tokens.ts";

it.each([
  newSecret(),
  "0123456789abcdef0123456789abcdef",
  "correct-horse-battery-staple-and-more",
  "~!@#$%^&*()_+{}|:<>?`-=[];',./\"\\".padEnd(200, "x"),
])("%s can be the administrator's token", (secret) => {
  expect(findAdminTokenFault(secret)).toBeUndefined();
});

it.each([
  ["", /0 characters, but it needs 32/],
  ["changeme", /8 characters, but it needs 32/],
  ["0123456789abcdef0123456789abcde", /31 characters/],
  // Characters that nobody sees do not make it longer.
  ["short".padEnd(40, " "), /without blanks/],
  [`${"0123456789abcdef".repeat(2)}\n`, /without blanks/],
  [`${"0123456789abcdef".repeat(2)}\t`, /without blanks/],
  [`\u0000${"0123456789abcdef".repeat(2)}`, /without blanks/],
  [`${"0123456789abcdef".repeat(2)}\u007f`, /without blanks/],
  [`${"0123456789abcdef".repeat(2)}\u00e9`, /printable ASCII/],
  ["x".repeat(64), /placeholder/],
  ["abcde".repeat(10), /placeholder/],
  ["${LOCKOUTD_ADMINISTRATORS_TOKEN_OF_PRODUCTION}", /placeholder/],
  ["<the-token-of-the-administrator-goes-here>", /placeholder/],
  ["{{.Values.lockoutd.administrator.token}}", /placeholder/],
  ["$(cat</run/secrets/lockoutd-admin-token)", /placeholder/],
])("%j cannot", (secret, fault) => {
  const found = findAdminTokenFault(secret);
  expect(found).toMatch(fault);
  expect(found).toContain("openssl rand -hex 32");
  if (secret !== "") {
    expect(found).not.toContain(secret);
  }
});
