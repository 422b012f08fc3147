import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { handlerBytes } from "./connection/budget/budget.ts";
import { networkOf } from "./connection/budget/connection-count.ts";
import type { HttpLimits } from "./limits.ts";
import type { RunningRequest } from "./request/running-request.ts";
import type { RequestHead } from "./request/head.ts";
import { bytesResponse, statusResponse } from "./response/status-response.ts";

/** A request to an {@link Endpoint}. */
export interface EndpointRequest {
  readonly method: string;
  /** As the client wrote it: `Host` or `:authority`. */
  readonly host: string | undefined;
  readonly contentType: string;
  readonly contentEncoding: string | undefined;
  /** The values of the header fields named Authorization. */
  readonly authorization: readonly string[];
  /** Where the client calls from, behind trusted proxies: an IPv4 address, or a /64 network of IPv6. */
  readonly clientNetwork: string;
  /** The complete body; undefined where it was longer than it may be. */
  readonly body: Uint8Array | undefined;
}

/** The response of an {@link Endpoint}. */
export interface EndpointResponse {
  readonly status: number;
  readonly header: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A plain HTTP handler at a fixed path. Nothing of a call needs to be checked before its body is read, so bodies are short. */
export interface Endpoint {
  readonly path: string;
  /** `GET` includes HEAD. */
  readonly methods: readonly ("GET" | "POST")[];
  /** The most that is read, in bytes. */
  readonly maxBodyBytes: number;
  respond(
    request: EndpointRequest,
  ): EndpointResponse | Promise<EndpointResponse>;
}

/** Whether an endpoint takes a method of HTTP. */
export function takesMethod({ methods }: Endpoint, method: string): boolean {
  return methods.some(
    (taken) => taken === method || (taken === "GET" && method === "HEAD"),
  );
}

/** Reads the request for an endpoint, and has it respond. */
export async function callEndpoint(
  endpoint: Endpoint,
  running: RunningRequest,
  head: RequestHead,
  limits: HttpLimits,
): Promise<UniversalServerResponse> {
  const { exchange } = running;
  exchange.hold(handlerBytes);
  let body: Uint8Array | undefined;
  try {
    body =
      exchange.method === "POST"
        ? await readBody(running, head, endpoint.maxBodyBytes, limits)
        : new Uint8Array(0);
  } catch {
    // The client was too slow, or has left.
    return statusResponse(
      408,
      Code.DeadlineExceeded,
      "The body did not arrive in time",
    );
  }
  const response = await endpoint.respond({
    method: exchange.method,
    host: head.host,
    contentType: head.contentType,
    contentEncoding: head.contentEncoding,
    authorization: valuesOf(exchange.rawHeaders, "authorization"),
    clientNetwork: networkOf(running.clientAddress),
    body,
  });
  return bytesResponse(
    response.status,
    response.header,
    Buffer.from(response.body),
  );
}

async function readBody(
  running: RunningRequest,
  { declaredLength = 0 }: RequestHead,
  maxBytes: number,
  { bodyTimeoutMs }: HttpLimits,
): Promise<Uint8Array | undefined> {
  if (declaredLength > maxBytes) {
    return undefined;
  }
  const { body } = running.exchange;
  body.timeouts = { totalMs: bodyTimeoutMs, idleMs: 0 };
  let tooLong: ConnectError | undefined;
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      running.expire = reject;
      body.collect(
        {
          maxBytes,
          tooLong: () =>
            (tooLong = new ConnectError("the body is too long", Code.Aborted)),
        },
        { complete: resolve, failed: reject },
      );
    });
  } catch (reason) {
    if (tooLong !== undefined && reason === tooLong) {
      return undefined;
    }
    throw reason;
  }
}

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) {
      values.push(rawHeaders[i + 1] ?? "");
    }
  }
  return values;
}
