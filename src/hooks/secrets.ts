import { randomBytes } from "node:crypto";
import type { Vault } from "../sealing/vault.ts";

const prefix = "whsec_";

/** Makes the secret of a hook: 256 random bits, as Standard Webhooks writes them. */
export function newHookSecret(): string {
  return prefix + randomBytes(32).toString("base64");
}

/** The bytes of a secret, with which messages are signed. */
export function secretBytes(secret: string): Buffer {
  return Buffer.from(secret.slice(prefix.length), "base64");
}

/** Turns secrets into what the database has, and back: to sign a message takes the secret itself, so no hash of it is enough. */
export interface HookSecrets {
  readonly seal: (hookId: string, secret: string) => string;
  /** Undefined where the keys by which it was sealed were replaced since: it has to be rotated. */
  readonly unseal: (hookId: string, sealed: string) => string | undefined;
}

/** So many secrets are kept in memory: to unseal one takes longer than to sign by it. */
const maxKept = 1000;

/** @param vault of the installation */
export function createHookSecrets({
  seal,
  unseal,
}: Pick<Vault, "seal" | "unseal">): HookSecrets {
  const purposeOf = (hookId: string) => `hook ${hookId}`;
  const kept = new Map<string, string>();
  return {
    seal: (hookId, secret) =>
      Buffer.from(seal(purposeOf(hookId), Buffer.from(secret))).toString(
        "base64",
      ),
    unseal: (hookId, sealed) => {
      const key = `${hookId} ${sealed}`;
      const known = kept.get(key);
      if (known !== undefined) {
        return known;
      }
      const bytes = unseal(purposeOf(hookId), Buffer.from(sealed, "base64"));
      if (bytes === undefined) {
        return undefined;
      }
      const secret = Buffer.from(bytes).toString();
      for (const oldest of kept.keys()) {
        if (kept.size < maxKept) {
          break;
        }
        kept.delete(oldest);
      }
      kept.set(key, secret);
      return secret;
    },
  };
}
