import { randomInt } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { StoreRefusedError } from "../store/store.ts";

/** As ZITADEL has it. */
const keyLength = 32;

/** Longer files are not read: whatever they are, they are no key. */
const maxFileBytes = 1024;

const alphabet =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Why a text is no master key; undefined where it is one. The text never has the key. */
export function findMasterKeyFault(text: string): string | undefined {
  if (text.length !== keyLength) {
    return `has ${text.length} characters, but a master key has ${keyLength}: make one by \`openssl rand -hex 16\``;
  }
  return /^[\x21-\x7e]*$/.test(text)
    ? undefined
    : "must be printable ASCII without blanks: make one by `openssl rand -hex 16`";
}

/** Reads a master key from a file. @throws StoreRefusedError where there is none in it */
export function readMasterKeyFile(path: string): string {
  const text = readFile(path);
  const fault = findMasterKeyFault(text);
  if (fault !== undefined) {
    throw new StoreRefusedError(`the master key in ${path} ${fault}`);
  }
  return text;
}

/** The same, undefined where there is no such file. @throws StoreRefusedError where it has no key */
export function findMasterKeyFile(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false }) === undefined
    ? undefined
    : readMasterKeyFile(path);
}

/**
 * Makes a master key in a new file for its owner alone, which is on the disk when this returns.
 *
 * @throws StoreRefusedError where it cannot be written
 */
export function createMasterKeyFile(path: string): string {
  const key = Array.from(
    { length: keyLength },
    () => alphabet[randomInt(alphabet.length)],
  ).join("");
  try {
    const file = openSync(path, "wx", 0o600);
    try {
      writeSync(file, `${key}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    const directory = openSync(dirname(path), "r");
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreRefusedError(
      `the master key cannot be written to ${path} (${reason}): let the server write there, or give one by LOCKOUTD_MASTERKEY or --masterkey-file`,
      { cause: error },
    );
  }
  return key;
}

function readFile(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > maxFileBytes) {
      throw new StoreRefusedError(
        `the file ${path} has ${size} bytes, but a master key has ${keyLength}: name the right file`,
      );
    }
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    if (error instanceof StoreRefusedError) {
      throw error;
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreRefusedError(
      `the master key in ${path} cannot be read (${reason}): check the path and who may read it`,
      { cause: error },
    );
  }
}
