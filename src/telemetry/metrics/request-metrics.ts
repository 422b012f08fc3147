import type { Family } from "./family.ts";
import { HistogramFamily } from "./histogram.ts";
import type { Histogram } from "./histogram.ts";

/** What is known of a request when it is over. */
export interface EndedRequest {
  readonly method: string;
  readonly protocol: "grpc" | "grpc-web" | "connect" | "rest" | "http";
  /** 0: no response was sent. */
  readonly status: number;
  readonly grpcStatus: number | undefined;
  /** The number of the error's code, where a call by Connect failed and a method or its form said so. */
  readonly code: number | undefined;
  readonly durationMs: number;
  /** `package.Service/Method`, where one was found. */
  readonly rpc: string | undefined;
  /** The template or the path of a page, where one was found. */
  readonly route: string | undefined;
}

/** What a server serves: all values that labels may have. */
export interface ServedNames {
  /** `package.Service/Method` of all methods. */
  readonly rpcs: Iterable<string>;
  /** Templates and pages with their HTTP methods. */
  readonly routes: Iterable<readonly [method: string, route: string]>;
}

/** The metrics of requests. */
export interface RequestMetrics {
  /** Counts a request that is over. */
  readonly ended: (request: EndedRequest) => void;
  readonly families: readonly Family[];
}

/** Stands for all that is not among the values of a label. */
const other = "_OTHER";

/** Seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 10];

/** The names of gRPC's codes. Connect's are the same in lower case, but for the one that it spells with one L. */
const grpcNames = [
  ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED"],
  ...["NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED"],
  ...["FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"],
  ...["INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"],
];
const connectNames = grpcNames.map((name) =>
  name === "CANCELLED" ? "canceled" : name.toLowerCase(),
);
const ok = 0;
const canceled = 1;
const unknown = 2;

/** The codes that a response by Connect stands for where no method was reached, by HTTP status. */
const codesOfStatus: Readonly<Record<number, number>> = {
  ...{ 0: canceled, 200: ok, 400: 3, 401: 16, 403: 7, 404: 12 },
  ...{ 429: 8, 500: 13, 503: 14 },
};

const httpMethods: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
]);

/** The series of one method in one protocol, by code. */
type Codes = (Histogram | undefined)[];

/**
 * The metrics of requests: calls by gRPC, gRPC-Web and Connect by their methods, all other requests by their routes. The series of what succeeds
 * are there from the start; those of each other status from its first.
 */
export function createRequestMetrics(served: ServedNames): RequestMetrics {
  const calls = new HistogramFamily(
    "rpc_server_call_duration_seconds",
    "How long calls by gRPC, gRPC-Web and Connect took.",
    bounds,
  );
  const requests = new HistogramFamily(
    "http_server_request_duration_seconds",
    "How long other requests took.",
    bounds,
  );
  const callSeries = (
    codes: Codes,
    code: number,
    system: string,
    method: string,
  ) =>
    (codes[code] ??= calls.histogram({
      rpc_system_name: system,
      rpc_method: method,
      rpc_response_status_code:
        (system === "grpc" ? grpcNames : connectNames)[code] ?? "",
    }));
  const methods = new Map<
    string,
    { readonly grpc: Codes; readonly connect: Codes }
  >();
  for (const name of [...served.rpcs, other]) {
    const [grpc, connect]: [Codes, Codes] = [[], []];
    methods.set(name, { grpc, connect });
    if (name !== other) {
      callSeries(grpc, ok, "grpc", name);
      callSeries(connect, ok, "connectrpc", name);
    }
  }

  const routes = new Map<string, Map<string, Map<number, Histogram>>>();
  const routeSeries = (method: string, route: string, status: number) => {
    const byMethod = getOrMake(
      routes,
      route,
      () => new Map<string, Map<number, Histogram>>(),
    );
    const byStatus = getOrMake(
      byMethod,
      method,
      () => new Map<number, Histogram>(),
    );
    return getOrMake(byStatus, status, () =>
      requests.histogram({ method, route, status: String(status) }),
    );
  };
  const names = new Set<string>();
  for (const [method, route] of served.routes) {
    names.add(route);
    routeSeries(method, route, 200);
  }

  return {
    families: [calls, requests],
    ended: (request) => {
      const { protocol, rpc = other, durationMs } = request;
      const seconds = durationMs / 1000;
      if (protocol === "rest" || protocol === "http") {
        const { method, route = other, status } = request;
        const known = names.has(route) ? route : other;
        routeSeries(
          httpMethods.has(method) ? method : other,
          ...([known, status] as const),
        ).observe(seconds);
        return;
      }
      const name = methods.has(rpc) ? rpc : other;
      const codes = methods.get(name);
      if (codes === undefined) {
        return;
      }
      if (protocol === "connect") {
        const code = connectCode(request);
        callSeries(codes.connect, code, "connectrpc", name).observe(seconds);
      } else {
        const code = grpcCode(request);
        callSeries(codes.grpc, code, "grpc", name).observe(seconds);
      }
    },
  };
}

function grpcCode({ grpcStatus, status }: EndedRequest): number {
  // Without a status the client has left, or a proxy would make one of the HTTP status.
  const code = grpcStatus ?? (status === 0 ? canceled : unknown);
  return grpcNames[code] === undefined ? unknown : code;
}

function connectCode({ code, status }: EndedRequest): number {
  return code ?? codesOfStatus[status] ?? unknown;
}

function getOrMake<Key, Value>(
  map: Map<Key, Value>,
  key: Key,
  make: () => Value,
): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
