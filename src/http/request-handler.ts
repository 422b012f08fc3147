import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type {
  Transcoder,
  TranscodingMatch,
  TranscodingResponse,
} from "../transcoding/index.ts";
import { handlerBytes } from "./connection/budget/budget.ts";
import type { Cors } from "./response/cors.ts";
import {
  internalError,
  methodNotAllowed,
  overloaded,
  spokenProtocol,
  tooManyStreams,
  unknownPath,
} from "./response/early-response.ts";
import type { Exchange } from "./connection/exchange/exchange.ts";
import { callFramedStream, framedTypeOf } from "./rpc/framed-rest.ts";
import { toHttpRequest } from "./rpc/http-request.ts";
import type { HttpRequest } from "./rpc/http-request.ts";
import type { HttpLimits } from "./limits.ts";
import type { ClientAddress } from "./request/client-address.ts";
import { readHead } from "./request/head.ts";
import type { RequestHead } from "./request/head.ts";
import { requestIdFrom, requestIdHeader } from "./request/id.ts";
import type { Router } from "./router.ts";
import type { Rpc } from "./rpc/mounted-methods.ts";
import type { RequestRecord } from "./request/record.ts";
import { RunningRequest } from "./request/running-request.ts";
import { send } from "./response/send.ts";
import { statusResponse } from "./response/status-response.ts";
import { callStream } from "./rpc/stream-call.ts";
import { callEndpoint, takesMethod } from "./endpoint.ts";
import type { StaticRoute } from "./pages/static-route.ts";
import { beginUnaryCall } from "./rpc/unary/call.ts";
import type { CallPlan, Respond } from "./rpc/unary/call-plan.ts";
import type { UnaryPlans } from "./rpc/unary/plans.ts";
import type { Watchdog } from "./connection/budget/watchdog.ts";

/** What the life of a request needs. */
export interface RequestHandlerParts {
  readonly router: Router;
  /** Mounted methods by request path: for templates that are called in an RPC protocol. */
  readonly rpcs: ReadonlyMap<string, Rpc>;
  /** Prepares the unary methods. */
  readonly unary: (respond: Respond) => UnaryPlans;
  readonly cors: Cors;
  readonly limits: HttpLimits;
  readonly watchdog: Watchdog;
  readonly clientAddress: ClientAddress;
  readonly onRequestEnd: (record: RequestRecord) => void;
  readonly onFault: (fault: unknown) => void;
}

type Parts = Omit<RequestHandlerParts, "unary"> & {
  readonly unary: UnaryPlans;
};

type Response = TranscodingResponse | Promise<TranscodingResponse>;

/**
 * The life of a request: header → refusal → preflight → route → response → log. A unary method is called by {@link beginUnaryCall},
 * and responds by itself. Nothing that a client sends makes it throw. A request that is `refused`, since too much memory is held, only
 * gets that response; one whose client has left before its turn is only logged.
 */
export function createRequestHandler(
  given: RequestHandlerParts,
): (exchange: Exchange, refused: boolean) => void {
  const { limits, watchdog, onFault } = given;
  const respond: Respond = {
    onFault,
    send: (running, head, make) => {
      reply(given, running, head, make).catch((fault: unknown) => {
        onFault(fault);
        running.exchange.destroy();
      });
    },
  };
  const parts: Parts = { ...given, unary: given.unary(respond) };
  return (exchange, refused) => {
    const running = new RunningRequest(exchange, limits);
    const head = readHead(exchange, limits);
    running.path = head.path;
    running.requestId = requestIdFrom(head.requestId);
    running.traceparent = head.traceparent;
    running.clientAddress = given.clientAddress(exchange.remoteAddress, head);
    if (exchange.isGone()) {
      given.onRequestEnd(running.record());
      return;
    }
    watchdog.add(running);
    exchange.onClose(() => {
      watchdog.delete(running);
      given.onRequestEnd(running.record());
      running.call?.leave();
    });
    try {
      const response = refused
        ? refuse(running, head)
        : follow(parts, running, head);
      if (response !== undefined) {
        respond.send(running, head, () => response);
      }
    } catch (fault) {
      if (exchange.isHeaderSent) {
        onFault(fault);
        exchange.destroy();
      } else {
        respond.send(running, head, () => {
          throw fault;
        });
      }
    }
  };
}

