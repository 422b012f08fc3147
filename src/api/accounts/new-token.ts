import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { hashSecret, newSecret } from "../../auth/tokens.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { NewAccountToken } from "../../store/access.ts";
import { expiryMs } from "../messages/moment.ts";

/** A token that is about to be stored, and what its holder shows. */
export interface MadeToken {
  readonly secret: string;
  readonly stored: NewAccountToken;
}

/** Makes the secret of a token. @param now milliseconds since 1970 UTC @throws LockoutError where the expiry has passed */
export function makeToken(
  expireTime: Timestamp | undefined,
  now: number,
): MadeToken {
  const expirationDate = expireTime && expiryMs(expireTime);
  if (expirationDate !== undefined && expirationDate <= now) {
    throw new LockoutError("tokenExpiryPast");
  }
  const secret = newSecret();
  return { secret, stored: { hash: hashSecret(secret), expirationDate } };
}
