import {
  createCipheriv,
  createDecipheriv,
  hkdfSync,
  randomBytes,
} from "node:crypto";

/** How many bytes the keys of the installation have. */
export const keyBytes = 32;

const cipher = "aes-256-gcm";
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = 1 + nonceBytes;

/** Seals what is stored and must not be readable in the database, and gives the keys of the installation. */
export interface Vault {
  /** Seals a secret for a purpose, such as `hook 123`: under another one it cannot be unsealed. */
  readonly seal: (purpose: string, secret: Uint8Array) => Uint8Array;
  /** The secret; undefined where it was sealed by keys that `--reset-keys` has replaced since, for another purpose, or is damaged. */
  readonly unseal: (
    purpose: string,
    sealed: Uint8Array,
  ) => Uint8Array | undefined;
  /** A key of 32 bytes for a purpose: the same on every node, until `--reset-keys`. */
  readonly deriveKey: (purpose: string) => Uint8Array;
}

/** Makes the vault of an installation. @param dataKey 32 random bytes, from which each purpose has a key of its own */
export function createVault(dataKey: Uint8Array): Vault {
  const deriveKey = (purpose: string) => derive(dataKey, `key ${purpose}`);
  const sealingKey = (purpose: string) => derive(dataKey, `seal ${purpose}`);
  return {
    seal: (purpose, secret) => sealWith(sealingKey(purpose), secret),
    unseal: (purpose, sealed) => unsealWith(sealingKey(purpose), sealed),
    deriveKey,
  };
}

/** Derives a key of 32 bytes from another secret. HKDF with SHA-256. */
export function derive(secret: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(
    hkdfSync("sha256", secret, "", `lockoutd ${purpose}`, keyBytes),
  );
}

/** Seals with AES-256-GCM: a version, a random nonce, what is sealed, and the tag. @param key 32 bytes */
export function sealWith(key: Uint8Array, secret: Uint8Array): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, key, nonce);
  return Buffer.concat([
    Uint8Array.of(version),
    nonce,
    sealing.update(secret),
    sealing.final(),
    sealing.getAuthTag(),
  ]);
}

/** What {@link sealWith} has sealed; undefined where this key did not. */
export function unsealWith(
  key: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < headBytes + tagBytes || sealed[0] !== version) {
    return undefined;
  }
  const end = sealed.length - tagBytes;
  const opening = createDecipheriv(cipher, key, sealed.subarray(1, headBytes));
  opening.setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([
      opening.update(sealed.subarray(headBytes, end)),
      opening.final(),
    ]);
  } catch {
    return undefined;
  }
}
