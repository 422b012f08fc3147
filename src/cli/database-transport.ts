import type { Transport } from "@connectrpc/connect";
import { createLocalTransport } from "../local-services.ts";
import { openStore } from "../store/open.ts";
import { OperationError } from "./failure.ts";

/** A transport, and what releases all that it holds. */
export interface OpenTransport {
  readonly transport: Transport;
  readonly close: () => Promise<void>;
}

/**
 * Calls the services in this process, on a database that may be served at the same time.
 *
 * @throws what openStore throws, and OperationError where the database is empty
 */
export async function openDatabaseTransport(
  url: string,
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
      transport: createLocalTransport({ store, instance }),
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
