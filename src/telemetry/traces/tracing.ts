import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { createContextKey } from "@connectrpc/connect";
import type { ContextValues, Interceptor } from "@connectrpc/connect";
import type { WaitingCall } from "../../store/meter.ts";
import { codeName, codeOfCall, other, systemOf } from "../ended-request.ts";
import type { EndedRequest } from "../ended-request.ts";
import type { Exporter } from "./exporter.ts";
import type { AttributeValue, Span } from "./otlp.ts";
import { readTraceParent } from "./traceparent.ts";

/** A request that is over, with where it stands in a trace. */
export interface TracedRequest extends EndedRequest {
  /** The `traceparent` of its header. */
  readonly traceparent: string | undefined;
  /** What the interceptor has left. */
  readonly values: ContextValues | undefined;
}

/** Makes spans of calls. */
export interface Tracing {
  /** Runs methods so that commits know for which call they are. */
  readonly interceptor: Interceptor;
  /** The call that asks for a commit now. */
  readonly currentCall: () => WaitingCall | undefined;
  /** Sends the spans of a call that is over. What is no call has none. */
  readonly ended: (request: TracedRequest) => void;
  /** The ids of the request that ended last, as fields of a JSON object, each after a comma. */
  readonly lastFields: () => string;
}

/** A commit that a call has waited for. */
interface Commit {
  /** Of `performance.now`. */
  readonly start: number;
  readonly end: number;
  readonly commands: number;
}

const commitsKey = createContextKey<Commit[] | undefined>(undefined, {
  description: "commits, for traces",
});

/** The codes that are the server's fault: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const faults: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

/** So many commits of a call have a span: an unlock of many users waits for more. */
const maxCommits = 100;

/** Makes spans, and gives them to an exporter. */
export function createTracing(exporter: Pick<Exporter, "add">): Tracing {
  const calls = new AsyncLocalStorage<WaitingCall>();
  let fields = "";

  return {
    interceptor: (next) => (request) => {
      if (request.stream) {
        return next(request);
      }
      const commits: Commit[] = [];
      request.contextValues.set(commitsKey, commits);
      const call: WaitingCall = {
        committed: (start, commands) => {
          if (commits.length < maxCommits) {
            commits.push({ start, end: performance.now(), commands });
          }
        },
      };
      return calls.run(call, next, request);
    },
    currentCall: () => calls.getStore(),
    lastFields: () => fields,
    ended: (request) => {
      // Before all else, since the duration was taken a moment ago.
      const endMs = Date.now();
      const offsetMs = endMs - performance.now();
      const system = systemOf(request);
      const isCall = system !== undefined || request.rpc !== undefined;
      const parent = isCall ? readTraceParent(request.traceparent) : undefined;
      if (!isCall) {
        fields = "";
        return;
      }
      const traceId = parent?.traceId ?? newId(16);
      const spanId = newId(8);
      fields = `,"traceId":"${traceId}","spanId":"${spanId}"`;
      if (parent?.isSampled === false) {
        return;
      }
      // It is set for methods that there are.
      const { rpc: name = other, durationMs } = request;
      const commits = (request.values?.get(commitsKey) ?? []).map((commit) =>
        commitSpan({ traceId, spanId }, commit, offsetMs),
      );
      // However long that moment was, a commit is within its call.
      const starts = commits.map(({ startMs }) => startMs);
      exporter.add({
        ...{ traceId, spanId, parentSpanId: parent?.spanId ?? "", name },
        startMs: Math.min(endMs - durationMs, ...starts),
        ...{ endMs, kind: "server" },
        ...outcomeOf(request, name),
      });
      for (const commit of commits) {
        exporter.add(commit);
      }
    },
  };
}

function outcomeOf(
  request: EndedRequest,
  name: string,
): Pick<Span, "attributes" | "isError"> {
  const system = systemOf(request);
  if (system === undefined) {
    const { method, route, status } = request;
    return {
      attributes: {
        "rpc.method": name,
        "http.request.method": method,
        ...(route !== undefined && { "http.route": route }),
        ...(status !== 0 && { "http.response.status_code": status }),
      },
      isError: status >= 500,
    };
  }
  const code = codeOfCall(request);
  const attributes: Record<string, AttributeValue> = {
    "rpc.system.name": system,
    "rpc.method": name,
  };
  // Connect has a code for errors alone.
  if (system === "grpc" || code !== 0) {
    attributes["rpc.response.status_code"] = codeName(system, code);
  }
  return { attributes, isError: faults.has(code) };
}

/** @param offsetMs from `performance.now` to milliseconds since 1970 UTC */
function commitSpan(
  call: Pick<Span, "traceId" | "spanId">,
  { start, end, commands }: Commit,
  offsetMs: number,
): Span {
  return {
    traceId: call.traceId,
    spanId: newId(8),
    parentSpanId: call.spanId,
    name: "store.commit",
    kind: "internal",
    startMs: start + offsetMs,
    endMs: end + offsetMs,
    attributes: { "lockoutd.store.batch_size": commands },
    isError: false,
  };
}

/** Never all zeros, which would be no id. */
function newId(bytes: number): string {
  const id = randomBytes(bytes);
  id[0] = (id[0] ?? 0) | 1;
  return id.toString("hex");
}
