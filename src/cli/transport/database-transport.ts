import type { Transport } from "@connectrpc/connect";
import { createLocalTransport } from "../../local-services.ts";
import { masterKeyFileOf, openStore } from "../../store/open.ts";
import { OperationError } from "../terminal/failure.ts";
import { readMasterKey } from "../options/master-key.ts";

/** A transport, and what releases all that it holds. */
export interface OpenTransport {
  readonly transport: Transport;
  readonly close: () => Promise<void>;
}

/**
 * Calls the services in this process, on a database that may be served at the same time.
 *
 * @param receivers what receivers of hooks may be
 * @param masterKeyFile of the operator
 * @throws what openStore throws, and OperationError where the database is empty
 */
export async function openDatabaseTransport(
  url: string,
  receivers: {
    readonly allowHttp: boolean;
    readonly allowPrivate: boolean;
  },
  masterKeyFile: string | undefined,
): Promise<OpenTransport> {
  const store = await openStore(url, { exclusive: false });
  try {
    const instance = await store.findInstance();
    if (instance === undefined) {
      throw new OperationError(
        `the database ${url} is empty: "lockoutd serve" fills it when it starts for the first time`,
      );
    }
    return {
      transport: createLocalTransport({
        ...{ store, instance, receivers },
        keyFile: masterKeyFileOf(url),
        masterKey: () => readMasterKey(masterKeyFile),
      }),
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
