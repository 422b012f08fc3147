import { Code } from "@connectrpc/connect";
import { isAuthority, isSameAuthority } from "./authority.ts";
import type { Exchange } from "../connection/exchange/exchange.ts";
import type { HttpLimits } from "../limits.ts";

/** Why a request is refused by its header. */
export interface Refusal {
  readonly status: number;
  readonly code: Code;
  readonly message: string;
}

/** What routing, cross-origin rules and the log need to know, found in one pass over the header. */
export interface RequestHead {
  readonly refusal: Refusal | undefined;
  /** The raw path: the target without query, and without scheme and authority in the absolute form. */
  readonly path: string;
  /** `:authority`, or `Host`, as the client wrote it. */
  readonly host: string | undefined;
  readonly contentType: string;
  readonly accept: string;
  readonly acceptEncoding: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly grpcEncoding: string | undefined;
  readonly ifNoneMatch: string | undefined;
  /** Whether a header of some protocol gives the call a timeout. */
  readonly saysTimeout: boolean;
  /** Whether Connect-Protocol-Version is there: Connect's clients send it, though it is optional. */
  readonly saysConnect: boolean;
  readonly origin: string | undefined;
  /** `Access-Control-Request-Method`: makes an OPTIONS request a preflight. */
  readonly wantedMethod: string | undefined;
  /** `Access-Control-Request-Headers` of a preflight. */
  readonly wantedHeaders: string | undefined;
  readonly requestId: string | undefined;
  readonly traceparent: string | undefined;
  /** `Forwarded`, which counts where a trusted proxy sends it. */
  readonly forwarded: string | undefined;
  /** `X-Forwarded-For`, likewise. */
  readonly forwardedFor: string | undefined;
  /** Content-Length, where it is given and the client does not wait for 100 Continue. */
  readonly declaredLength: number | undefined;
}

/** Reads and checks the header of a request; never throws. */
export function readHead(exchange: Exchange, limits: HttpLimits): RequestHead {
  const { rawHeaders, target } = exchange;
  let bytes = 0;
  let host: string | undefined;
  let hosts = 0;
  let contentType = "";
  let contentTypes = 0;
  let accept = "";
  let acceptEncoding: string | undefined;
  let contentEncoding: string | undefined;
  let grpcEncoding: string | undefined;
  let ifNoneMatch: string | undefined;
  let saysTimeout = false;
  let saysConnect = false;
  let origin: string | undefined;
  let wantedMethod: string | undefined;
  let wantedHeaders: string | undefined;
  let scheme: "http" | "https" = "http";
  let requestId: string | undefined;
  let traceparent: string | undefined;
  let forwarded: string | undefined;
  let forwardedFor: string | undefined;
  let transferEncoding: string | undefined;
  let length: string | undefined;
  let expects = false;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    const value = rawHeaders[i + 1] ?? "";
    bytes += name.length + value.length;
    switch (name.toLowerCase()) {
      case ":path":
        // HTTP/2 counts it among the fields; it has a limit of its own.
        bytes -= value.length;
        break;
      case ":scheme":
        if (value === "https") {
          scheme = value;
        }
        break;
      case "host":
        hosts++;
        host = value;
        break;
      case "content-type":
        contentTypes++;
        contentType = value;
        break;
      case "accept":
        accept = accept === "" ? value : `${accept},${value}`;
        break;
      case "accept-encoding":
        acceptEncoding = joined(acceptEncoding, value);
        break;
      case "content-encoding":
        contentEncoding = joined(contentEncoding, value);
        break;
      case "grpc-encoding":
        grpcEncoding = joined(grpcEncoding, value);
        break;
      case "if-none-match":
        ifNoneMatch = joined(ifNoneMatch, value);
        break;
      case "connect-timeout-ms":
      case "grpc-timeout":
      case "x-server-timeout":
        saysTimeout = true;
        break;
      case "connect-protocol-version":
        saysConnect = true;
        break;
      case "origin":
        origin = value;
        break;
      case "access-control-request-method":
        wantedMethod = value;
        break;
      case "access-control-request-headers":
        wantedHeaders = joined(wantedHeaders, value);
        break;
      case "x-request-id":
        requestId = value;
        break;
      case "traceparent":
        traceparent = joined(traceparent, value);
        break;
      case "forwarded":
        forwarded = joined(forwarded, value);
        break;
      case "x-forwarded-for":
        forwardedFor = joined(forwardedFor, value);
        break;
      case "transfer-encoding":
        transferEncoding = value;
        break;
      case "content-length":
        length = value;
        break;
      case "expect":
        expects = true;
        break;
    }
  }
  const refuse = (): Refusal | undefined => {
    if (target.length > limits.maxTargetBytes) {
      return refusal(
        414,
        `The request target is longer than ${limits.maxTargetBytes} bytes`,
      );
    }
    if (bytes > limits.maxHeaderBytes) {
      return refusal(
        431,
        `The header is larger than ${limits.maxHeaderBytes} bytes`,
      );
    }
    if (rawHeaders.length > 2 * limits.maxHeaderCount) {
      return refusal(
        431,
        `The header has more than ${limits.maxHeaderCount} fields`,
      );
    }
    if (contentTypes > 1) {
      return refusal(400, "Content-Type is given more than once");
    }
    return (
      refuseTransferEncoding(transferEncoding) ??
      refuseAuthority(exchange, {
        // Clients of gRPC may send a `host` of their own, which is ignored beside an :authority (gRFC A41).
        hosts:
          hosts > 0 && exchange.authority !== undefined && isGrpc(contentType)
            ? 0
            : hosts,
        host,
        scheme,
      }) ??
      refuseTarget(exchange)
    );
  };
  return {
    refusal: refuse(),
    path: pathOf(target),
    host: exchange.authority ?? host,
    contentType,
    accept,
    acceptEncoding,
    contentEncoding,
    grpcEncoding,
    ifNoneMatch,
    saysTimeout,
    saysConnect,
    origin,
    wantedMethod,
    wantedHeaders,
    requestId,
    traceparent,
    forwarded,
    forwardedFor,
    declaredLength:
      length === undefined || expects ? undefined : Number(length),
  };
}

