import { createHmac } from "node:crypto";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { Factor, Outcome } from "../gen/lockout/v1/attempt_service_pb.js";
import type { CompleteAttemptResponse } from "../gen/lockout/v1/attempt_service_pb.js";
import {
  checkFunction,
  checkId,
  checkObject,
  checkOptionalBoolean,
  checkOptionalFunction,
  checkOptionalMs,
  checkOptionalText,
  checkText,
} from "./arguments.ts";
import { beginWithin } from "./begin.ts";
import type { BeginRequest } from "./begin.ts";
import { completeWithin } from "./complete.ts";
import type { LockoutClient } from "./lockout-client.ts";
import { lockoutResult } from "./result.ts";
import type { LockoutResult } from "./result.ts";
import { runVerify } from "./verdict.ts";
import type { Verified, Verify } from "./verdict.ts";

/**
 * Whose secret is compared: the id of a user of yours, or what a person typed, where no user was found by it. A name
 * that nobody has is counted and locks like a user, so that nobody learns which names exist. A name that is empty or
 * blank is a result, `invalid`; an id that is, or one that is not a string, is a TypeError.
 */
export type LockoutUser =
  | { readonly userId: string; readonly loginName?: never }
  | { readonly loginName: string; readonly userId?: never };

/** What is guessed at. Each has a counter of its own. Passkeys cannot be guessed, and have none. */
export type GuessableFactor =
  "password" | "totp" | "otp_sms" | "otp_email" | "recovery_code";

export interface WithLockoutOptions {
  /** Who tries: recorded with the event. Nothing in it refuses a login: an address that is none is left out, long texts are cut. */
  readonly client?: {
    readonly address?: string;
    readonly userAgent?: string;
    readonly device?: string;
    /** What the device showed, by `readDeviceCookie`. It is never recorded. */
    readonly deviceToken?: string | undefined;
  };
  /**
   * Has the device known from now on, if the login is accepted and the policy knows devices: `device` of the result then has what to keep, by
   * `deviceCookie`. Set it for the last factor of a login alone: a device that is remembered after the password is one that whoever knows the password
   * has.
   */
  readonly rememberDevice?: boolean;
  /**
   * The secret that is compared, and a key of your own, at least 16 bytes or characters: with them a keyed hash is made, by which the same wrong
   * password counts once where the policy says so. The secret itself never leaves this process.
   */
  readonly digest?: {
    readonly secret: string;
    readonly key: string | Uint8Array;
  };
  /**
   * Ends the login early, such as when the person has gone: until `verify` begins. What `verify` compared is reported
   * to the end, since whoever hangs up in time would guess for free.
   */
  readonly signal?: AbortSignal;
  /** How long to wait for a chance while others hold all, in milliseconds: 5000 unless set. */
  readonly busyTimeoutMs?: number;
  /** How long to try to complete the attempt while the server cannot be reached, in milliseconds: 10000 unless set. */
  readonly completeTimeoutMs?: number;
  /**
   * Runs in the place of `verify` where a login is refused without it, so that this takes as long: to be given the
   * same work, such as hashing the password, with nothing of the real secret in it.
   */
  readonly dummy?: () => unknown;
}

const defaultBusyTimeoutMs = 5000;
const defaultCompleteTimeoutMs = 10_000;

/**
 * Compares a secret under the eyes of the server: begins an attempt, runs `verify` only if the user has a chance left,
 * and reports how it ended. The login may go on only if the result says `accepted`.
 *
 * It fails closed: a server that cannot be reached, or does not allow the call, is a result that is not accepted.
 *
 * It rejects in three cases, in each of which nobody is signed in. With what `verify` threw: the attempt then counts as
 * failed, since an error after the comparison (a row that could not be written, a connection that an attacker broke)
 * would else be a free guess. Code that knows that it compared nothing says so: it returns `"not-a-guess"` or throws
 * NotAGuess. With the reason of `options.signal`: the chance is given back. And with a TypeError, before anything is asked
 * or compared, where an argument is not of its type, such as a user without an id or name.
 */
export async function withLockout(
  client: LockoutClient,
  user: LockoutUser,
  factor: GuessableFactor,
  verify: Verify,
  options: WithLockoutOptions = {},
): Promise<LockoutResult> {
  checkArguments(client, user, factor, verify, options);
  const {
    signal,
    busyTimeoutMs = defaultBusyTimeoutMs,
    completeTimeoutMs = defaultCompleteTimeoutMs,
    dummy = () => undefined,
  } = options;
  const request = beginRequest(user, factor, options.client);
  const begun = await beginWithin(client, request, busyTimeoutMs, signal);

  switch (begun.kind) {
    case "locked":
    case "inactive": {
      const error = await errorOf(dummy);
      const locked = begun.kind === "locked";
      return lockoutResult(begun.kind, { ...begun.response, locked }, error);
    }
    case "busy":
      return lockoutResult("busy", { ...begun.response, locked: false });
    case "throttled":
      // The numbers of such a response say nothing of the user.
      return lockoutResult("throttled");
    case "invalid":
      await errorOf(dummy);
      return lockoutResult("invalid", undefined, begun.error);
    case "unavailable":
      return lockoutResult("unavailable", undefined, begun.error);
    case "proceed":
  }

  const { attemptId } = begun.response;
  const complete = (outcome: Outcome) =>
    completeWithin(
      client,
      {
        ...{ attemptId, outcome },
        rememberDevice: options.rememberDevice ?? false,
        secretDigest: secretDigest(user, options.digest),
      },
      completeTimeoutMs,
    );
  if (signal?.aborted === true) {
    // Unless this arrives, the attempt expires as failed.
    await errorOf(() => complete(Outcome.NOT_A_GUESS));
    signal.throwIfAborted();
  }
  const verified = await runVerify(verify);
  if ("thrown" in verified) {
    await errorOf(() => complete(verified.outcome));
    throw verified.thrown;
  }
  try {
    return completedResult(verified, await complete(verified.outcome));
  } catch (error) {
    return lockoutResult(uncompleted(error), undefined, error);
  }
}

