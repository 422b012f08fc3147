import { createHmac } from "node:crypto";

/**
 * What is stored of a login name that leads to nobody: 32 bytes that say nothing without the installation's key. Alike on every
 * engine, so that a name is counted on where it was before its installation was copied.
 */
export function hashName(key: Uint8Array, foldedName: string): Uint8Array {
  return createHmac("sha256", key).update(foldedName).digest();
}
