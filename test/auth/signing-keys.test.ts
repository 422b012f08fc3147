import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createSigningKeys } from "../../src/auth/signing-keys.ts";
import { createVault } from "../../src/sealing/vault.ts";
import type { SealedSigningKey } from "../../src/store/vault.ts";

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;

/** Nodes that share a store and a clock. */
function makeCluster() {
  const rows = new Map<string, SealedSigningKey>();
  const clock = { now: 3000 * weekMs };
  let reads = 0;
  const store = {
    listSigningKeys: async () => {
      reads += 1;
      return [...rows.values()];
    },
    addSigningKey: async (key: SealedSigningKey) => {
      if (!rows.has(key.id)) {
        rows.set(key.id, key);
      }
    },
  };
  const vault = createVault(randomBytes(32));
  return {
    rows,
    clock,
    reads: () => reads,
    node: (own = vault) => createSigningKeys(store, own, () => clock.now),
  };
}

test("all nodes sign by the same key, whichever made it, and find it by its id", async () => {
  const { rows, node } = makeCluster();
  const [one, two, three] = [node(), node(), node()];
  const keys = await Promise.all([
    ...[one.current(), one.current(), two.current()],
  ]);
  expect(new Set(keys.map(({ id }) => id)).size).toBe(1);
  expect(rows.size).toBe(1);
  const first = await one.current();
  const found = await three.find(first.id);
  expect(found?.publicKey.equals(first.publicKey)).toBe(true);
  expect(await three.list()).toHaveLength(1);
});

test("the next key is there a day before it signs, and one stays until the last token has ended", async () => {
  const { clock, node } = makeCluster();
  const [one, two] = [node(), node()];
  await one.prepare();
  const first = await one.current();
  expect(await two.list()).toHaveLength(1);

  clock.now += 6 * dayMs + 1;
  await one.prepare();
  expect((await one.current()).id).toBe(first.id);
  const [, next] = await two.list();

  clock.now += dayMs;
  const second = await two.current();
  expect(second.id).toBe(next?.id);
  expect(second.id).not.toBe(first.id);

  // The last token of the first one, good for thirty days.
  clock.now += 29 * dayMs;
  expect(await node().find(first.id)).toBeDefined();
  clock.now += 3 * dayMs;
  expect(await one.find(first.id)).toBeUndefined();
  expect(await node().find(first.id)).toBeUndefined();
  expect((await one.list()).map(({ id }) => id)).toEqual([second.id]);
});

test("a strange id is looked up nowhere", async () => {
  const { reads, node } = makeCluster();
  const keys = node();
  for (const id of ["", "x", "3000", "AAAAAAAAAAAAAAAA"]) {
    expect(await keys.find(id)).toBeUndefined();
  }
  expect(reads()).toBe(0);
});

test("a vault that was reset has keys of its own, and none of those before", async () => {
  const { node } = makeCluster();
  const before = await node().current();
  const after = node(createVault(randomBytes(32)));
  expect(await after.find(before.id)).toBeUndefined();
  expect(await after.list()).toEqual([]);
  expect((await after.current()).id).not.toBe(before.id);
  expect(await after.list()).toHaveLength(1);
});

test("the private keys are not readable in the store", async () => {
  const { rows, node } = makeCluster();
  const { privateKey } = await node().current();
  const { d = "" } = privateKey.export({ format: "jwk" });
  for (const row of rows.values()) {
    expect(
      Buffer.from(row.privateKey).includes(Buffer.from(d, "base64url")),
    ).toBe(false);
  }
});
