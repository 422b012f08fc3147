import { hash, randomBytes } from "node:crypto";

/** Makes the secret of a token: 256 random bits, 43 characters of base64url. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * What is stored of a secret: its SHA-256. Secrets have 256 random bits, and an operator's own are long
 * (`admin-token.ts`), so a slow hash would protect nothing that this one does not.
 */
export function hashSecret(secret: string): Uint8Array {
  return hash("sha256", secret, "buffer");
}
