import fc from "fast-check";
import { maxRuleMs, noRules } from "../../src/lockout/policy/rules.ts";
import type { Rules } from "../../src/lockout/policy/rules.ts";

const durationMs = fc.oneof(
  fc.integer({ min: 1, max: 5000 }),
  fc.integer({ min: 1, max: maxRuleMs }),
);

/** Rules that may hold beside limits of at most 10, with every rule on or off. */
export const someRules: fc.Arbitrary<Rules> = fc
  .record({
    lock: fc.record({
      lockDurationMs: durationMs,
      lockGrowth: fc.oneof(
        fc.constantFrom(0, 1, 1.5, 2, 10),
        fc.double({ min: 1, max: 10, noNaN: true }),
      ),
      more: fc.option(fc.integer({ min: 0, max: maxRuleMs }), {
        nil: undefined,
      }),
    }),
    isTimed: fc.boolean(),
    observationWindowMs: fc.oneof(fc.constant(0), durationMs),
    ceiling: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 10, max: 0xffff_ffff }),
    ),
    lockScope: fc.constantFrom("user", "factor"),
    devices: fc.oneof(
      fc.constant(noRules.devices),
      fc.record({
        maxAttempts: fc.integer({ min: 1, max: 0xffff_ffff }),
        trustDurationMs: fc.oneof(fc.constant(0), durationMs),
      }),
    ),
    rememberedSecrets: fc.integer({ min: 0, max: 10 }),
    sources: fc.oneof(
      fc.constant(noRules.sources),
      fc.record({
        maxFailures: fc.integer({ min: 1, max: 0xffff_ffff }),
        windowMs: durationMs,
        ipv4Prefix: fc.oneof(fc.constant(0), fc.integer({ min: 8, max: 32 })),
        ipv6Prefix: fc.oneof(fc.constant(0), fc.integer({ min: 16, max: 128 })),
      }),
    ),
    storms: fc.oneof(
      fc.constant(noRules.storms),
      fc.record({
        maxLocks: fc.integer({ min: 1, max: 10_000 }),
        windowMs: durationMs,
      }),
    ),
  })
  .map(({ lock, isTimed, ...rest }): Rules => {
    const { lockDurationMs, lockGrowth, more } = lock;
    const maxLockDurationMs =
      more === undefined ? 0 : Math.min(lockDurationMs + more, maxRuleMs);
    return {
      ...rest,
      ...(isTimed
        ? { lockDurationMs, lockGrowth, maxLockDurationMs }
        : { lockDurationMs: 0, lockGrowth: 0, maxLockDurationMs: 0 }),
    };
  });
