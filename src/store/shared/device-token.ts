import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { SubjectId } from "../commands/tables.ts";

/** The key that signs devices: derived, so that what else is hashed under the installation's key is never a token. */
function deviceKey(installationKey: KeyObject): Uint8Array {
  return new Uint8Array(
    hkdfSync("sha256", installationKey, "", "device tokens", 32),
  );
}

/**
 * The token of a device of a subject: 62 characters that a cookie takes as they are. It is the id with a signature that is bound to the organisation
 * and the user, so an id alone opens nothing.
 */
export function signDevice(
  installationKey: KeyObject,
  subject: SubjectId,
  deviceId: string,
): string {
  const own =
    subject.kind === "user"
      ? subject.userId
      : Buffer.from(subject.hash).toString("hex");
  const signature = createHmac("sha256", deviceKey(installationKey))
    .update(JSON.stringify([subject.orgId, subject.kind, own, deviceId]))
    .digest("base64url");
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
