import {
  Decision,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";

/** A kind of secret in the model: one for each limit of the policy, and two that share one. */
export const modelFactors = [
  Factor.PASSWORD,
  Factor.TOTP,
  Factor.OTP_EMAIL,
] as const;

export type ModelFactor = (typeof modelFactors)[number];

interface ModelAttempt {
  readonly factor: ModelFactor;
  readonly expireTime: number;
  /** Void: it was open at an unlock. */
  closed: { outcome: Outcome; answer: ModelAnswer } | "void" | undefined;
}

export interface ModelAnswer {
  readonly accepted: boolean;
  readonly locked: boolean;
  readonly failedAttempts: number;
  readonly limit: number;
}

/**
 * What the contract says of one user, written as plainly as it can be: no store, no transaction, nothing at the same
 * time. The server must behave like this.
 */
export class AttemptModel {
  readonly #ttlMs: number;
  #limits = { password: 0, otp: 0 };
  #failed = new Map<ModelFactor, number>();
  #attempts = new Map<string, ModelAttempt>();
  now: number;
  locked = false;
  /** Events of the user, in order. */
  locks = 0;

  constructor(ttlMs: number, now: number) {
    this.#ttlMs = ttlMs;
    this.now = now;
  }

  get attemptIds(): readonly string[] {
    return [...this.#attempts.keys()];
  }

  limit(factor: ModelFactor): number {
    return factor === Factor.PASSWORD
      ? this.#limits.password
      : this.#limits.otp;
  }

  failed(factor: ModelFactor): number {
    return this.#failed.get(factor) ?? 0;
  }

  open(factor: ModelFactor): number {
    return [...this.#attempts.values()].filter(
      (attempt) => attempt.factor === factor && attempt.closed === undefined,
    ).length;
  }

  setLimits(password: number, otp: number): void {
    this.#limits = { password, otp };
  }

  decide(factor: ModelFactor): Decision {
    if (this.locked) {
      return Decision.LOCKED;
    }
    const limit = this.limit(factor);
    const chances = Math.max(limit - this.failed(factor), 1);
    return limit > 0 && this.open(factor) >= chances
      ? Decision.BUSY
      : Decision.PROCEED;
  }

  opened(id: string, factor: ModelFactor): void {
    this.#attempts.set(id, {
      factor,
      expireTime: this.now + this.#ttlMs,
      closed: undefined,
    });
  }

  /** Undefined where the attempt was closed with another outcome. */
  complete(id: string, outcome: Outcome): ModelAnswer | undefined {
    const attempt = this.#attempts.get(id);
    if (attempt === undefined) {
      throw new Error(`no attempt ${id}`);
    }
    if (attempt.closed === "void") {
      return {
        accepted: false,
        locked: this.locked,
        failedAttempts: this.failed(attempt.factor),
        limit: this.limit(attempt.factor),
      };
    }
    if (attempt.closed !== undefined) {
      return attempt.closed.outcome === outcome
        ? attempt.closed.answer
        : undefined;
    }
    const answer = this.report(attempt.factor, outcome);
    attempt.closed = { outcome, answer };
    return answer;
  }

  report(factor: ModelFactor, outcome: Outcome): ModelAnswer {
    const limit = this.limit(factor);
    if (!this.locked && outcome === Outcome.FAILED) {
      this.#failed.set(factor, this.failed(factor) + 1);
      if (limit > 0 && this.failed(factor) >= limit) {
        this.lock();
      }
      return {
        accepted: false,
        locked: this.locked,
        failedAttempts: this.failed(factor),
        limit,
      };
    }
    const accepted = !this.locked && outcome === Outcome.SUCCEEDED;
    if (accepted) {
      this.#failed.set(factor, 0);
    }
    return {
      accepted,
      locked: this.locked,
      failedAttempts: this.failed(factor),
      limit,
    };
  }

  advance(ms: number): void {
    this.now += ms;
    const due = [...this.#attempts.values()].filter(
      ({ closed, expireTime }) =>
        closed === undefined && expireTime <= this.now,
    );
    due.sort((one, other) => one.expireTime - other.expireTime);
    for (const attempt of due) {
      const answer = this.report(attempt.factor, Outcome.FAILED);
      attempt.closed = { outcome: Outcome.FAILED, answer };
    }
  }

  passwordChanged(): void {
    this.#failed.set(Factor.PASSWORD, 0);
  }

  lock(): void {
    this.locked = true;
    this.locks += 1;
  }

  unlock(): void {
    this.locked = false;
    this.#failed.clear();
    for (const attempt of this.#attempts.values()) {
      attempt.closed ??= "void";
    }
  }
}
