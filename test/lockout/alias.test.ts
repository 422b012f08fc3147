import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldName, formerlyFolded } from "../../src/lockout/user/alias.ts";

describe("I8: case, Unicode form and blanks cannot split a person", () => {
  it.each([
    ["case", "Alice@Example.com", "alice@example.com"],
    ["blanks around", "  alice \t", "alice"],
    ["blanks within", "alice \u00a0 smith", "alice smith"],
    ["composed and decomposed", "Zo\u00eb", "zoe\u0308"],
    ["full width", "\uff41\uff4c\uff49\uff43\uff45", "alice"],
    ["ligatures", "\ufb01nn", "finn"],
    ["sharp s", "STRASSE", "stra\u00dfe"],
    ["final sigma", "\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c3"],
    ["invisible characters", "al\u200bi\u00adce\ufeff", "alice"],
    ["control characters", "\u0000al\u0001i\u007fce\u009f", "alice"],
    ["the blank of braille", "al\u2800ice\u2800", "alice"],
    ["fillers of Hangul", "al\u3164i\u115fc\u1160e\uffa0", "alice"],
    ["marks of annotations", "\ufff9alice\ufffb", "alice"],
    ["blanks that control characters make", "a\tb\u0085c\nd", "a b c d"],
  ])("%s", (_name, one, other) => {
    expect(foldName(one)).toBe(foldName(other));
  });

  it("says how a name with characters that nobody sees was folded before", () => {
    expect(formerlyFolded("Al\u0001ice")).toBe("al\u0001ice");
    expect(formerlyFolded("Al\u2800ice")).toBe("al\u2800ice");
    for (const name of ["Alice", "a\tb", "al\u200bice"]) {
      expect(formerlyFolded(name)).toBeUndefined();
    }
  });

  it("keeps different names apart", () => {
    expect(foldName("alice")).not.toBe(foldName("alicia"));
    expect(foldName("ann a")).not.toBe(foldName("anna"));
  });

  it("leaves nothing of what nobody sees", () => {
    expect(foldName(" \u200b\t\u00a0\u0001\u2800")).toBe("");
  });

  it("leaves nothing of a name that grows beyond measure, as no name does", () => {
    expect(foldName("\ufdfa".repeat(200))).toBe("");
    expect(foldName("\ufdfa")).not.toBe("");
    expect(foldName("\u0390".repeat(200))).not.toBe("");
  });

  it("folds what is folded to itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const folded = foldName(name);
        expect(foldName(folded)).toBe(folded);
      }),
    );
  });
});
