import { createHmac, createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** The installation's key for {@link hashName}, made once: to make it takes five times as long as to hash. */
export function createNameKey(bytes: Uint8Array): KeyObject {
  return createSecretKey(bytes);
}

/**
 * What is stored of a login name that no user has: 32 bytes that reveal nothing without the installation's key. The same on every
 * engine, so that counts are kept when an installation is copied.
 */
export function hashName(key: KeyObject, foldedName: string): Uint8Array {
  return createHmac("sha256", key).update(foldedName).digest();
}
