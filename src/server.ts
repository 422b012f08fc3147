import { createRegistry } from "@bufbuild/protobuf";
import type { Logger } from "pino";
import { errorDetails, httpStatusOf, toConnectError } from "./api/errors.ts";
import { createCallFields } from "./api/requests/call-fields.ts";
import { createServices, publicMethods } from "./api/services.ts";
import { successStatusOf } from "./api/success-status.ts";
import { eventId, systemParameters } from "./api/events/watch-events.ts";
import { withFirstFiles } from "./first-files.ts";
import { ensureAdministrator } from "./first-start.ts";
import type { CreatedInstance } from "./first-start.ts";
import { warnOfPolicy } from "./policy-warnings.ts";
import { createGate, createPageGate, createTokenCheck } from "./auth/gate.ts";
import { createPermissionTable } from "./auth/permission-table.ts";
import { urlOf } from "./config.ts";
import type { ServerConfig } from "./config.ts";
import { debugPages } from "./http/pages/debug-pages.ts";
import { metricsPages, metricsPaths } from "./http/pages/metrics-pages.ts";
import { createHealth, healthName } from "./http/services/health.ts";
import { createHttpServer } from "./http/http-server.ts";
import {
  createReflection,
  reflectionNames,
} from "./http/services/reflection.ts";
import { createProbeFilter } from "./http/request/probes.ts";
import { createRequestLog } from "./request-log.ts";
import { shareLook } from "./http/pages/shared-look.ts";
import { createSignIn } from "./sign-in.ts";
import { openVault } from "./sealing/open-vault.ts";
import { masterKeyFileOf, openStore } from "./store/open.ts";
import { createServerPages } from "./server-pages.ts";
import { startTraces } from "./server-traces.ts";
import type { ServerTraces } from "./server-traces.ts";
import { createServerMetrics } from "./server-metrics.ts";
import type { ServerMetrics } from "./server-metrics.ts";
import type { Resolve } from "./outbound/resolver.ts";
import { createServerHooks } from "./server-hooks.ts";
import { startUpkeep } from "./server-upkeep.ts";
import { ActivityCounter } from "./store/activity-counter.ts";
import type { Clock } from "./store/ids.ts";
import { bothMeters } from "./store/meter.ts";
import type { Store } from "./store/store.ts";
import { createLogger } from "./telemetry/log.ts";
import { readTlsPair, startTlsReload } from "./tls-files.ts";
import type { TlsPair } from "./tls-files.ts";
import { createTranscoder, openStream } from "./transcoding/index.ts";

/** For how long one look at the store tells all probes whether it can be written, in milliseconds: each look is a write. */
const probeMs = 1000;

/** A server that accepts connections. */
export interface RunningServer {
  /** Where it listens. */
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Whether the console is served, at `/ui/console`. */
  readonly hasConsole: boolean;
  /** What the first start created; undefined on later starts. */
  readonly created: CreatedInstance | undefined;
  /** Where the pages of metrics need no token, if anywhere. */
  readonly metricsUrl: string | undefined;
  /** Reads certificate and key again; without TLS that is logged. Never rejects. */
  reloadTls(): Promise<void>;
  /** Finishes running calls, refuses new ones, then ends; a second call ends at once. */
  close(): Promise<void>;
}

/** What tests put in the place of the real thing. */
export interface ServerParts {
  readonly now?: Clock;
  readonly log?: Logger;
  /** Takes the place of the name servers, for the receivers of hooks. */
  readonly resolve?: Resolve;
  /** Says how long a request takes to arrive, in milliseconds; never goes back. */
  readonly stopwatch?: () => number;
  /** Unless set, they are made as the configuration says. */
  readonly metrics?: ServerMetrics;
  /** Told of what the first start created as soon as it is there: what fails afterwards does not undo it. */
  readonly onCreated?: (created: CreatedInstance) => void;
}

/**
 * Starts a server: resolves when it listens. Everything that can be wrong (configuration, database, routes,
 * permissions) is found before the port opens, and thrown.
 */