async function reply(
  { cors, limits, onFault }: Omit<RequestHandlerParts, "unary">,
  running: RunningRequest,
  head: RequestHead,
  make: () => Response,
): Promise<void> {
  let response: TranscodingResponse;
  try {
    response = await make();
  } catch (fault) {
    if (isLeaving(fault) && running.exchange.isGone()) {
      return;
    }
    onFault(fault);
    response = internalError(head);
  }
  const { exchange } = running;
  const header = response.header ?? new Headers();
  if (!header.has("cache-control")) {
    header.set("cache-control", "no-store");
  }
  header.set(requestIdHeader, running.requestId);
  cors.decorate(head.origin, header);
  try {
    await send(running, { ...response, header }, limits);
  } catch (fault) {
    // A header that cannot be sent, or a body that broke before its first piece.
    if (exchange.isGone()) {
      return;
    }
    if (exchange.isHeaderSent) {
      throw fault;
    }
    onFault(fault);
    await send(running, internalError(head), limits);
  }
}

/** Whether the work on a response was given up since its client left. */
function isLeaving(fault: unknown): boolean {
  return fault instanceof ConnectError && fault.code === Code.Canceled;
}

function refuse(running: RunningRequest, head: RequestHead): Response {
  running.protocol = spokenProtocol(head) ?? "http";
  return overloaded(head);
}

/** Begins a unary call, or gives the response to all that is none. */
function follow(
  parts: Parts,
  running: RunningRequest,
  head: RequestHead,
): Response | undefined {
  const { exchange } = running;
  const { method, target } = exchange;
  if (head.refusal !== undefined) {
    const { status, code, message } = head.refusal;
    return statusResponse(status, code, message);
  }
  const preflight = parts.cors.preflight(
    method,
    head.origin,
    head.wantedMethod,
    head.wantedHeaders,
  );
  if (preflight !== undefined) {
    return preflight;
  }
  // OPTIONS * asks about the server itself: there is nothing to say (RFC 9110, §9.3.7). No other method has this target.
  if (target === "*") {
    return { status: 204, header: new Headers() };
  }
  const route = parts.router(method, target, head.path);
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
      running.route = route.page.path;
      return followPage(exchange, head, route.page);
    case "endpoint":
      return takesMethod(route.endpoint, method)
        ? callEndpoint(route.endpoint, running, head, parts.limits)
        : methodNotAllowed(head, route.endpoint.methods.join(", "));
    case "not-found":
      running.protocol = spokenProtocol(head) ?? "http";
      return unknownPath(head);
  }
}

function followRpc(
  { limits, unary }: Parts,
  running: RunningRequest,
  head: RequestHead,
  rpc: Rpc,
): Response | undefined {
  const { exchange } = running;
  const { method, httpMethods, streams } = rpc;
  running.rpc = rpc.name;
  running.serverStreams = streamsResponse(method);
  const takesHttpMethod = httpMethods.includes(exchange.method);
  const plan =
    takesHttpMethod && streams === undefined
      ? findUnaryPlan(unary, exchange, head, method)
      : undefined;
  running.protocol = plan?.form.protocol ?? spokenProtocol(head) ?? "connect";
  if (!takesHttpMethod) {
    return methodNotAllowed(head, httpMethods.join(", "));
  }
  if (running.protocol === "grpc" && exchange.httpVersion === "1.0") {
    return statusResponse(
      505,
      Code.Unimplemented,
      "gRPC needs trailers, which HTTP/1.0 does not have",
    );
  }
  if (streams !== undefined) {
    running.clientStreams = rpc.clientStreams;
    const refusal = rpc.admit?.(running);
    if (refusal !== undefined) {
      return tooManyStreams(head, refusal);
    }
    const request = toCall(running, head, rpc.clientStreams, limits);
    return request === undefined
      ? malformedHeader()
      : callStream({ ...rpc, streams }, request);
  }
  // What it may be depends on the protocol, which is not known.
  if (plan === undefined) {
    return { status: 415, header: new Headers() };
  }
  beginUnaryCall(plan, { running, head, match: undefined, byTemplate: false });
  return undefined;
}

