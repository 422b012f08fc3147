import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redated } from "../../src/lockout/attempt/attempt.ts";

const ttlMs = 60_000;
const hour = 3_600_000;

describe("an open attempt whose clock is set back", () => {
  const attempt = { beginTime: hour, expireTime: hour + ttlMs };

  it.each([
    ["it was not", hour, undefined],
    [
      "a moment",
      hour - 1,
      { beginTime: hour - 1, expireTime: hour - 1 + ttlMs },
    ],
    [
      "as long as it lives",
      hour - ttlMs,
      { beginTime: hour - ttlMs, expireTime: hour },
    ],
    [
      "longer than it lives",
      hour - ttlMs - 1,
      { beginTime: hour - ttlMs - 1, expireTime: hour - ttlMs - 1 },
    ],
  ])("is dated anew: %s", (_by, now, expected) => {
    expect(redated(attempt, now)).toEqual(expected);
  });

  it("holds its chance for no longer than it lives once that is seen, and ends early by no more than the clock went", () => {
    const step = fc.record({
      // What passes in truth, and by how much the clock is set besides.
      passes: fc.integer({ min: 1, max: 2 * ttlMs }),
      jumps: fc.oneof(
        fc.constant(0),
        fc.integer({ min: -3 * ttlMs, max: 3 * ttlMs }),
      ),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let dates = { beginTime: 0, expireTime: ttlMs };
        let clock = 0;
        let passed = 0;
        let jumped = 0;
        for (const { passes, jumps } of steps) {
          passed += passes;
          clock += passes + jumps;
          jumped += Math.abs(jumps);
          dates = redated(dates, clock) ?? dates;
          if (dates.expireTime <= clock) {
            expect(passed + jumped).toBeGreaterThanOrEqual(ttlMs);
            return;
          }
          expect(dates.expireTime - clock).toBeLessThanOrEqual(ttlMs);
        }
      }),
    );
  });
});