/** Fields of one name are one list. */
function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

/** The path of a request target in origin form or absolute form (RFC 9112, §3.2), as it was written. */
export function pathOf(target: string): string {
  const query = target.indexOf("?");
  const end = query < 0 ? target.length : query;
  if (target.startsWith("/")) {
    return target.slice(0, end);
  }
  const scheme = /^https?:\/\//i.exec(target);
  if (scheme === null) {
    return target.slice(0, end);
  }
  const slash = target.indexOf("/", scheme[0].length);
  return slash < 0 || slash > end ? "/" : target.slice(slash, end);
}

function isGrpc(contentType: string): boolean {
  return /^application\/grpc(?!-web)/i.test(contentType);
}

/** The host that a request names beside `:authority`. */
interface HostFields {
  /** How many there are. */
  readonly hosts: number;
  /** The last one. */
  readonly host: string | undefined;
  readonly scheme: "http" | "https";
}

function refuseAuthority(
  { httpVersion, authority }: Exchange,
  { hosts, host: lastHost, scheme }: HostFields,
): Refusal | undefined {
  if (hosts > 1) {
    return refusal(400, "Host is given more than once");
  }
  const host = hosts === 0 ? undefined : lastHost;
  if (httpVersion !== "2.0") {
    // HTTP/1.0 knows no Host (RFC 9112, §3.2).
    if (host === undefined) {
      return httpVersion === "1.0"
        ? undefined
        : refusal(400, "The Host header is missing");
    }
    return isAuthority(host)
      ? undefined
      : refusal(400, "The Host header is malformed");
  }
  if (authority === undefined && host === undefined) {
    return refusal(400, ":authority is missing");
  }
  if (authority !== undefined && !isAuthority(authority)) {
    return refusal(400, ":authority is malformed");
  }
  if (host !== undefined && !isAuthority(host)) {
    return refusal(400, "The Host header is malformed");
  }
  if (
    authority !== undefined &&
    host !== undefined &&
    !isSameAuthority(authority, host, scheme)
  ) {
    return refusal(400, ":authority and Host differ");
  }
  return undefined;
}

/** Node's parser reads chunks, whatever stands before "chunked"; that would be taken for the body itself. */
function refuseTransferEncoding(value: string | undefined) {
  return value === undefined || value.trim().toLowerCase() === "chunked"
    ? undefined
    : {
        status: 501,
        code: Code.Unimplemented,
        message: "The Transfer-Encoding is another one than chunked",
      };
}

function refuseTarget({ method, target }: Exchange): Refusal | undefined {
  if (target.startsWith("/")) {
    return undefined;
  }
  const absolute = /^https?:\/\/([^/?#]*)/i.exec(target);
  if (absolute !== null && isAuthority(absolute[1] ?? "")) {
    return undefined;
  }
  if (target === "*" && method === "OPTIONS") {
    return undefined;
  }
  return refusal(400, "The request target is malformed");
}

function refusal(status: number, message: string): Refusal {
  return { status, code: Code.InvalidArgument, message };
}
