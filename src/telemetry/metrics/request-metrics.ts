import { codeName, codeOfCall, other, systemOf } from "../ended-request.ts";
import type { EndedRequest, RpcSystem } from "../ended-request.ts";
import type { Family } from "./family.ts";
import { HistogramFamily } from "./histogram.ts";
import type { Histogram } from "./histogram.ts";

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

/** Seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 10];

const httpMethods: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
]);

/** The series of one method in one protocol, by code. */
type Codes = (Histogram | undefined)[];

/** The series of one method of HTTP on one route, by status. */
type Statuses = Map<number, Histogram>;

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
    system: RpcSystem,
    method: string,
  ) =>
    (codes[code] ??= calls.histogram({
      rpc_system_name: system,
      rpc_method: method,
      rpc_response_status_code: codeName(system, code),
    }));
  const methods = new Map<string, Readonly<Record<RpcSystem, Codes>>>();
  for (const name of [...served.rpcs, other]) {
    const [grpc, connectrpc]: [Codes, Codes] = [[], []];
    methods.set(name, { grpc, connectrpc });
    if (name !== other) {
      callSeries(grpc, 0, "grpc", name);
      callSeries(connectrpc, 0, "connectrpc", name);
    }
  }

  const routes = new Map<string, Map<string, Statuses>>();
  const routeSeries = (method: string, route: string, status: number) => {
    const byMethod = getOrMake(routes, route, newMap<string, Statuses>);
    const byStatus = getOrMake(byMethod, method, newMap<number, Histogram>);
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
      const { rpc = other, durationMs } = request;
      const seconds = durationMs / 1000;
      const system = systemOf(request);
      if (system === undefined) {
        const { route = other, status } = request;
        const method = httpMethods.has(request.method) ? request.method : other;
        const known = names.has(route) ? route : other;
        routeSeries(method, known, status).observe(seconds);
        return;
      }
      const name = methods.has(rpc) ? rpc : other;
      const codes = methods.get(name)?.[system];
      if (codes !== undefined) {
        const code = codeOfCall(request);
        callSeries(codes, code, system, name).observe(seconds);
      }
    },
  };
}

function newMap<Key, Value>(): Map<Key, Value> {
  return new Map();
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
