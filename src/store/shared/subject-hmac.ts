import { createHmac, createSecretKey, hkdfSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { SubjectId } from "../commands/tables.ts";

/** What is hashed of subjects. */
type Purpose = "remembered secrets" | "device tokens";

/** The keys that were derived: to derive one takes longer than to hash. */
const derived = new WeakMap<KeyObject, Map<Purpose, KeyObject>>();

/**
 * Begins the HMAC of something of a subject: of two subjects it is never the same. Its key is derived from the installation's, one for each purpose:
 * callers choose what that one hashes (login names), and so could have any hash of it written down.
 *
 * @param more what else is bound to it
 */
export function subjectHmac(
  installationKey: KeyObject,
  purpose: Purpose,
  { orgId, ...id }: SubjectId,
  ...more: readonly string[]
): ReturnType<typeof createHmac> {
  const own =
    id.kind === "user" ? id.userId : Buffer.from(id.hash).toString("hex");
  return createHmac("sha256", keyFor(installationKey, purpose)).update(
    JSON.stringify([orgId, id.kind, own, ...more]),
  );
}

function keyFor(installationKey: KeyObject, purpose: Purpose): KeyObject {
  const keys = derived.get(installationKey) ?? new Map<Purpose, KeyObject>();
  derived.set(installationKey, keys);
  const known = keys.get(purpose);
  if (known !== undefined) {
    return known;
  }
  const bytes = hkdfSync("sha256", installationKey, "", purpose, 32);
  const key = createSecretKey(new Uint8Array(bytes));
  keys.set(purpose, key);
  return key;
}
