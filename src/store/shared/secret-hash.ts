import type { KeyObject } from "node:crypto";
import type { SubjectId } from "../commands/tables.ts";
import { subjectHmac } from "./subject-hmac.ts";

/** So many bytes of a hash are kept: nobody finds another secret for them. */
const keptBytes = 16;

/**
 * What is stored of a wrong password: of two subjects it is never the same, and without the installation's key nobody can tell what it
 * is of.
 *
 * @param secretDigest what the caller made of the password
 */
export function hashSecret(
  installationKey: KeyObject,
  id: SubjectId,
  secretDigest: Uint8Array,
): string {
  return subjectHmac(installationKey, "remembered secrets", id)
    .update(secretDigest)
    .digest()
    .toString("base64url", 0, keptBytes);
}
