import { Code, ConnectError } from "@connectrpc/connect";
import type { Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { OpenTransport } from "./database-transport.ts";
import { oneLine, OperationError } from "../terminal/failure.ts";
import { SessionManager } from "./session-manager.ts";

const timeoutMs = 30_000;

/** Calls a server over gRPC. */
export function openServerTransport(url: string, token: string): OpenTransport {
  const sessionManager = new SessionManager(url);
  return {
    transport: createGrpcTransport({
      baseUrl: url,
      sessionManager,
      defaultTimeoutMs: timeoutMs,
      interceptors: [explainNoResponse(url), authenticate(token)],
    }),
    close: async () => {
      sessionManager.abort();
    },
  };
}

function authenticate(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}

/** @param reason what Node, or the transport, says */
function describeUnreachable(url: string, reason: string): string {
  // OpenSSL reads the response of a server without TLS as a record of TLS.
  if (/wrong version number|packet length too long/.test(reason)) {
    return `${url} has no TLS: write ${url.replace("https:", "http:")}`;
  }
  const what =
    reason === "Protocol error"
      ? "does not speak HTTP/2"
      : `cannot be reached (${reason})`;
  return `${url} ${what}: check the address, http or https, and that lockoutd serves there`;
}

/** Tells apart a server that refuses, one that does not respond, and one that is not lockoutd. */
function explainNoResponse(url: string): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      const { code, rawMessage, details, cause } = ConnectError.from(error);
      if (code === Code.DeadlineExceeded) {
        throw new OperationError(
          `${url} did not respond within ${timeoutMs / 1000} s`,
          { cause: error },
        );
      }
      // A refusal has a detail. What went wrong below it has the cause that Node gave, or was a stream that ended before it, or
      // a response that is not gRPC, of which the transport says the status alone.
      const isBelow =
        cause !== undefined ||
        code === Code.Canceled ||
        /^HTTP \d+$/.test(rawMessage);
      if (details.length > 0 || !isBelow) {
        throw error;
      }
      throw new OperationError(describeUnreachable(url, oneLine(rawMessage)), {
        cause: error,
      });
    }
  };
}
