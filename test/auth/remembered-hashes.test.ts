import { expect, it } from "vitest";
import { RememberedHashes } from "../../src/auth/remembered-hashes.ts";

const hash = new Uint8Array(32);

it("keeps no header that blanks have made long", () => {
  const hashes = new RememberedHashes(10);
  const long = `Bearer ${" ".repeat(10_000)}secret`;
  hashes.add(long, hash);
  hashes.add("Bearer secret", hash);
  expect(hashes.get(long)).toBeUndefined();
  expect(hashes.get("Bearer secret")).toBe(hash);
});

it("the oldest goes first", () => {
  const hashes = new RememberedHashes(2);
  for (const header of ["a", "b", "c"]) {
    hashes.add(header, hash);
  }
  expect(["a", "b", "c"].map((header) => hashes.get(header))).toEqual([
    undefined,
    hash,
    hash,
  ]);
});

it("a header that is known makes no room for itself", () => {
  const hashes = new RememberedHashes(2);
  for (const header of ["a", "b", "b"]) {
    hashes.add(header, hash);
  }
  expect(["a", "b"].map((header) => hashes.get(header))).toEqual([hash, hash]);
});
