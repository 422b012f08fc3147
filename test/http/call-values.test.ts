import { createContextKey, createContextValues } from "@connectrpc/connect";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CallValues } from "../../src/http/rpc/unary/call-values.ts";

test("the values of a call are those that Connect would keep", () => {
  const keys = [0, 1, 2].map((fallback) => createContextKey(fallback));
  const key = fc.constantFrom(...keys);
  const step = fc.record({
    key,
    value: fc.option(fc.integer(), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const ours = new CallValues();
      const connects = createContextValues();
      for (const each of steps) {
        for (const values of [ours, connects]) {
          if (each.value === undefined) {
            values.delete(each.key);
          } else {
            values.set(each.key, each.value);
          }
        }
        expect(keys.map((k) => ours.get(k))).toEqual(
          keys.map((k) => connects.get(k)),
        );
      }
    }),
  );
});
