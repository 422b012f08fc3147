import type { JsonWriteOptions } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { HandlerContext } from "@connectrpc/connect";
import {
  mergeNonProtocolHeaders,
  type UniversalHandlerOptions,
  type UniversalServerRequest,
  type UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { oneChunk } from "./body.ts";
import { responseCompression } from "../headers/encoding.ts";
import type { HostCompression } from "../headers/encoding.ts";
import { Fault } from "../fault.ts";
import type { TranscodingBehaviour } from "../options.ts";
import { jsonType, type ResponseBytes } from "../message/response.ts";
import {
  errorJson,
  httpStatus,
  retryAfterSeconds,
  toConnectError,
} from "../status.ts";

/** The parts of a request that its response depends on: its method, and its Accept-Encoding. */
export type NegotiatedRequest = Pick<
  UniversalServerRequest,
  "method" | "header"
> & {
  /** Of a call that the host makes. */
  readonly context?: HandlerContext;
};

/** Makes responses out of bytes and errors, in the same way for all methods. */
export interface Responses {
  /** The options by which messages and details are written. */
  readonly json: Partial<JsonWriteOptions>;
  /** A response whose body is complete. */
  complete(
    request: NegotiatedRequest,
    status: number,
    body: ResponseBytes,
    header?: Headers,
  ): Promise<UniversalServerResponse>;
  /** The response for an error: google.rpc.Status as JSON. Never fails. */
  error(
    request: NegotiatedRequest,
    reason: unknown,
    header?: Headers,
  ): Promise<UniversalServerResponse>;
  /** The JSON of an error within a stream. */
  errorBytes(reason: unknown): Uint8Array;
}

/** Prepares the responses for the options of a transcoder. */
export function createResponses(
  options: UniversalHandlerOptions,
  behaviour: TranscodingBehaviour,
): Responses {
  const json = jsonOptions(options, behaviour);
  const shape = behaviour.errorShape ?? "status";

  async function complete(
    request: NegotiatedRequest,
    status: number,
    body: ResponseBytes,
    header = new Headers(),
  ): Promise<UniversalServerResponse> {
    let { bytes } = body;
    header.set("Content-Type", body.contentType);
    if (options.acceptCompression.length > 0) {
      header.append("Vary", "Accept-Encoding");
      const compression: HostCompression | undefined = responseCompression(
        request.header.get("Accept-Encoding"),
        options.acceptCompression,
        bytes.byteLength < options.compressMinBytes,
      );
      if (compression !== undefined) {
        bytes = await compression.compress(bytes, request.context);
        header.set("Content-Encoding", compression.name);
      }
    }
    header.set("Content-Length", bytes.byteLength.toString());
    return request.method === "HEAD"
      ? { status, header }
      : { status, header, body: oneChunk(bytes) };
  }

  function error(
    request: UniversalServerRequest,
    reason: unknown,
    header = new Headers(),
  ): Promise<UniversalServerResponse> {
    const { thrown, status, bytes } = describe(reason);
    if (!thrown.isWireError) {
      mergeNonProtocolHeaders(header, thrown.metadata);
    }
    if (reason instanceof Fault) {
      for (const [name, value] of Object.entries(reason.header)) {
        header.set(name, value);
      }
    }
    addAdvice(header, status, thrown);
    return complete(request, status, { contentType: jsonType, bytes }, header);
  }

  function describe(reason: unknown) {
    const thrown = toConnectError(reason);
    if (!(reason instanceof ConnectError || reason instanceof Fault)) {
      behaviour.onFault?.(reason);
    }
    const status =
      reason instanceof Fault
        ? reason.status
        : (behaviour.errorStatus?.(thrown) ?? httpStatus(thrown.code));
    const bytes = Buffer.from(
      JSON.stringify(errorJson(thrown, status, shape, json)),
    );
    return { thrown, status, bytes };
  }

  return {
    json,
    complete,
    error,
    errorBytes: (reason) => describe(reason).bytes,
  };
}

/** What tells a client how to go on: RFC 9110 sections 11.6.1 and 10.2.3. */
function addAdvice(header: Headers, status: number, error: ConnectError): void {
  if (status === 401 && !header.has("WWW-Authenticate")) {
    header.set("WWW-Authenticate", "Bearer");
  }
  if ((status === 429 || status === 503) && !header.has("Retry-After")) {
    const seconds = retryAfterSeconds(error);
    if (seconds !== undefined) {
      header.set("Retry-After", seconds.toString());
    }
  }
}

function jsonOptions(
  options: UniversalHandlerOptions,
  behaviour: TranscodingBehaviour,
): Partial<JsonWriteOptions> {
  const { output, registry } = behaviour;
  return {
    ...options.jsonOptions,
    ...(registry === undefined ? {} : { registry }),
    ...(output?.protoNames === undefined
      ? {}
      : { useProtoFieldName: output.protoNames }),
    ...(output?.defaults === undefined
      ? {}
      : { alwaysEmitImplicit: output.defaults }),
    ...(output?.enumNumbers === undefined
      ? {}
      : { enumAsInteger: output.enumNumbers }),
  };
}
