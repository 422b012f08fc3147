import { writeFile } from "node:fs/promises";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import {
  AccessService,
  KeyFileType,
} from "../../../gen/lockout/v1/access_service_pb.js";
import { makeTempDir } from "../../support/temp-dir.ts";
import type { TempDir } from "../../support/temp-dir.ts";
import type { TestServer } from "../../support/server.ts";

/** A service account that may do everything, as tests in other languages need it. */
export interface InteropAccount {
  /** Environment variables that name it. */
  readonly env: Readonly<Record<string, string>>;
  readonly remove: TempDir["remove"];
}

/** Makes a service account with a key file of each type, and a secret. */
export async function makeServiceAccount({
  url,
  adminToken,
}: TestServer): Promise<InteropAccount> {
  const access = createClient(
    AccessService,
    createGrpcTransport({ baseUrl: url }),
  );
  const call = { headers: { authorization: `Bearer ${adminToken}` } };
  const { userId } = await access.createServiceAccount(
    { loginName: "interop", roles: ["IAM_OWNER"] },
    call,
  );
  const { clientId, clientSecret } = await access.setSecret({ userId }, call);
  const directory = await makeTempDir();
  const writeKey = async (name: string, type: KeyFileType) => {
    const { keyFile } = await access.addKey({ userId, type }, call);
    const file = directory.file(name);
    await writeFile(file, keyFile, { mode: 0o600 });
    return file;
  };
  return {
    env: {
      LOCKOUTD_KEY_FILE: await writeKey(
        "key.json",
        KeyFileType.SERVICE_ACCOUNT,
      ),
      LOCKOUTD_APPLICATION_FILE: await writeKey(
        "application.json",
        KeyFileType.APPLICATION,
      ),
      LOCKOUTD_CLIENT_ID: clientId,
      LOCKOUTD_CLIENT_SECRET: clientSecret,
    },
    remove: directory.remove,
  };
}
