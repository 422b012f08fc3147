import { Option } from "commander";
import {
  findMasterKeyFault,
  readMasterKeyFile,
} from "../../sealing/master-key.ts";
import { UsageError } from "../terminal/failure.ts";

const variable = "LOCKOUTD_MASTERKEY";

/** The option `--masterkey-file`. */
export function masterKeyFileOption(): Option {
  return new Option(
    "--masterkey-file <file>",
    `a file with the master key, which ${variable} may have instead`,
  ).env("LOCKOUTD_MASTERKEY_FILE");
}

/**
 * The master key that the operator gives.
 *
 * @throws UsageError where it is none, or comes twice, and StoreRefusedError where the file has none
 */
export function readMasterKey(file: string | undefined): string | undefined {
  const key = process.env[variable];
  if (key === undefined) {
    return file === undefined ? undefined : readMasterKeyFile(file);
  }
  if (file !== undefined) {
    throw new UsageError(
      `${variable} and --masterkey-file exclude each other: give one of them`,
    );
  }
  const fault = findMasterKeyFault(key);
  if (fault !== undefined) {
    throw new UsageError(`${variable} ${fault}`);
  }
  return key;
}
