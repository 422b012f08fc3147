import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { Transcoder, TranscodingMatch } from "../transcoding/index.ts";
import { handlerBytes } from "./connection/budget.ts";
import type { Cors } from "./cors.ts";
import { timeoutOf } from "./deadline.ts";
import {
  internalError,
  methodNotAllowed,
  overloaded,
  spokenProtocol,
  unknownPath,
} from "./early-answer.ts";
import type { Exchange } from "./exchange.ts";
import { callFramed, framedTypeOf } from "./framed-rest.ts";
import { toHttpRequest } from "./http-request.ts";
import type { HttpRequest } from "./http-request.ts";
import type { HttpLimits } from "./limits.ts";
import { maxTimerMs } from "./limits.ts";
import { readHead } from "./request-head.ts";
import type { RequestHead } from "./request-head.ts";
import { requestIdFrom, requestIdHeader } from "./request-id.ts";
import type { Route, Router } from "./router.ts";
import { callRpc } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";
import type { RequestRecord } from "./request-record.ts";
import { RunningRequest } from "./running-request.ts";
import { send } from "./send.ts";
import { statusAnswer } from "./status-answer.ts";
import type { StaticRoute } from "./static-route.ts";
import type { UnaryAdapter } from "./unary/adapter.ts";
import type { GeneralWay } from "./unary/call.ts";
import type { Watchdog } from "./watchdog.ts";

/** What the life of a request needs. */
export interface RequestHandlerParts extends GeneralParts {
  /** Takes over what the general handlers need not see. */
  readonly unary: (general: GeneralWay) => UnaryAdapter;
}

interface GeneralParts {
  readonly router: Router;
  /** Mounted methods by request path: for templates that are called in an RPC protocol. */
  readonly rpcs: ReadonlyMap<string, Rpc>;
  readonly cors: Cors;
  readonly limits: HttpLimits;
  readonly watchdog: Watchdog;
  readonly onRequestEnd: (record: RequestRecord) => void;
  readonly onFault: (fault: unknown) => void;
}

/**
 * The life of a request: header → refusal → preflight → route → answer → log. Nothing that a client sends makes it throw. One that
 * is `refused` for lack of room is only told so.
 */
export function createRequestHandler(
  parts: RequestHandlerParts,
): (exchange: Exchange, refused: boolean) => void {
  const { limits, watchdog } = parts;
  const contained = (running: RunningRequest, work: Promise<void>) => {
    work.catch((fault: unknown) => {
      parts.onFault(fault);
      running.exchange.destroy();
    });
  };
  const serveGenerally = (running: RunningRequest, head: RequestHead) => {
    contained(running, serve(parts, running, head));
  };
  const unary = parts.unary({
    serve: serveGenerally,
    reply: (running, head, response) => {
      contained(running, reply(parts, running, head, response));
    },
    onFault: parts.onFault,
  });
  const takesUnary = (running: RunningRequest, head: RequestHead) => {
    const { method, target } = running.exchange;
    return (
      head.refusal === undefined &&
      unary(running, head, parts.router(method, target, head.path))
    );
  };
  return (exchange, refused) => {
    const running = new RunningRequest(exchange, limits);
    watchdog.add(running);
    exchange.onClose(() => {
      watchdog.delete(running);
      parts.onRequestEnd(running.record());
    });
    const head = readHead(exchange, limits);
    running.path = head.path;
    running.requestId = requestIdFrom(head.requestId);
    try {
      if (refused) {
        running.protocol = spokenProtocol(head) ?? "http";
        contained(running, reply(parts, running, head, overloaded(head)));
      } else if (!takesUnary(running, head)) serveGenerally(running, head);
    } catch (fault) {
      parts.onFault(fault);
      exchange.destroy();
    }
  };
}

async function serve(
  parts: GeneralParts,
  running: RunningRequest,
  head: RequestHead,
): Promise<void> {
  await reply(parts, running, head, await answerTo(parts, running, head));
}

async function reply(
  parts: GeneralParts,
  running: RunningRequest,
  head: RequestHead,
  response: UniversalServerResponse,
): Promise<void> {
  const { exchange } = running;
  const header = response.header ?? new Headers();
  if (!header.has("cache-control")) header.set("cache-control", "no-store");
  header.set(requestIdHeader, running.requestId);
  parts.cors.decorate(head.origin, header);
  try {
    await send(running, { ...response, header }, parts.limits);
  } catch (fault) {
    // A header that cannot be sent, or a body that broke before its first piece.
    if (exchange.isGone()) return;
    if (exchange.answered) throw fault;
    parts.onFault(fault);
    await send(running, internalError(head), parts.limits);
  }
}

