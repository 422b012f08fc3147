/** How many failures lock a user. 0 means that this kind never locks. */
export interface Limits {
  readonly maxPasswordAttempts: number;
  readonly maxOtpAttempts: number;
}
