import type { Outcome } from "../../src/lockout/counting.ts";
import type { Factor } from "../../src/lockout/factor.ts";
import type { Limits } from "../../src/lockout/limits.ts";
import { noRules } from "../../src/lockout/rules.ts";
import type { Rules } from "../../src/lockout/rules.ts";

/** The factors that the model knows. */
export const modelFactors = ["password", "totp"] as const satisfies Factor[];

/** One of {@link modelFactors}. */
export type ModelFactor = (typeof modelFactors)[number];

interface Failure {
  readonly time: number;
  /** The window by which it was counted. */
  readonly window: number;
}

interface ModelLock {
  readonly reason: string;
  readonly time: number;
  readonly end: number | undefined;
  readonly factor: ModelFactor | undefined;
}

interface ModelAttempt {
  readonly factor: ModelFactor;
  readonly expires: number;
  state: "open" | "closed" | "void";
}

/** What happened to a factor since it was cleared last. */
interface History {
  failures: (Failure | "lock ended")[];
  locks: number;
  /** What was wrong, with how many secrets were to be remembered then. */
  secrets: { readonly secret: number; readonly most: number }[];
  /** Of any failure, also before that. */
  last: number | undefined;
}

/**
 * One user under timed locks, an observation window, a ceiling and both scopes, as the contract has it in words: every failure is kept, and counted anew
 * each time.
 */