export async function startServer(
  config: ServerConfig,
  parts: ServerParts = {},
): Promise<RunningServer> {
  const log = parts.log ?? createLogger({ level: config.logLevel });
  const tls = config.tls && (await readTlsPair(config.tls));
  const metrics = parts.metrics ?? createServerMetrics(config);
  const traces =
    config.otlpEndpoint === undefined
      ? undefined
      : await startTraces(config.otlpEndpoint, metrics.spansDropped);
  const counter = new ActivityCounter();
  const meter = bothMeters(metrics.meter, counter);
  const store = await openStore(config.database, {
    meter: traces?.withCalls(meter) ?? meter,
    exclusive: true,
    maxUsersPerOrg: config.quotas.maxUsersPerOrg,
    ...(parts.now !== undefined && { now: parts.now }),
    onSourcesDropped: (sources) => {
      log.warn(
        { sources },
        "so many networks that failures came from were forgotten to make room for others, in the organisations that had the most",
      );
    },
    onClockBehind: (behindMs) => {
      log.warn(
        { behindMs },
        "the clock is behind the last event, since it was set back: events are dated microseconds apart until it has passed",
      );
    },
  });
  try {
    return await serve(config, {
      ...{ ...parts, log, tls, store, metrics, traces, counter },
    });
  } catch (error) {
    await store.close();
    await traces?.close();
    throw error;
  }
}

interface Parts extends ServerParts {
  readonly log: Logger;
  readonly tls: TlsPair | undefined;
  readonly store: Store;
  readonly metrics: ServerMetrics;
  readonly traces: ServerTraces | undefined;
  readonly counter: ActivityCounter;
}

