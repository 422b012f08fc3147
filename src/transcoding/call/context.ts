import {
  Code,
  ConnectError,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import type { CallParts } from "./call.ts";
import type { TranscodingRequest } from "../options.ts";
import { startDeadline, type Timeout } from "../headers/timeout.ts";

/** The name of this protocol in handler contexts. */
export const protocolName = "rest";

/** The context of a call, for the gate, the interceptors and the method. */
export interface CallContext extends HandlerContext {
  /** Aborts the signal, and lets go of timer and listeners. Every call ends so, whatever it came to. */
  end(reason?: unknown): void;
}

// Made once: the stack of an error costs more than all else in a context.
const finished = new ConnectError("the call has ended", Code.Canceled);

/** Makes the context of a call. Its signal follows the client, the end of the server, and the deadline. */
export function createContext(
  { binding, options }: CallParts,
  request: TranscodingRequest,
  { timeoutMs }: Timeout,
): CallContext {
  const controller = new AbortController();
  const client = request.signal;
  const server = options.shutdownSignal;
  const deadline = timeoutMs === undefined ? undefined : Date.now() + timeoutMs;
  let timer: NodeJS.Timeout | undefined;

  function onAbort(this: AbortSignal): void {
    end(this.reason);
  }

  function end(reason?: unknown): void {
    if (controller.signal.aborted) {
      return;
    }
    clearTimeout(timer);
    client.removeEventListener("abort", onAbort);
    server?.removeEventListener("abort", onAbort);
    controller.abort(reason ?? finished);
  }

  if (client.aborted) {
    end(client.reason);
  } else if (server?.aborted === true) {
    end(server.reason);
  } else {
    client.addEventListener("abort", onAbort);
    server?.addEventListener("abort", onAbort);
    if (timeoutMs !== undefined) {
      timer = startDeadline(timeoutMs, end);
    }
  }

  return {
    method: binding.method,
    service: binding.method.parent,
    protocolName,
    requestMethod: request.method,
    requestHeader: request.header,
    responseHeader: new Headers(),
    responseTrailer: new Headers(),
    url: request.url,
    values: request.contextValues ?? createContextValues(),
    signal: controller.signal,
    timeoutMs: () =>
      deadline === undefined ? undefined : deadline - Date.now(),
    end,
  };
}