/** Throws TypeError for what code without types may pass. */
function checkArguments(
  client: unknown,
  user: unknown,
  factor: unknown,
  verify: unknown,
  options: unknown,
): void {
  checkObject("client", client);
  checkObject("client.attempts", client["attempts"]);
  checkObject("user", user);
  const { userId, loginName } = user;
  if ((userId === undefined) === (loginName === undefined)) {
    throw new TypeError(
      `user must have either a userId or a loginName, not ${userId === undefined ? "neither" : "both"}`,
    );
  }
  if (userId !== undefined) {
    checkId("user.userId", userId);
  } else {
    checkText("user.loginName", loginName);
  }
  if (typeof factor !== "string" || !Object.hasOwn(factorNumbers, factor)) {
    throw new TypeError(
      `factor must be one of ${Object.keys(factorNumbers).join(", ")}`,
    );
  }
  checkFunction("verify", verify);
  checkObject("options", options);
  checkOptions(options);
}

function checkOptions(options: Readonly<Record<string, unknown>>): void {
  const { client, signal, busyTimeoutMs, completeTimeoutMs, dummy } = options;
  checkOptionalBoolean("options.rememberDevice", options["rememberDevice"]);
  checkDigest(options["digest"]);
  checkOptionalMs("options.busyTimeoutMs", busyTimeoutMs);
  checkOptionalMs("options.completeTimeoutMs", completeTimeoutMs);
  checkOptionalFunction("options.dummy", dummy);
  if (signal !== undefined) {
    checkObject("options.signal", signal);
    checkFunction("options.signal.throwIfAborted", signal["throwIfAborted"]);
  }
  if (client === undefined) {
    return;
  }
  checkObject("options.client", client);
  for (const name of ["address", "userAgent", "device", "deviceToken"]) {
    checkOptionalText(`options.client.${name}`, client[name]);
  }
}

function beginRequest(
  { userId, loginName }: LockoutUser,
  factor: GuessableFactor,
  client: WithLockoutOptions["client"],
): BeginRequest {
  return {
    subject:
      userId !== undefined
        ? { case: "userId", value: userId }
        : { case: "loginName", value: loginName },
    factor: factorNumbers[factor],
    ...(client !== undefined && {
      client: { ...client, deviceToken: client.deviceToken ?? "" },
    }),
  };
}

/** Nothing of the secret can be told from it without the key; of two users it is never the same. */
function secretDigest(
  { userId, loginName }: LockoutUser,
  digest: WithLockoutOptions["digest"],
): Uint8Array {
  return digest === undefined
    ? new Uint8Array(0)
    : new Uint8Array(
        createHmac("sha256", digest.key)
          .update(
            JSON.stringify([userId ?? "", loginName ?? "", digest.secret]),
          )
          .digest(),
      );
}

/** A key that can be guessed hides nothing. */
const leastKeyLength = 16;

function checkDigest(digest: unknown): void {
  if (digest === undefined) {
    return;
  }
  checkObject("options.digest", digest);
  checkText("options.digest.secret", digest["secret"]);
  const { key } = digest;
  if (typeof key !== "string" && !(key instanceof Uint8Array)) {
    throw new TypeError("options.digest.key must be a string or bytes");
  }
  if (key.length < leastKeyLength) {
    throw new TypeError(
      `options.digest.key must have at least ${leastKeyLength} characters or bytes`,
    );
  }
}

const factorNumbers = {
  password: Factor.PASSWORD,
  totp: Factor.TOTP,
  otp_sms: Factor.OTP_SMS,
  otp_email: Factor.OTP_EMAIL,
  recovery_code: Factor.RECOVERY_CODE,
} as const satisfies Record<GuessableFactor, Factor>;

function completedResult(
  verified: Verified,
  response: CompleteAttemptResponse,
): LockoutResult {
  switch (verified.outcome) {
    case Outcome.SUCCEEDED:
      return withDevice(
        lockoutResult(response.accepted ? "accepted" : "locked", response),
        response,
      );
    case Outcome.FAILED:
      return lockoutResult("wrong", response);
    case Outcome.NOT_A_GUESS:
      return lockoutResult("not_a_guess", response, verified.error);
  }
}

/** What the device shows from now on is for a cookie alone: a result that is sent as JSON by mistake goes without it. */
function withDevice(
  result: LockoutResult,
  { deviceToken: token, deviceExpireTime: time }: CompleteAttemptResponse,
): LockoutResult {
  return token === "" || time === undefined
    ? result
    : Object.defineProperty(result, "device", {
        value: { token, expireTime: timestampDate(time) },
      });
}

function uncompleted(error: unknown): "expired" | "unavailable" {
  switch (ConnectError.from(error).code) {
    case Code.FailedPrecondition:
    case Code.NotFound:
      return "expired";
    default:
      return "unavailable";
  }
}

async function errorOf(run: () => unknown): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error;
  }
}
