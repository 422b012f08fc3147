import { createHmac, hkdfSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { SubjectId } from "../commands/tables.ts";

/**
 * The key for {@link hashSecret}. It is derived, not the installation's own: callers choose what that one hashes (login names), and so could have
 * any hash of it written down.
 */
function secretKey(installationKey: KeyObject): Uint8Array {
  return new Uint8Array(
    hkdfSync("sha256", installationKey, "", "remembered secrets", 32),
  );
}

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
  const own =
    id.kind === "user" ? id.userId : Buffer.from(id.hash).toString("hex");
  return createHmac("sha256", secretKey(installationKey))
    .update(JSON.stringify([id.orgId, id.kind, own]))
    .update(secretDigest)
    .digest()
    .toString("base64url", 0, keptBytes);
}
