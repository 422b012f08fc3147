import { existsSync } from "node:fs";
import type { Transport } from "@connectrpc/connect";
import {
  createUniversalHandlerClient,
  createUniversalServiceHandlers,
} from "@connectrpc/connect/protocol";
import {
  createHandlerFactory,
  createTransport,
} from "@connectrpc/connect/protocol-connect";
import { toConnectError } from "./api/errors.ts";
import type { ReportFault } from "./api/errors.ts";
import { createServices } from "./api/services.ts";
import { createSystemGate } from "./auth/gate.ts";
import { defaultConfig } from "./config.ts";
import { withMappedErrors } from "./http/rpc/mapped-errors.ts";
import { createHookSending } from "./hooks/parts.ts";
import { createHookSecrets } from "./hooks/secrets.ts";
import type { HookSecrets } from "./hooks/secrets.ts";
import type { ReceiverRules } from "./outbound/url.ts";
import { openVault } from "./sealing/open-vault.ts";
import { readVersion } from "./telemetry/version.ts";
import type { Instance, Store } from "./store/store.ts";

/** What the services need to be called without a server. */
export interface LocalServicesOptions {
  readonly store: Store;
  readonly instance: Instance;
  /** What receivers of hooks may be. */
  readonly receivers: ReceiverRules;
  /** Where the master key of SQLite may be. */
  readonly keyFile: string | undefined;
  /** That of the operator: asked for when a call needs it. */
  readonly masterKey: () => string | undefined;
}

/**
 * Calls the services in this process, for whoever can write the database and so needs no token: the caller is
 * `SYSTEM`, and may do everything. The header x-zitadel-orgid names the organisation, else it is the first one.
 */
export function createLocalTransport({
  store,
  instance,
  receivers,
  keyFile,
  masterKey,
}: LocalServicesOptions): Transport {
  const throwFault: ReportFault = (error) => {
    throw error;
  };
  const openSecrets = async () => {
    const { vault } = await openVault(store, {
      masterKey: masterKey(),
      // A server makes one; a tool does not.
      keyFile:
        keyFile !== undefined && existsSync(keyFile) ? keyFile : undefined,
      reset: false,
    });
    return createHookSecrets(vault);
  };
  let opened: Promise<HookSecrets> | undefined;
  const { attemptTtlMs, quotas } = defaultConfig;
  const draining = new AbortController().signal;
  const factory = createHandlerFactory(
    withMappedErrors(
      { requestGate: createSystemGate(store, instance.firstOrgId) },
      (error) => toConnectError(error, throwFault),
    ),
  );
  const handlers = createServices({
    store,
    attemptTtlMs,
    ...quotas,
    hooks: createHookSending({
      ...{ store, rules: receivers },
      secrets: () => (opened ??= openSecrets()),
      version: readVersion(),
    }),
    draining,
    about: { version: readVersion(), domain: () => "localhost" },
  }).flatMap(({ spec }) => createUniversalServiceHandlers(spec, [factory]));
  return createTransport({
    httpClient: createUniversalHandlerClient(handlers),
    baseUrl: "https://in-memory",
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: Number.MAX_SAFE_INTEGER,
    readMaxBytes: Number.MAX_SAFE_INTEGER,
    writeMaxBytes: Number.MAX_SAFE_INTEGER,
  });
}
