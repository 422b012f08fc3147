export { deviceCookie, readDeviceCookie } from "./device-cookie.ts";
export type { RememberedDevice } from "./device-cookie.ts";
export { createLockoutClient } from "./lockout-client.ts";
export type {
  LockoutClient,
  LockoutClientOptions,
  TransportOptions,
} from "./lockout-client.ts";
export { NotAGuess } from "./verdict.ts";
export type { Verify } from "./verdict.ts";
export type {
  LockoutResult,
  PrivateAnswer,
  PublicAnswer,
  PublicCode,
} from "./result.ts";
export { withLockout } from "./with-lockout.ts";
export type {
  GuessableFactor,
  LockoutUser,
  WithLockoutOptions,
} from "./with-lockout.ts";
export { zitadelErrorOf } from "./zitadel-error.ts";
export type { ZitadelError } from "./zitadel-error.ts";
