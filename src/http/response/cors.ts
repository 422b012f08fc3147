import { Code } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { statusResponse } from "./status-response.ts";

/** Which web pages may call: a list of origins (`https://app.example.com`), or all. */
export type CorsOrigins = readonly string[] | "*";

const methods = "OPTIONS, GET, HEAD, POST, PUT, PATCH, DELETE";
/** Allowed always; beside them, whatever the preflight of an allowed origin asks for. */
const requestHeaders = [
  "Authorization",
  "Content-Type",
  "Accept",
  "x-zitadel-orgid",
  "x-user-agent",
  "x-grpc-web",
  "Connect-Protocol-Version",
  "Connect-Timeout-Ms",
  "Grpc-Timeout",
  // Of pages that read server-sent events by fetch, since an EventSource cannot send a token.
  "Last-Event-ID",
];
const exposedHeaders = [
  "Grpc-Status",
  "Grpc-Message",
  "Grpc-Status-Details-Bin",
  "x-request-id",
  "www-authenticate",
  "retry-after",
  "etag",
  "last-event-id",
];
const fieldName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const preflightSeconds = 7200;

/** The cross-origin rules of the server, after the Fetch standard. */
export interface Cors {
  /** The response to a preflight; undefined where the request is none. */
  preflight(
    method: string,
    origin: string | undefined,
    wantedMethod: string | undefined,
    wantedHeaders: string | undefined,
  ): UniversalServerResponse | undefined;
  /** Adds the header fields that let a page read the response. */
  decorate(origin: string | undefined, header: Headers): void;
}

/** @param origins empty: no page of another origin may call */
export function createCors(origins: CorsOrigins): Cors {
  const all = origins === "*" || origins.includes("*");
  const allowed = new Set(origins === "*" ? [] : origins);
  const allow = (origin: string): string | undefined => {
    if (all) {
      return "*";
    }
    return allowed.has(origin) ? origin : undefined;
  };
  const decorate = (origin: string | undefined, header: Headers): void => {
    if (!all && allowed.size > 0) {
      header.append("vary", "Origin");
    }
    if (origin === undefined) {
      return;
    }
    const value = allow(origin);
    if (value === undefined) {
      return;
    }
    header.set("access-control-allow-origin", value);
    // Cookies of a page are nothing to this server, but pages that send them are refused the response otherwise.
    if (value !== "*") {
      header.set("access-control-allow-credentials", "true");
    }
    header.set("access-control-expose-headers", exposedBy(header));
  };
  return {
    decorate,
    preflight(method, origin, wantedMethod, wantedHeaders) {
      if (
        method !== "OPTIONS" ||
        origin === undefined ||
        wantedMethod === undefined
      ) {
        return undefined;
      }
      if (allow(origin) === undefined) {
        return statusResponse(
          403,
          Code.PermissionDenied,
          "The origin of this page is not among the allowed CORS origins",
        );
      }
      return {
        status: 204,
        header: new Headers({
          "access-control-allow-methods": methods,
          "access-control-allow-headers": allowedHeaders(wantedHeaders),
          "access-control-max-age": String(preflightSeconds),
          vary: "Access-Control-Request-Method, Access-Control-Request-Headers",
        }),
      };
    },
  };
}

/** The header names that a preflight is granted. */
function allowedHeaders(wanted = ""): string {
  const known = new Set(requestHeaders.map((name) => name.toLowerCase()));
  const more = wanted
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => fieldName.test(name) && !known.has(name));
  return [...requestHeaders, ...new Set(more)].join(", ");
}

/** The header names that a page may read: those of all responses, and the trailers that this one has. */
function exposedBy(header: Headers): string {
  const trailers = [...header.keys()].filter((name) =>
    name.startsWith("trailer-"),
  );
  return [...exposedHeaders, ...trailers].join(", ");
}