async function answerTo(
  parts: GeneralParts,
  running: RunningRequest,
  head: RequestHead,
): Promise<UniversalServerResponse> {
  const { exchange } = running;
  const { method, target } = exchange;
  if (head.refusal !== undefined) {
    const { status, code, message } = head.refusal;
    return statusAnswer(status, code, message);
  }
  const preflight = parts.cors.preflight(
    method,
    head.origin,
    head.wantedMethod,
    head.wantedHeaders,
  );
  if (preflight !== undefined) return preflight;
  // Of the server as a whole there is nothing to say but that it is there (RFC 9110, §9.3.7). No other method has this target.
  if (target === "*") return { status: 204, header: new Headers() };
  try {
    const route = parts.router(method, target, head.path);
    return await follow(parts, running, head, route);
  } catch (fault) {
    parts.onFault(fault);
    return internalError(head);
  }
}

function follow(
  parts: GeneralParts,
  running: RunningRequest,
  head: RequestHead,
  route: Route,
): UniversalServerResponse | Promise<UniversalServerResponse> {
  switch (route.kind) {
    case "rpc":
      return followRpc(parts, running, head, route.rpc);
    case "rest":
      return followTemplate(
        parts,
        running,
        head,
        route.transcoder,
        route.match,
      );
    case "page":
      return followPage(running.exchange, head, route.page);
    case "not-found":
      running.protocol = spokenProtocol(head) ?? "http";
      return unknownPath(head);
  }
}

function followRpc(
  { limits }: GeneralParts,
  running: RunningRequest,
  head: RequestHead,
  rpc: Rpc,
): UniversalServerResponse | Promise<UniversalServerResponse> {
  const { exchange } = running;
  running.rpc = rpc.name;
  running.clientStreams = rpc.clientStreams;
  running.protocol = spokenProtocol(head) ?? "connect";
  if (!rpc.httpMethods.includes(exchange.method))
    return methodNotAllowed(head, rpc.httpMethods.join(", "));
  if (running.protocol === "grpc" && exchange.httpVersion === "1.0")
    return statusAnswer(
      505,
      Code.Unimplemented,
      "gRPC needs trailers, which HTTP/1.0 does not have",
    );
  const request = toCall(running, head, rpc.clientStreams, limits);
  return request === undefined ? malformedHeader() : callRpc(rpc, request);
}

function followTemplate(
  { limits, rpcs }: GeneralParts,
  running: RunningRequest,
  head: RequestHead,
  transcoder: Transcoder,
  match: TranscodingMatch,
): UniversalServerResponse | Promise<UniversalServerResponse> {
  const { exchange } = running;
  running.protocol = "rest";
  const method = match.kind === "found" ? match.method : undefined;
  const clientStreams = method?.methodKind === "client_streaming";
  const request = toCall(running, head, clientStreams, limits);
  if (request === undefined) return malformedHeader();
  if (method !== undefined) {
    running.rpc = `${method.parent.typeName}/${method.name}`;
    const type = framedTypeOf(
      head,
      exchange.httpVersion,
      exchange.body.complete,
    );
    const rpc = type === undefined ? undefined : rpcs.get(`/${running.rpc}`);
    if (type !== undefined && rpc !== undefined) {
      running.protocol = type.toLowerCase().startsWith("application/grpc-web")
        ? "grpc-web"
        : "grpc";
      return callFramed(rpc, request, type);
    }
  }
  return transcoder.handle(request, match);
}

function followPage(
  exchange: Exchange,
  head: RequestHead,
  page: StaticRoute,
): UniversalServerResponse | Promise<UniversalServerResponse> {
  if (exchange.method === "GET" || exchange.method === "HEAD")
    return page.respond(head);
  return methodNotAllowed(head, "GET, HEAD");
}

/** Makes the request for a handler, and says how long its body is awaited. */
function toCall(
  { exchange, requestId }: RunningRequest,
  head: RequestHead,
  clientStreams: boolean,
  limits: HttpLimits,
): HttpRequest | undefined {
  exchange.hold(handlerBytes);
  exchange.body.patience = clientStreams
    ? { totalMs: 0, idleMs: limits.streamIdleTimeoutMs }
    : { totalMs: limits.bodyTimeoutMs, idleMs: 0 };
  let request: HttpRequest;
  try {
    request = toHttpRequest(exchange, head.path, requestId);
  } catch {
    return undefined;
  }
  if (!exchange.body.complete)
    failBodyAtDeadline(exchange, timeoutOf(request.header));
  return request;
}

/** The deadline holds while the body is awaited, too: no interceptor runs by then. */
function failBodyAtDeadline(
  exchange: Exchange,
  timeoutMs: number | undefined,
): void {
  if (timeoutMs === undefined) return;
  const timer = setTimeout(
    () => {
      exchange.body.fail(
        new ConnectError("the operation timed out", Code.DeadlineExceeded),
      );
    },
    Math.min(timeoutMs, maxTimerMs),
  );
  exchange.onClose(() => {
    clearTimeout(timer);
  });
}

function malformedHeader(): UniversalServerResponse {
  return statusAnswer(
    400,
    Code.InvalidArgument,
    "A header holds characters that are not allowed",
  );
}
