import { randomBytes } from "node:crypto";
import { StoreRefusedError } from "../store/store.ts";
import type { KeyChange, VaultStore } from "../store/vault.ts";
import { createMasterKeyFile, findMasterKeyFile } from "./master-key.ts";
import {
  createVault,
  derive,
  keyBytes,
  sealWith,
  unsealWith,
} from "./vault.ts";
import type { Vault } from "./vault.ts";

/** What opens the vault of an installation. */
export interface VaultOptions {
  /** The operator's master key, 32 characters. */
  readonly masterKey: string | undefined;
  /** Where one is kept beside the database, and made where the operator gives none; undefined: nowhere. */
  readonly keyFile: string | undefined;
  /** Makes new keys: what was sealed by those before cannot be unsealed any more. */
  readonly reset: boolean;
}

/** A vault, and whether its keys are sealed in the database. */
export interface OpenVault {
  readonly vault: Vault;
  readonly isSealed: boolean;
}

/** What stands before the data key in the database. */
const unsealedMark = 0;
const sealedMark = 1;

/**
 * Opens the vault of an installation, and makes it where there is none. The database has one key from which all others come; the master key
 * seals it, as soon as there is one.
 *
 * @throws StoreRefusedError where it is sealed by another master key, or by one that is not given, and StoreUnavailableError
 */
export async function openVault(
  store: VaultStore,
  { masterKey, keyFile, reset }: VaultOptions,
): Promise<OpenVault> {
  const fileKey =
    keyFile === undefined ? undefined : findMasterKeyFile(keyFile);
  const stored = await store.findDataKey();
  const mayMake = stored === undefined || reset || !isSealedKey(stored);
  const master =
    masterKey ??
    fileKey ??
    (keyFile !== undefined && mayMake
      ? createMasterKeyFile(keyFile)
      : undefined);
  if (stored === undefined) {
    const added = await store.addDataKey(wrap(master, randomBytes(keyBytes)));
    return opened(unwrap(added, master), added);
  }
  if (reset) {
    return replace(store, stored, master, randomBytes(keyBytes), "reset");
  }
  const dataKey = tryUnwrap(stored, master);
  if (dataKey !== undefined) {
    return master === undefined || isSealedKey(stored)
      ? opened(dataKey, stored)
      : replace(store, stored, master, dataKey, "sealed");
  }
  // The operator's own takes the place of the one beside the database.
  const before = tryUnwrap(stored, fileKey);
  return before === undefined
    ? opened(unwrap(stored, master), stored)
    : replace(store, stored, master, before, "sealed");
}

async function replace(
  store: VaultStore,
  stored: Uint8Array,
  master: string | undefined,
  dataKey: Uint8Array,
  change: KeyChange,
): Promise<OpenVault> {
  const now = await store.replaceDataKey(stored, wrap(master, dataKey), change);
  return opened(unwrap(now, master), now);
}

function opened(dataKey: Uint8Array, stored: Uint8Array): OpenVault {
  return { vault: createVault(dataKey), isSealed: isSealedKey(stored) };
}

function isSealedKey(stored: Uint8Array): boolean {
  return stored[0] === sealedMark;
}

function wrap(master: string | undefined, dataKey: Uint8Array): Uint8Array {
  return master === undefined
    ? Buffer.concat([Uint8Array.of(unsealedMark), dataKey])
    : Buffer.concat([
        Uint8Array.of(sealedMark),
        sealWith(wrappingKey(master), dataKey),
      ]);
}

function tryUnwrap(
  stored: Uint8Array,
  master: string | undefined,
): Uint8Array | undefined {
  if (!isSealedKey(stored)) {
    return stored.subarray(1);
  }
  return master === undefined
    ? undefined
    : unsealWith(wrappingKey(master), stored.subarray(1));
}

function unwrap(stored: Uint8Array, master: string | undefined): Uint8Array {
  const dataKey = tryUnwrap(stored, master);
  if (dataKey === undefined) {
    const fault =
      master === undefined
        ? "are sealed by a master key, and none is given"
        : "are sealed by another master key than the one given";
    throw new StoreRefusedError(
      `the keys of this installation ${fault}: give the right one by LOCKOUTD_MASTERKEY or --masterkey-file (for SQLite, or the .key file beside the database that was served), or make new keys by --reset-keys, which ends all access tokens and disables hooks until their secrets are rotated`,
    );
  }
  return dataKey;
}

function wrappingKey(master: string): Uint8Array {
  return derive(Buffer.from(master, "latin1"), "master key");
}
