import { LockReason } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type {
  FactorState,
  Lockout,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import { factorTexts } from "../texts/shared.ts";
import { whyTexts } from "../texts/why.ts";
import { lockOf } from "./format.tsx";

/** Why a user, or a factor, is locked, in a sentence. */
export function whyLocked(lockout: Lockout): string {
  const lockedFactors = lockout.factors.filter(({ locked }) => locked);
  if (lockout.locked || lockedFactors.length === 0) {
    return reasonOf(lockout.reason, lockout.factors);
  }
  const names = lockedFactors.map(({ factor }) => factorTexts[factor] ?? "");
  return `${whyTexts.factorsLocked(names)} ${reasonOf(lockOf(lockout).reason, lockedFactors)}`;
}

function reasonOf(reason: LockReason, factors: readonly FactorState[]): string {
  switch (reason) {
    case LockReason.PASSWORD_ATTEMPTS:
    case LockReason.OTP_ATTEMPTS: {
      const worst = mostFailed(factors, ({ failedAttempts }) => failedAttempts);
      return worst === undefined
        ? whyTexts.limitReached
        : whyTexts.failures(
            worst.failedAttempts,
            factorTexts[worst.factor] ?? "",
            worst.limit,
          );
    }
    case LockReason.CEILING: {
      const worst = mostFailed(factors, ({ failedInRow }) => failedInRow);
      return whyTexts.ceiling(
        worst?.failedInRow ?? 0,
        factorTexts[worst?.factor ?? 0] ?? "",
      );
    }
    case LockReason.ADMINISTRATOR:
      return whyTexts.administrator;
    case LockReason.UNSPECIFIED:
      return whyTexts.notLocked;
  }
}

function mostFailed(
  factors: readonly FactorState[],
  count: (factor: FactorState) => number,
): FactorState | undefined {
  const [worst] = [...factors].sort((one, other) => count(other) - count(one));
  return worst !== undefined && count(worst) > 0 ? worst : undefined;
}
