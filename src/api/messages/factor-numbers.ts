import { Factor as FactorNumber } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { Factor } from "../../lockout/user/factor.ts";

/** The factors as messages have them. */
export const factorNumbers = {
  password: FactorNumber.PASSWORD,
  totp: FactorNumber.TOTP,
  otp_sms: FactorNumber.OTP_SMS,
  otp_email: FactorNumber.OTP_EMAIL,
  recovery_code: FactorNumber.RECOVERY_CODE,
} as const satisfies Record<Factor, FactorNumber>;
