import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { keyFile, makeKeyPair } from "./auth/account-keys.ts";
import type { CreatedInstance } from "./first-start.ts";
import { addAccountKey } from "./lockout/account/account.ts";
import { StoreRefusedError } from "./store/store.ts";
import type { Store } from "./store/store.ts";

/** What the first start writes to files for programs, where the operator names any. */
export interface FirstFiles {
  /** The key file of a service account that may do everything. */
  readonly firstKeyFile: string | undefined;
  /** The administrator's token. */
  readonly firstTokenFile: string | undefined;
}

/** The login name of the account whose key the first start writes. */
const loginName = "administrator";

interface NewFile {
  readonly path: string;
  readonly descriptor: number;
}

/**
 * Does the first start, and writes what it created to new files for their owner alone. They are made before: nothing is created whose secret could
 * not be kept. On later starts nothing is written.
 *
 * @param start does the start, and says what was created
 * @throws StoreRefusedError where a file is there already, or cannot be made; and what the start throws
 */
export async function withFirstFiles(
  store: Store,
  { firstKeyFile, firstTokenFile }: FirstFiles,
  start: () => Promise<CreatedInstance | undefined>,
): Promise<CreatedInstance | undefined> {
  if ((await store.findInstance()) !== undefined) {
    return start();
  }
  const files: NewFile[] = [];
  const open = (path: string | undefined) => {
    const file = path === undefined ? undefined : create(path);
    if (file !== undefined) {
      files.push(file);
    }
    return file;
  };
  let created: CreatedInstance | undefined;
  try {
    const key = open(firstKeyFile);
    const token = open(firstTokenFile);
    created = await start();
    if (created === undefined) {
      return undefined;
    }
    if (token !== undefined && created.adminToken !== undefined) {
      writeSync(token.descriptor, `${created.adminToken}\n`);
      created = { ...created, adminToken: undefined, tokenFile: token.path };
    }
    if (key !== undefined) {
      writeSync(
        key.descriptor,
        `${await createAccount(store, created.orgId)}\n`,
      );
    }
    return created;
  } finally {
    for (const { path, descriptor } of files) {
      closeSync(descriptor);
      // Another node was first, or nothing could be created.
      if (created === undefined) {
        rmSync(path, { force: true });
      }
    }
  }
}

async function createAccount(store: Store, orgId: string): Promise<string> {
  const {
    result: { id },
  } = await store.createAccount(
    { orgId, loginName, name: "", roles: ["IAM_OWNER"] },
    "SYSTEM",
  );
  const { algorithm, publicKey, privateKey } = await makeKeyPair();
  const key = {
    ...{ id: store.newId(), algorithm, publicKey },
    ...{ creationDate: store.now(), expirationDate: undefined },
  };
  await store.changeAccount(id, "SYSTEM", addAccountKey(key));
  return keyFile("serviceaccount", id, key.id, privateKey);
}

function create(path: string): NewFile {
  try {
    return { path, descriptor: openSync(path, "wx", 0o600) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreRefusedError(
      `the first start cannot write the new file ${path} (${reason}): check the path, or name another one`,
      { cause: error },
    );
  }
}
