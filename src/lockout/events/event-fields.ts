/** The fields that payloads of several events have, and what they say. */

/** Of a policy that is created. */
export const addedLimits = {
  maxPasswordAttempts: "left out where it is 0",
  maxOTPAttempts: "left out where it is 0",
};
/** Of a policy that is changed. */
export const changedLimits = {
  maxPasswordAttempts: "where it changed",
  maxOTPAttempts: "where it changed",
};
/** Of all rules that hold. */
export const rules = {
  lockDuration: "seconds, such as `900s`",
  lockGrowth: "",
  maxLockDuration: "seconds",
  observationWindow: "seconds",
  ceiling: "",
  lockScope: "`LOCK_SCOPE_FACTOR`, or left out",
  "devices.maxAttempts": "",
  "devices.trustDuration": "seconds",
  rememberedSecrets: "",
  "sources.maxFailures": "",
  "sources.window": "seconds",
  "sources.ipv4Prefix": "",
  "sources.ipv6Prefix": "",
  "storms.maxLocks": "",
  "storms.window": "seconds",
};
/** Of who tried. */
export const client = {
  address: "the client's, canonical",
  userAgent: "the client's, at most 1,000 characters",
  device: "the client's, at most 1,000 characters",
};
const countedFactors = [
  ...["FACTOR_PASSWORD", "FACTOR_TOTP", "FACTOR_OTP_SMS"],
  ...["FACTOR_OTP_EMAIL", "FACTOR_RECOVERY_CODE"],
];
/** Of failures and locks in a row that are taken over. */
export const failuresInRow: Readonly<Record<string, string>> =
  Object.fromEntries(
    countedFactors.flatMap((factor) => [
      [`failedInRow.${factor}`, "failures in a row, where they are more"],
      [`locksInRow.${factor}`, "locks in a row, where there were several"],
    ]),
  );
/** Of a lock. */
export const locked = {
  reason:
    "`LOCK_REASON_…`; the only field where an administrator locked the user",
  factor: "`FACTOR_…`",
  failedAttempts: "of this factor",
  address: "the client's, canonical",
  attemptId: "left out where the failure was reported after the fact",
  lockEndTime: "RFC 3339: when the lock ends by itself, where it does",
  at: "RFC 3339: when it was, where an attempt that nobody completed in time locked the user",
};
/** Of an unlock. */
export const unlocked = {
  note: "why, as the caller said",
  ticket: "where that is written down, as the caller said",
};
/** Of the end of a lock. */
export const ended = {
  expired: "`true` where the lock ended by itself",
  at: "RFC 3339: when the lock ended, where it did by itself; the event is written within some seconds",
};
/** Of what was on a known device. */
export const onDevice = {
  deviceId:
    "where it was on a known device: it counted there and not for the user; opens nothing",
};
/** Of a failure. */
export const failed = {
  ...client,
  ...onDevice,
  expired: "`true` where nobody completed the attempt in time",
  at: "RFC 3339: when it expired",
};
