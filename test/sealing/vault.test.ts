import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createVault } from "../../src/sealing/vault.ts";

const secret = Buffer.from("a secret of a hook");

test("what is sealed is unsealed for the same purpose alone, and not once a bit of it has changed", () => {
  const vault = createVault(randomBytes(32));
  const sealed = vault.seal("hook 1", secret);

  expect(Buffer.from(sealed).includes(secret)).toBe(false);
  expect(vault.unseal("hook 1", sealed)).toEqual(secret);
  expect(vault.unseal("hook 2", sealed)).toBeUndefined();
  for (let at = 0; at < sealed.length; at += 1) {
    const damaged = Uint8Array.from(sealed);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    expect(vault.unseal("hook 1", damaged)).toBeUndefined();
    expect(vault.unseal("hook 1", sealed.subarray(0, at))).toBeUndefined();
  }
});

test("the same secret is never sealed to the same bytes", () => {
  const vault = createVault(randomBytes(32));

  expect(vault.seal("hook 1", secret)).not.toEqual(
    vault.seal("hook 1", secret),
  );
});

test("keys differ by purpose and by installation, and are the same on all nodes", () => {
  const dataKey = randomBytes(32);
  const [one, other] = [createVault(dataKey), createVault(dataKey)];

  expect(one.deriveKey("devices")).toEqual(other.deriveKey("devices"));
  expect(one.deriveKey("devices")).toHaveLength(32);
  expect(one.deriveKey("devices")).not.toEqual(one.deriveKey("digests"));
  expect(one.deriveKey("devices")).not.toEqual(
    createVault(randomBytes(32)).deriveKey("devices"),
  );
});
