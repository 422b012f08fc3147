import { timingSafeEqual } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { SubjectId } from "../commands/tables.ts";
import { subjectHmac } from "./subject-hmac.ts";

/**
 * The token of a device of a subject: 62 characters that a cookie takes as they are. It is the id with a signature that is bound to the organisation
 * and the user, so an id alone opens nothing.
 */
export function signDevice(
  installationKey: KeyObject,
  subject: SubjectId,
  deviceId: string,
): string {
  const signature = subjectHmac(
    installationKey,
    "device tokens",
    subject,
    deviceId,
  ).digest("base64url");
  return `${deviceId}.${signature}`;
}

/**
 * The id of the device of a token, where it was made for this subject; undefined for anything else. It takes as long for any text.
 *
 * @param token at most some hundred characters, which the caller must check
 */
export function readDeviceToken(
  installationKey: KeyObject,
  subject: SubjectId,
  token: string,
): string | undefined {
  const [, deviceId = ""] = /^(\d{1,20})\./.exec(token) ?? [];
  const expected = Buffer.from(signDevice(installationKey, subject, deviceId));
  const given = Buffer.alloc(expected.length);
  const written = given.write(token);
  const isSame = timingSafeEqual(given, expected);
  return isSame && written === Buffer.byteLength(token) ? deviceId : undefined;
}
