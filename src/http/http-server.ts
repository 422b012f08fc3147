import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ServiceImplSpec } from "@connectrpc/connect";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import type { Transcoder } from "../transcoding/index.ts";
import { countAnonymousStreams } from "./rpc/anonymous-streams.ts";
import { createCompressions } from "./rpc/compressions.ts";
import { readNetworks } from "../addresses/networks.ts";
import type { ForwardedFields } from "../addresses/forwarded.ts";
import { createCors } from "./response/cors.ts";
import type { CorsOrigins } from "./response/cors.ts";
import { cutErrors } from "./response/cut-errors.ts";
import { enforceDeadlineOfGate, enforceDeadlines } from "./rpc/deadline.ts";
import { withGateRenewal } from "./rpc/gate-renewal.ts";
import type { Stopwatch } from "./rpc/gate-renewal.ts";
import { maxTimerMs, openMessageBytes, resolveLimits } from "./limits.ts";
import type { HttpLimits } from "./limits.ts";
import { Listener } from "./connection/listener.ts";
import type { Address } from "./connection/listener.ts";
import type { TlsOptions } from "./connection/node-servers.ts";
import { withMappedErrors } from "./rpc/mapped-errors.ts";
import type { MapError } from "./rpc/mapped-errors.ts";
import { createRequestHandler } from "./request-handler.ts";
import { createRouter } from "./router.ts";
import { createRpcs } from "./rpc/mounted-methods.ts";
import { createClientAddress } from "./request/client-address.ts";
import type { RequestRecord } from "./request/record.ts";
import type { Endpoint } from "./endpoint.ts";
import type { StaticRoute } from "./pages/static-route.ts";
import { createUnaryPlans } from "./rpc/unary/plans.ts";
import { checkingInterval, Watchdog } from "./connection/budget/watchdog.ts";

/** What a server is made of. */
export interface HttpServerOptions {
  /** Services that gRPC, gRPC-Web and Connect reach at `/package.Service/Method`. */
  readonly services?: readonly ServiceImplSpec[];
  /** Full names of those methods of {@link HttpServerOptions.services} that need no token: they read small messages only. */
  readonly publicMethods?: ReadonlySet<string>;
  /** The same without {@link HttpServerOptions.handlerOptions}' gate and interceptors: health, reflection. */
  readonly openServices?: readonly ServiceImplSpec[];
  /** Makes the transcoder, from the options that all protocols share. */
  readonly transcoder?: (
    options: Partial<UniversalHandlerOptions> & TranscodingLimits,
  ) => Transcoder;
  /** Pages at fixed paths. */
  readonly pages?: readonly StaticRoute[];
  /** Plain HTTP handlers at fixed paths. */
  readonly endpoints?: readonly Endpoint[];
  /**
   * For all protocols alike. Limits on messages, compression, deadlines and the end of the server are seen to here; unknown JSON
   * fields are refused unless `jsonOptions.ignoreUnknownFields` says otherwise.
   */
  readonly handlerOptions?: Partial<UniversalHandlerOptions>;
  /** For whatever the gate and methods throw, but for those of {@link HttpServerOptions.openServices}; default: as it is. */
  readonly mapError?: MapError;
  readonly limits?: Partial<HttpLimits>;
  /** Web pages that may call; default: none of another origin. */
  readonly corsOrigins?: CorsOrigins;
  /** Proxies whose header fields name the client of a request: addresses and networks. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Default: no TLS, HTTP/2 with prior knowledge. */
  readonly tls?: TlsOptions;
  /** Called when the server begins to end: health turns to NOT_SERVING here. */
  readonly onDrain?: () => void;
  /** Called once for every request, refused and malformed ones included. */
  readonly onRequestEnd?: (record: RequestRecord) => void;
  /** Says how old the gate's consent to a call is when its message is complete. Default: `performance.now`. */
  readonly stopwatch?: Stopwatch;
  /** Called for faults of this server itself; clients only hear "internal error". */
  readonly onFault?: (fault: unknown) => void;
}

/** The limits that a transcoder keeps, under the names of its options. */
type TranscodingLimits = Pick<
  HttpLimits,
  "maxTargetBytes" | "maxQueryParameters" | "maxQueryDepth" | "maxJsonDepth"
>;