function findUnaryPlan(
  unary: UnaryPlans,
  exchange: Exchange,
  head: RequestHead,
  method: DescMethod,
): CallPlan | undefined {
  return exchange.method === "GET"
    ? unary.byGet(method, head, exchange.target)
    : unary.byPost(method, head.contentType, head.accept);
}

function followTemplate(
  { limits, rpcs, unary }: Parts,
  running: RunningRequest,
  head: RequestHead,
  transcoder: Transcoder,
  match: TranscodingMatch,
): Response | undefined {
  const { exchange } = running;
  running.protocol = "rest";
  if (match.kind === "found") {
    const { method } = match;
    running.route = match.route.path;
    const type = framedTypeOf(
      head,
      exchange.httpVersion,
      exchange.body.complete,
    );
    running.rpc = `${method.parent.typeName}/${method.name}`;
    running.serverStreams = streamsResponse(method);
    const rpc = type === undefined ? undefined : rpcs.get(`/${running.rpc}`);
    if (type !== undefined && rpc !== undefined) {
      return followFramed({ limits, unary }, running, head, rpc, type);
    }
    const plan = unary.byTemplate(match.route);
    if (plan !== undefined) {
      beginUnaryCall(plan, { running, head, match, byTemplate: true });
      return undefined;
    }
  }
  const clientStreams =
    match.kind === "found" && match.method.methodKind === "client_streaming";
  const request = toCall(running, head, clientStreams, limits);
  return request === undefined
    ? malformedHeader()
    : transcoder.handle(request, match);
}

/** Calls a method in an RPC protocol from its REST path. */
function followFramed(
  { limits, unary }: Pick<Parts, "limits" | "unary">,
  running: RunningRequest,
  head: RequestHead,
  rpc: Rpc,
  type: string,
): Response | undefined {
  running.protocol = type.startsWith("application/grpc-web")
    ? "grpc-web"
    : "grpc";
  const { streams } = rpc;
  if (streams !== undefined) {
    const request = toCall(running, head, rpc.clientStreams, limits);
    return request === undefined
      ? malformedHeader()
      : callFramedStream({ ...rpc, streams }, request, type);
  }
  const plan = unary.byPost(rpc.method, type, head.accept);
  if (plan === undefined) {
    return { status: 415, header: new Headers() };
  }
  beginUnaryCall(plan, { running, head, match: undefined, byTemplate: true });
  return undefined;
}

function streamsResponse({ methodKind }: DescMethod): boolean {
  return methodKind === "server_streaming" || methodKind === "bidi_streaming";
}

function followPage(
  exchange: Exchange,
  head: RequestHead,
  page: StaticRoute,
): UniversalServerResponse | Promise<UniversalServerResponse> {
  if (exchange.method === "GET" || exchange.method === "HEAD") {
    return page.respond(head, exchange.rawHeaders);
  }
  return methodNotAllowed(head, "GET, HEAD");
}

/** Makes the request for a handler, and sets the time-outs of its body. */
function toCall(
  running: RunningRequest,
  head: RequestHead,
  clientStreams: boolean,
  limits: HttpLimits,
): HttpRequest | undefined {
  const { exchange } = running;
  const abort = new AbortController();
  running.expire = (reason) => {
    abort.abort(reason);
  };
  exchange.hold(handlerBytes);
  exchange.body.timeouts = clientStreams
    ? { totalMs: 0, idleMs: limits.streamIdleTimeoutMs }
    : { totalMs: limits.bodyTimeoutMs, idleMs: 0 };
  try {
    const request = toHttpRequest(
      exchange,
      head.path,
      running.requestId,
      abort,
    );
    running.values = request.contextValues;
    return request;
  } catch {
    return undefined;
  }
}

function malformedHeader(): UniversalServerResponse {
  return statusResponse(
    400,
    Code.InvalidArgument,
    "A header holds characters that are not allowed",
  );
}