export class RulesModel {
  limits: Limits;
  rules: Rules = noRules;
  lock: ModelLock | undefined;
  /** Of one factor each. */
  readonly factorLocks = new Map<ModelFactor, ModelLock>();
  /** Whether the user was seen. */
  isKnown = false;
  readonly attempts: ModelAttempt[] = [];
  /** The locks that ended by themselves, in the order in which that was noted. */
  readonly ended: { readonly end: number; readonly factor?: ModelFactor }[] =
    [];
  #now = 0;
  readonly #ttlMs: number;
  readonly #histories: Record<ModelFactor, History> = {
    password: { failures: [], locks: 0, secrets: [], last: undefined },
    totp: { failures: [], locks: 0, secrets: [], last: undefined },
  };

  constructor(limits: Limits, ttlMs: number) {
    this.limits = limits;
    this.#ttlMs = ttlMs;
  }

  /** Does what was due up to this time, in the order in which it fell due. */
  settle(now: number): void {
    this.#now = now;
    for (;;) {
      const attempt = this.attempts
        .filter(({ state, expires }) => state === "open" && expires <= now)
        .sort((a, b) => a.expires - b.expires)[0];
      const until = attempt?.expires ?? now;
      const [ended] = this.#locks()
        .filter(({ lock }) => (lock.end ?? Infinity) <= until)
        .sort((a, b) => (a.lock.end ?? 0) - (b.lock.end ?? 0));
      if (ended?.lock.end !== undefined) {
        const { lock, closes } = ended;
        if (lock.factor !== undefined) {
          this.#histories[lock.factor].failures.push("lock ended");
        }
        if (closes === undefined) {
          this.lock = undefined;
          this.ended.push({ end: ended.lock.end });
        } else {
          this.factorLocks.delete(closes);
          this.ended.push({ end: ended.lock.end, factor: closes });
        }
      } else if (attempt !== undefined) {
        attempt.state = "closed";
        this.#fail(attempt.factor, attempt.expires);
      } else {
        return;
      }
    }
  }

  begin(factor: ModelFactor) {
    const decision = this.next(factor);
    if (decision === "proceed") {
      this.isKnown = true;
      const expires = this.#now + this.#ttlMs;
      this.attempts.push({ factor, expires, state: "open" });
    }
    return { decision, failed: this.failed(factor), open: this.open(factor) };
  }

  /** Undefined where it is refused. */
  complete(attempt: ModelAttempt, outcome: Outcome, secret?: number) {
    if (attempt.state === "closed") {
      return undefined;
    }
    if (attempt.state === "void") {
      return this.#answer(attempt.factor, false);
    }
    attempt.state = "closed";
    return this.#outcome(attempt.factor, outcome, secret);
  }

  report(factor: ModelFactor, outcome: Outcome, secret?: number) {
    this.isKnown = true;
    return this.#outcome(factor, outcome, secret);
  }

  /** Says whether somebody was locked. */
  unlock(): boolean {
    if (this.#locks().length === 0) {
      return false;
    }
    this.lock = undefined;
    this.factorLocks.clear();
    for (const factor of modelFactors) {
      this.#clear(factor);
    }
    for (const attempt of this.attempts) {
      if (attempt.state === "open") {
        attempt.state = "void";
      }
    }
    return true;
  }

  /** Says whether it was possible. */
  lockByAdministrator(): boolean {
    if (
      !this.isKnown ||
      (this.lock !== undefined && this.lock.end === undefined)
    ) {
      return false;
    }
    this.lock = {
      ...{ reason: "administrator", time: this.#now },
      ...{ end: undefined, factor: undefined },
    };
    return true;
  }

  changePassword(): void {
    this.isKnown = true;
    this.#clear("password");
  }

  next(factor: ModelFactor): string {
    if (this.#closing(factor).length > 0) {
      return "locked";
    }
    const { ceiling } = this.rules;
    const limit = this.#limit(factor);
    const left = [
      ...(limit > 0 ? [limit - this.failed(factor)] : []),
      ...(ceiling > 0 ? [ceiling - this.inRow(factor)] : []),
    ];
    const isFree = left.every(
      (chances) => this.open(factor) < Math.max(chances, 1),
    );
    return isFree ? "proceed" : "busy";
  }

  open(factor: ModelFactor): number {
    return this.attempts.filter(
      (attempt) => attempt.factor === factor && attempt.state === "open",
    ).length;
  }

  failed(factor: ModelFactor, at = this.#now): number {
    const { failures, last } = this.#histories[factor];
    let count = 0;
    let before: number | undefined;
    for (const failure of failures) {
      if (failure === "lock ended") {
        count = 0;
        continue;
      }
      const { time, window } = failure;
      if (window > 0 && before !== undefined && time - before >= window) {
        count = 0;
      }
      count += 1;
      before = time;
    }
    const window = this.rules.observationWindowMs;
    return window > 0 && last !== undefined && at - last >= window ? 0 : count;
  }

  inRow(factor: ModelFactor): number {
    const { failures } = this.#histories[factor];
    return failures.filter((failure) => failure !== "lock ended").length;
  }

  locksInRow(factor: ModelFactor): number {
    return this.#histories[factor].locks;
  }

  #outcome(factor: ModelFactor, outcome: Outcome, secret?: number) {
    this.isKnown = true;
    switch (outcome) {
      case "failed":
        if (this.#isRepeated(factor, secret)) {
          return this.#answer(factor, false);
        }
        this.#fail(factor, this.#now);
        return this.#answer(factor, false);
      case "not_a_guess":
        return this.#answer(factor, false);
      case "succeeded":
        if (this.#closing(factor).length > 0) {
          return this.#answer(factor, false);
        }
        this.#clear(factor);
        return this.#answer(factor, true);
    }
  }

  /** Whether a password is one of the last wrong ones; it is the last one then. A lock that stays remembers nothing. */
  #isRepeated(factor: ModelFactor, secret: number | undefined): boolean {
    const most = this.rules.rememberedSecrets;
    const isRefused = this.lock !== undefined && this.lock.end === undefined;
    if (
      factor !== "password" ||
      secret === undefined ||
      most === 0 ||
      isRefused
    ) {
      return false;
    }
    const { secrets } = this.#histories.password;
    let last: readonly number[] = [];
    for (const wrong of secrets) {
      const others = last.filter((other) => other !== wrong.secret);
      last = [wrong.secret, ...others].slice(0, wrong.most);
    }
    secrets.push({ secret, most });
    return last.slice(0, most).includes(secret);
  }

  #answer(factor: ModelFactor, accepted: boolean) {
    const ends = this.#closing(factor).map((lock) => lock.end ?? Infinity);
    const end = Math.max(...ends);
    return {
      ...{ accepted, locked: ends.length > 0 },
      failed: this.failed(factor),
      limit: this.#limit(factor),
      ...(Number.isFinite(end) && { lockEndTime: end }),
    };
  }

  #fail(factor: ModelFactor, time: number): void {
    const before = this.#closing(factor);
    if (before.some((lock) => lock.end === undefined)) {
      return;
    }
    const history = this.#histories[factor];
    const { ceiling, observationWindowMs: window } = this.rules;
    history.failures.push({ time, window });
    history.last = time;
    if (ceiling > 0 && this.inRow(factor) >= ceiling) {
      history.locks += before.length === 0 ? 1 : 0;
      this.#lock({ reason: "ceiling", time, end: undefined, factor }, factor);
      return;
    }
    const limit = this.#limit(factor);
    if (before.length > 0 || limit === 0 || this.failed(factor, time) < limit) {
      return;
    }
    history.locks += 1;
    const end = this.#endOf(history.locks, time);
    const reason = factor === "password" ? "password_attempts" : "otp_attempts";
    this.#lock({ ...{ reason, time, factor, end } }, factor);
  }

  #lock(lock: ModelLock, factor: ModelFactor): void {
    if (this.rules.lockScope === "factor") {
      this.factorLocks.set(factor, lock);
    } else {
      this.lock = lock;
    }
  }

  /** All locks, and what each closes: undefined is all. */
  #locks(): { lock: ModelLock; closes: ModelFactor | undefined }[] {
    return [
      ...(this.lock === undefined
        ? []
        : [{ lock: this.lock, closes: undefined }]),
      ...[...this.factorLocks].map(([closes, lock]) => ({ lock, closes })),
    ];
  }

  #closing(factor: ModelFactor): readonly ModelLock[] {
    return this.#locks()
      .filter(({ closes }) => closes === undefined || closes === factor)
      .map(({ lock }) => lock);
  }

  #endOf(locks: number, time: number): number | undefined {
    const { lockDurationMs, lockGrowth, maxLockDurationMs } = this.rules;
    if (lockDurationMs === 0) {
      return undefined;
    }
    let duration = lockDurationMs;
    for (let lock = 1; lock < locks; lock += 1) {
      duration *= lockGrowth === 0 ? 1 : lockGrowth;
    }
    const most =
      maxLockDurationMs === 0
        ? Math.max(86_400_000, lockDurationMs)
        : maxLockDurationMs;
    return time + Math.min(duration, most);
  }

  #clear(factor: ModelFactor): void {
    const history = this.#histories[factor];
    history.failures = [];
    history.locks = 0;
    history.secrets = [];
  }

  #limit(factor: ModelFactor): number {
    return factor === "password"
      ? this.limits.maxPasswordAttempts
      : this.limits.maxOtpAttempts;
  }
}