/** One port for HTTP/1.1 and HTTP/2, and all protocols. */
export interface HttpServer {
  /**
   * Starts to accept connections; port 0 takes a free one. Rejects when the address cannot be bound.
   *
   * @param onBound is told of the address before the first connection is accepted
   */
  listen(
    address: Address,
    onBound?: (address: Address) => void,
  ): Promise<Address>;
  /** The HTTP methods and templates of JSON over HTTP. */
  readonly routes: readonly (readonly [method: string, path: string])[];
  /** How many connections are open, by HTTP version. */
  openConnections(): { readonly http1: number; readonly http2: number };
  /**
   * Gives the connections to come another certificate and key; open ones stay as they are.
   *
   * @throws Error where the two cannot be used, or the server has no TLS; then nothing changes
   */
  renewTls(tls: TlsOptions): void;
  /**
   * Stops accepting connections, finishes running requests, then ends. Requests that still run after `shutdownGraceMs` are aborted
   * with UNAVAILABLE. A second call ends at once.
   */
  close(): Promise<void>;
}

/**
 * Compressions of calls that need no token. Brotli is not among them: it decompresses up to a window of 16 MiB before it can be stopped.
 * A hundred bytes took 11 ms and 4 MiB, and a thousand calls at once 300 MB.
 */
const openCompressions: ReadonlySet<string> = new Set(["gzip"]);

/** How long the responses to aborted requests may take before their connections are destroyed, in milliseconds. */
const abortMs = 1000;

/** What is no request has no header. */
const noFields: ForwardedFields = {
  forwarded: undefined,
  forwardedFor: undefined,
};

/** Makes the server: one port, both HTTP versions, all protocols. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const limits = resolveLimits(options.limits);
  const shutdown = new AbortController();
  const onFault = contained(options.onFault, () => undefined);
  const onRequestEnd = contained(options.onRequestEnd, onFault);

  const open = openOptions(options.handlerOptions, limits, shutdown.signal);
  const mapError = options.mapError ?? asItIs;
  const stopwatch = options.stopwatch ?? (() => performance.now());
  const guarded = withGateRenewal(
    withMappedErrors(options.handlerOptions ?? {}, mapError),
    stopwatch,
  );
  const shared = sharedOptions(guarded, open);
  const small = {
    readMaxBytes: Math.min(limits.maxRequestSize, openMessageBytes),
  };
  const needsToken = ({ parent, name }: DescMethod) =>
    options.publicMethods?.has(`${parent.typeName}.${name}`) !== true;
  const services = methodsThat(needsToken, options.services ?? []);
  const publicServices = methodsThat(
    (method) => !needsToken(method),
    options.services ?? [],
  );
  const openServices = options.openServices ?? [];
  const openOnly = {
    acceptCompression: (open.acceptCompression ?? []).filter(({ name }) =>
      openCompressions.has(name),
    ),
  };
  const rpcs = new Map([
    ...createRpcs(services, shared),
    ...createRpcs(publicServices, { ...shared, ...small, ...openOnly }),
    ...createRpcs(
      openServices,
      { ...open, ...small, ...openOnly },
      countAnonymousStreams(limits),
    ),
  ]);
  const watchdog = new Watchdog(checkingInterval(limits));
  shutdown.signal.addEventListener("abort", () => {
    watchdog.abort(shutdown.signal.reason);
  });
  const transcoder = options.transcoder?.({
    ...open,
    // It keeps deadlines, and cuts errors, by itself.
    ...gateOf(guarded),
    maxTargetBytes: limits.maxTargetBytes,
    maxQueryParameters: limits.maxQueryParameters,
    maxQueryDepth: limits.maxQueryDepth,
    maxJsonDepth: limits.maxJsonDepth,
  });
  const trusted = readNetworks(options.trustedProxies ?? []);
  const clientAddress = createClientAddress(trusted);
  const gate = gateOf(options.handlerOptions);
  const cors = createCors(options.corsOrigins ?? []);
  const listener = new Listener({
    limits,
    tls: options.tls,
    watchdog,
    onExchange: createRequestHandler({
      router: createRouter(
        ...([rpcs, transcoder] as const),
        options.pages ?? [],
        options.endpoints ?? [],
      ),
      rpcs,
      unary: (respond) =>
        createUnaryPlans({
          groups: [
            {
              services,
              options: { ...open, ...gate },
              mapError,
              transcoder,
            },
            {
              services: publicServices,
              options: { ...open, ...gate, ...small, ...openOnly },
              mapError,
            },
            {
              services: openServices,
              options: {
                ...open,
                ...small,
                interceptors: [],
                ...openOnly,
              },
              mapError: asItIs,
            },
          ],
          cors,
          limits,
          stopwatch,
          respond,
        }),
      cors,
      limits,
      watchdog,
      clientAddress,
      onRequestEnd,
      onFault,
    }),
    onMalformed: (status, remoteAddress) => {
      onRequestEnd(
        malformedRecord(status, clientAddress(remoteAddress, noFields)),
      );
    },
    isTrusted: (remoteAddress) =>
      trusted.has(clientAddress(remoteAddress, noFields)),
    onFault,
  });

  const end = () => {
    shutdown.abort(
      new ConnectError("the server is shutting down", Code.Unavailable),
    );
    listener.destroy();
  };
  let closing: Promise<void> | undefined;
  return {
    listen: (address, onBound) => listener.listen(address, onBound),
    routes: (transcoder?.routes ?? []).map(
      ({ httpMethod, path }) => [httpMethod, path] as const,
    ),
    openConnections: () => listener.openConnections,
    renewTls: (tls) => {
      listener.renewTls(tls);
    },
    close() {
      if (closing !== undefined) {
        end();
        return closing;
      }
      options.onDrain?.();
      const grace = setTimeout(() => {
        shutdown.abort(
          new ConnectError("the server is shutting down", Code.Unavailable),
        );
        setTimeout(end, abortMs).unref();
      }, limits.shutdownGraceMs);
      closing = listener.drain().then(() => {
        clearTimeout(grace);
        watchdog.stop();
      });
      return closing;
    },
  };
}

function asItIs(error: unknown): unknown {
  return error;
}

function methodsThat(
  have: (method: DescMethod) => boolean,
  services: readonly ServiceImplSpec[],
): readonly ServiceImplSpec[] {
  return services.map(({ service, methods }) => ({
    service,
    methods: Object.fromEntries(
      Object.entries(methods).filter(([, { method }]) => have(method)),
    ),
  }));
}

/** A hook that throws must not end the process: it is called from events that nobody else watches. */
function contained<T>(
  hook: ((told: T) => void) | undefined,
  onFault: (fault: unknown) => void,
): (told: T) => void {
  return (told) => {
    try {
      hook?.(told);
    } catch (fault) {
      onFault(fault);
    }
  };
}

