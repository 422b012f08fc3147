import type { Outcome } from "../../src/lockout/user/comparison.ts";
import type { Factor } from "../../src/lockout/user/factor.ts";
import type { Limits } from "../../src/lockout/policy/limits.ts";
import { noRules } from "../../src/lockout/policy/rules.ts";
import type { Rules } from "../../src/lockout/policy/rules.ts";

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

/** A device that was remembered; its number is the place in the list. */
interface ModelDevice {
  isKept: boolean;
  lastSuccess: number;
  readonly failed: Record<ModelFactor, number>;
}

interface ModelAttempt {
  readonly factor: ModelFactor;
  readonly expires: number;
  /** Whose chance it holds. */
  readonly device: ModelDevice | undefined;
  readonly generation: number;
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
 * One user under timed locks, an observation window, a ceiling, both scopes and known devices, as the contract has it in words: every failure is kept, and counted anew
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
  readonly devices: ModelDevice[] = [];
  /** On all devices since the last success or password change. */
  readonly onDevices: Record<ModelFactor, number> = { password: 0, totp: 0 };
  #generation = 0;
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
        if (attempt.device === undefined) {
          this.#fail(attempt.factor, attempt.expires);
        } else {
          this.#failOnDevice(attempt.device, attempt.factor);
        }
      } else {
        return;
      }
    }
  }

  begin(factor: ModelFactor, number?: number) {
    const device = this.#knownDevice(factor, number);
    const decision =
      device === undefined
        ? this.next(factor)
        : this.#nextOnDevice(device, factor);
    if (decision === "proceed") {
      this.isKnown = true;
      this.attempts.push({
        ...{ factor, device, expires: this.#now + this.#ttlMs },
        ...{ generation: this.#generation, state: "open" },
      });
    }
    return device === undefined
      ? { decision, failed: this.failed(factor), open: this.open(factor) }
      : {
          ...{ decision, failed: device.failed[factor] },
          ...{ open: this.openOn(device, factor), isKnownDevice: true },
        };
  }

  /** Undefined where it is refused. */
  complete(
    attempt: ModelAttempt,
    outcome: Outcome,
    secret?: number,
    remembers = false,
  ) {
    if (attempt.state === "closed") {
      return undefined;
    }
    if (attempt.state === "void") {
      return this.#answer(attempt.factor, false);
    }
    attempt.state = "closed";
    const { factor, device, generation } = attempt;
    const isKnown =
      device !== undefined &&
      generation === this.#generation &&
      this.#isTrusted(device);
    const isOnDevice =
      device !== undefined && (outcome !== "succeeded" || isKnown);
    const answer = isOnDevice
      ? this.#outcomeOnDevice(device, factor, outcome, secret)
      : this.#outcome(factor, outcome, secret);
    const isRemembered =
      answer.accepted &&
      remembers &&
      this.rules.devices.maxAttempts > 0 &&
      generation === this.#generation;
    return isRemembered
      ? { ...answer, ...this.#remember(isKnown ? device : undefined) }
      : answer;
  }

  report(
    factor: ModelFactor,
    outcome: Outcome,
    secret?: number,
    number?: number,
  ) {
    this.isKnown = true;
    const device = this.#knownDevice(factor, number);
    if (device !== undefined) {
      if (outcome === "failed" && this.#isLockedByAdministrator()) {
        return this.#answerOnDevice(device, factor, false);
      }
      return this.#outcomeOnDevice(device, factor, outcome, secret);
    }
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
    const leavesOpen =
      this.lock?.end !== undefined ||
      (this.rules.devices.maxAttempts > 0 && !this.#isLockedByAdministrator());
    if (!this.isKnown || (this.lock !== undefined && !leavesOpen)) {
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
    this.forgetDevices();
    this.onDevices.password = 0;
  }

  forgetDevices(): void {
    const isOpen = this.attempts.some(({ state }) => state === "open");
    if (isOpen || this.devices.some(({ isKept }) => isKept)) {
      this.#generation += 1;
    }
    for (const device of this.devices) {
      device.isKept = false;
    }
  }

  openOn(device: ModelDevice, factor: ModelFactor): number {
    return this.attempts.filter(
      (attempt) =>
        attempt.factor === factor &&
        attempt.state === "open" &&
        attempt.device === device,
    ).length;
  }

  openOnDevices(factor: ModelFactor): number {
    return this.attempts.filter(
      (attempt) =>
        attempt.factor === factor &&
        attempt.state === "open" &&
        attempt.device !== undefined,
    ).length;
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
      (attempt) =>
        attempt.factor === factor &&
        attempt.state === "open" &&
        attempt.device === undefined,
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
        this.onDevices[factor] = 0;
        return this.#answer(factor, true);
    }
  }

  #isLockedByAdministrator(): boolean {
    return this.lock?.reason === "administrator";
  }

  #isTrusted(device: ModelDevice): boolean {
    const { maxAttempts, trustDurationMs } = this.rules.devices;
    const trust = trustDurationMs === 0 ? 90 * 86_400_000 : trustDurationMs;
    const age = this.#now - device.lastSuccess;
    return maxAttempts > 0 && device.isKept && age <= trust;
  }

  #knownDevice(
    factor: ModelFactor,
    number: number | undefined,
  ): ModelDevice | undefined {
    const device = number === undefined ? undefined : this.devices[number];
    const most = this.rules.devices.maxAttempts;
    const all = this.onDevices[factor] + this.openOnDevices(factor);
    return device !== undefined &&
      this.#isTrusted(device) &&
      device.failed[factor] < most &&
      all < 10 * most
      ? device
      : undefined;
  }

  #nextOnDevice(device: ModelDevice, factor: ModelFactor): string {
    if (this.#isLockedByAdministrator()) {
      return "locked";
    }
    const left = this.rules.devices.maxAttempts - device.failed[factor];
    return this.openOn(device, factor) < left ? "proceed" : "busy";
  }

  #outcomeOnDevice(
    device: ModelDevice,
    factor: ModelFactor,
    outcome: Outcome,
    secret?: number,
  ) {
    if (outcome === "failed") {
      const failed = device.isKept ? device.failed[factor] : 0;
      const counted = this.#isRepeated(factor, secret, false) ? 0 : 1;
      if (counted === 1) {
        this.#failOnDevice(device, factor);
      }
      return {
        ...this.#answerOnDevice(device, factor, false),
        failed: failed + counted,
      };
    }
    if (outcome === "not_a_guess" || this.#isLockedByAdministrator()) {
      return this.#answerOnDevice(device, factor, false);
    }
    device.failed[factor] = 0;
    device.lastSuccess = this.#now;
    this.onDevices[factor] = 0;
    if (factor === "password") {
      this.#histories.password.secrets = [];
    }
    return this.#answerOnDevice(device, factor, true);
  }

  #failOnDevice(device: ModelDevice, factor: ModelFactor): void {
    const most = this.rules.devices.maxAttempts;
    device.failed[factor] += 1;
    this.onDevices[factor] += 1;
    if (most > 0 && device.failed[factor] >= most) {
      device.isKept = false;
    }
  }

  #answerOnDevice(device: ModelDevice, factor: ModelFactor, accepted: boolean) {
    return {
      ...{ accepted, locked: this.#isLockedByAdministrator() },
      failed: device.isKept ? device.failed[factor] : 0,
      limit: this.rules.devices.maxAttempts,
    };
  }

  #remember(known: ModelDevice | undefined) {
    const device = known ?? {
      ...{ isKept: true, lastSuccess: this.#now },
      failed: { password: 0, totp: 0 },
    };
    if (known === undefined) {
      this.devices.push(device);
    }
    device.lastSuccess = this.#now;
    const kept = this.devices.filter(({ isKept }) => isKept);
    if (kept.length > 10) {
      const [oldest] = kept.toSorted((a, b) => a.lastSuccess - b.lastSuccess);
      (oldest ?? device).isKept = false;
    }
    const { trustDurationMs } = this.rules.devices;
    const trust = trustDurationMs === 0 ? 90 * 86_400_000 : trustDurationMs;
    return {
      number: this.devices.indexOf(device),
      deviceExpires: this.#now + trust,
    };
  }

  /** Whether a password is one of the last wrong ones; it is the last one then. A lock that stays remembers nothing. */
  #isRepeated(
    factor: ModelFactor,
    secret: number | undefined,
    isRefused = this.#closing(factor).some(({ end }) => end === undefined),
  ): boolean {
    const most = this.rules.rememberedSecrets;
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