async function serve(
  config: ServerConfig,
  parts: Parts,
): Promise<RunningServer> {
  const { log, tls, store, metrics, traces, stopwatch, resolve } = parts;
  const reportFault = (error: unknown) => {
    log.error({ err: error }, "fault");
  };

  const { vault, isSealed } = await openVault(store, {
    masterKey: config.masterKey,
    keyFile: masterKeyFileOf(config.database),
    reset: config.resetKeys,
  });
  if (!isSealed) {
    log.warn(
      "the keys of this installation are not sealed: whoever reads the database can make tokens. Give a master key by LOCKOUTD_MASTERKEY or --masterkey-file",
    );
  }

  const signIn = await createSignIn({
    ...{ config, store, vault, log, resolve, onError: reportFault },
    isTls: tls !== undefined,
    stopwatch: stopwatch ?? (() => performance.now()),
  });
  const { authenticate, issuer } = signIn;
  const draining = new AbortController();
  const hooks = createServerHooks(
    ...([config.hooks, store, vault, reportFault, resolve] as const),
  );
  const services = createServices({
    store,
    hooks: hooks.parts,
    about: signIn.about,
    attemptTtlMs: config.attemptTtlMs,
    ...config.quotas,
    draining: draining.signal,
    openStream,
    checkToken: createTokenCheck(store, authenticate),
  });
  const specs = services.map(({ spec }) => spec);
  const names = specs.map(({ service }) => service.typeName);
  const table = createPermissionTable(
    specs.map(({ service }) => service),
    publicMethods,
  );
  const registry = createRegistry(...errorDetails);

  const served = [...names, healthName, ...reflectionNames];
  const health = createHealth(served);
  const reflection = createReflection(
    served,
    [...specs, health.service]
      .map(({ service }) => service.file)
      .concat(errorDetails.map(({ file }) => file)),
  );

  const probeStore = shareLook(() => store.ping(), probeMs);
  const probePages = debugPages(async () => {
    await probeStore();
    return health.serving;
  });
  const mayReadMetrics = createPageGate(
    store,
    "iam.metrics.read",
    authenticate,
  );
  const { pages, hasConsole } = createServerPages(config, log);
  const metricsOfServer = metricsPages({
    read: (accept) => watched.read(accept),
    authorize: async (authorization) => {
      try {
        await mayReadMetrics(authorization);
      } catch (error) {
        throw toConnectError(error, reportFault);
      }
    },
  });
  const writeRequest = createRequestLog(
    log,
    createCallFields(store),
    traces?.lastFields,
    config.logProbes
      ? () => false
      : createProbeFilter(
          [...probePages.map(({ path }) => path), ...metricsPaths],
          [
            ...health.service.service.methods.map(
              ({ name }) => `${healthName}/${name}`,
            ),
            ...[...publicMethods].map((name) =>
              name.replace(/\.(?=\w+$)/, "/"),
            ),
          ],
        ),
  );
  const http = createHttpServer({
    services: specs,
    publicMethods,
    openServices: [health.service, ...reflection],
    transcoder: (shared) =>
      createTranscoder({
        ...shared,
        services: services.map(({ spec, pathPrefix }) => ({
          spec,
          prefix: pathPrefix,
        })),
        // As at ZITADEL, so that `curl -d` without a header works.
        anyContentType: true,
        ignoreUnknownFields: config.ignoreUnknownFields,
        refuseUnknownEnumNames: true,
        ignoreUnknownQueryParameters: config.ignoreUnknownFields,
        registry,
        eventId,
        errorStatus: httpStatusOf,
        successStatus: successStatusOf,
        systemParameters,
      }),
    endpoints: signIn.handlers,
    pages: [...probePages, ...pages, ...metricsOfServer],
    handlerOptions: {
      ...(traces !== undefined && { interceptors: [traces.interceptor] }),
      requestGate: createGate(store, table, authenticate),
      jsonOptions: {
        ignoreUnknownFields: config.ignoreUnknownFields,
        registry,
      },
    },
    mapError: (error) => toConnectError(error, reportFault),
    limits: { ...config.limits, shutdownGraceMs: config.shutdownGraceMs },
    corsOrigins: config.corsOrigins,
    trustedProxies: config.trustedProxies,
    ...(tls !== undefined && { tls }),
    ...(stopwatch !== undefined && { stopwatch }),
    onDrain: () => {
      health.drain();
      draining.abort();
    },
    onRequestEnd: (record) => {
      hooks.called();
      traces?.ended(record);
      watched.ended(record);
      writeRequest(record);
    },
    onFault: reportFault,
  });
  const watched = metrics.watch({
    ...{ store, probeStore },
    stopwatch: stopwatch ?? (() => performance.now()),
    openConnections: () => http.openConnections(),
    rpcs: [...specs, health.service, ...reflection].flatMap(({ service }) =>
      service.methods.map(({ name }) => `${service.typeName}/${name}`),
    ),
    routes: [
      ...http.routes,
      ...[...pages, ...metricsOfServer].map(
        ({ path }) => ["GET", path] as const,
      ),
    ],
  });
  const metricsServer =
    config.metricsListen &&
    createHttpServer({
      pages: metricsPages({ read: (accept) => watched.read(accept) }),
      limits: { shutdownGraceMs: config.shutdownGraceMs },
      onRequestEnd: writeRequest,
      onFault: reportFault,
    });
  // Now that nothing but the port can be wrong: a start that fails before leaves no token that nobody has seen.
  let instanceId = "";
  const created = await withFirstFiles(store, config, async () => {
    const ensured = await ensureAdministrator(store, config);
    instanceId = ensured.instance.id;
    return ensured.created;
  });
  if (created !== undefined) {
    parts.onCreated?.(created);
  }
  await warnOfPolicy(store, config.defaultPolicy, created, log);
  const upkeep = startUpkeep(
    ...([store, parts.counter, config.retentionMs, reportFault] as const),
  );
  const stopWork = async () => {
    watched.stop();
    await upkeep.stop();
  };
  const listen = async () => {
    const metricsAddress =
      config.metricsListen &&
      (await metricsServer?.listen(config.metricsListen));
    const address = await http.listen(config.listen, issuer.listen);
    return { metricsAddress, address };
  };
  const { address, metricsAddress } = await listen().catch(
    async (error: unknown) => {
      await stopWork();
      await metricsServer?.close();
      throw error;
    },
  );
  const { host, port } = address;
  const url = urlOf(tls === undefined ? "http" : "https", address);
  const metricsUrl = metricsAddress && urlOf("http", metricsAddress);
  log.info(
    { url, metricsUrl, database: config.database.split(":")[0] },
    "listening",
  );
  const endSending = hooks.start(instanceId, (hook, { outcome }) => {
    metrics.hookTried(hook, outcome);
  });

  const tlsReload =
    config.tls &&
    tls &&
    startTlsReload(
      config.tls,
      tls,
      config.tlsReloadMs,
      (pair) => {
        http.renewTls(pair);
      },
      log,
    );
  let closing: Promise<void> | undefined;
  return {
    ...{ host, port, url, metricsUrl, hasConsole, created },
    reloadTls: async () => {
      if (tlsReload === undefined) {
        log.warn(
          "there is no certificate to read again: the server has no TLS",
        );
      }
      await tlsReload?.now();
    },
    close: async () => {
      const ended = http.close();
      const sendingEnded = endSending();
      // Until all else has ended, so that the end is seen.
      closing ??= ended.then(async () => {
        await metricsServer?.close();
        await traces?.close();
        await stopWork();
        tlsReload?.stop();
        await signIn.stop();
        await sendingEnded;
        await store.close();
        log.info("ended");
      });
      await closing;
    },
  };
}