function openOptions(
  given: Partial<UniversalHandlerOptions> | undefined,
  limits: HttpLimits,
  shutdownSignal: AbortSignal,
): Partial<UniversalHandlerOptions> {
  return {
    acceptCompression: createCompressions(),
    ...given,
    jsonOptions: {
      ignoreUnknownFields: false,
      ...given?.jsonOptions,
      recursionLimit: limits.maxJsonDepth,
    },
    readMaxBytes: limits.maxRequestSize,
    maxTimeoutMs: Math.min(given?.maxTimeoutMs ?? maxTimerMs, maxTimerMs),
    shutdownSignal,
    interceptors: [enforceDeadlines, cutErrors],
    requestGate: () => undefined,
  };
}

function sharedOptions(
  given: Partial<UniversalHandlerOptions>,
  open: Partial<UniversalHandlerOptions>,
): Partial<UniversalHandlerOptions> {
  return {
    ...open,
    interceptors: [enforceDeadlines, cutErrors, ...(given.interceptors ?? [])],
    ...(given.requestGate === undefined
      ? {}
      : { requestGate: enforceDeadlineOfGate(given.requestGate) }),
  };
}

/** Gate and interceptors for what enforces deadlines by itself. */
function gateOf(
  given: Partial<UniversalHandlerOptions> | undefined,
): Partial<UniversalHandlerOptions> {
  return {
    interceptors: given?.interceptors ?? [],
    ...(given?.requestGate !== undefined && {
      requestGate: given.requestGate,
    }),
  };
}

function malformedRecord(status: number, remoteAddress: string): RequestRecord {
  return {
    requestId: "",
    method: "",
    path: "",
    protocol: "http",
    httpVersion: "1.1",
    status,
    grpcStatus: undefined,
    durationMs: 0,
    bytes: 0,
    remoteAddress,
    ...{ rpc: undefined, route: undefined, code: undefined },
    traceparent: undefined,
    values: undefined,
  };
}
