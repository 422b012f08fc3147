import { createHmac, createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** The installation's key for {@link hashName}, made once: to make it takes five times as long as to hash. */
export function createNameKey(bytes: Uint8Array): KeyObject {
  return createSecretKey(bytes);
}

/**
 * What is stored of a login name that no user has: 32 bytes that say nothing without the installation's key. Alike on every
 * engine, so that a name is counted on where it was before its installation was copied.
 */
export function hashName(key: KeyObject, foldedName: string): Uint8Array {
  return createHmac("sha256", key).update(foldedName).digest();
}
