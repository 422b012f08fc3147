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

/** @param vault of the installation */
export function createHookSecrets({
  seal,
  unseal,
}: Pick<Vault, "seal" | "unseal">): HookSecrets {
  const purposeOf = (hookId: string) => `hook ${hookId}`;
  return {
    seal: (hookId, secret) =>
      Buffer.from(seal(purposeOf(hookId), Buffer.from(secret))).toString(
        "base64",
      ),
    unseal: (hookId, sealed) => {
      const secret = unseal(purposeOf(hookId), Buffer.from(sealed, "base64"));
      return secret && Buffer.from(secret).toString();
    },
  };
}
