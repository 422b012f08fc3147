import { Code, ConnectError } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import {
  codeToHttpStatus,
  errorToJsonBytes,
} from "@connectrpc/connect/protocol-connect";
import {
  trailerFlag,
  trailerSerialize,
} from "@connectrpc/connect/protocol-grpc-web";
import { cut } from "../../transcoding/index.ts";
import { asGrpcWebText, isGrpcWebText } from "../request/grpc-web-text.ts";
import type { RequestHead } from "../request/head.ts";
import { escapeGrpcMessage } from "./grpc-message.ts";
import { bytesResponse, statusResponse } from "./status-response.ts";

/** The RPC protocol that a request speaks, as far as its header tells. */
export type SpokenProtocol = "grpc" | "grpc-web" | "connect" | undefined;

/**
 * JSON without Connect-Protocol-Version may be Connect or REST; `undefined` stands for both.
 */
export function spokenProtocol({
  contentType,
  saysConnect,
}: RequestHead): SpokenProtocol {
  const type = contentType.toLowerCase();
  if (type.startsWith("application/grpc-web")) {
    return "grpc-web";
  }
  if (/^application\/grpc(?:$|[+; ])/.test(type)) {
    return "grpc";
  }
  return saysConnect || /^application\/(?:proto(?:$|[; ])|connect\+)/.test(type)
    ? "connect"
    : undefined;
}

/** The response for an unknown path, in the form that the caller understands. */
export function unknownPath(head: RequestHead): UniversalServerResponse {
  const message = `unknown method ${cut(head.path)}`;
  return (
    errorResponse(head, Code.Unimplemented, message, 404) ??
    statusResponse(404, Code.NotFound, "Not Found")
  );
}

/** The response for a known path with another HTTP method. */
export function methodNotAllowed(
  head: RequestHead,
  allow: string,
): UniversalServerResponse {
  // Callers of an RPC need only the status and Allow; a body would be taken for an error of the handler.
  if (spokenProtocol(head) !== undefined) {
    return { status: 405, header: new Headers({ allow }) };
  }
  return statusResponse(405, Code.Unimplemented, "Method Not Allowed", {
    allow,
  });
}

/** Seconds after which a client may try again when the server held too much memory. */
const retryAfterSeconds = "1";

/** The response to a request that is refused since its connection, or the server, holds too much memory. */
export function overloaded(head: RequestHead): UniversalServerResponse {
  const message =
    "the server, or this connection, has too much to do: try again later";
  const response =
    errorResponse(head, Code.Unavailable, message) ??
    statusResponse(503, Code.Unavailable, message);
  response.header?.set("retry-after", retryAfterSeconds);
  return response;
}

/** The response to a stream that is one too many. */
export function tooManyStreams(
  head: RequestHead,
  message: string,
): UniversalServerResponse {
  return (
    errorResponse(head, Code.ResourceExhausted, message) ??
    statusResponse(429, Code.ResourceExhausted, message)
  );
}

/** The response for a fault of this server. */
export function internalError(head: RequestHead): UniversalServerResponse {
  const message = "internal error";
  return (
    errorResponse(head, Code.Internal, message) ??
    statusResponse(500, Code.Internal, message)
  );
}

/**
 * An error that no method has raised. gRPC's clients look at trailers only, and would report a response without them as a fault of
 * the transport.
 */
function errorResponse(
  head: RequestHead,
  code: Code,
  message: string,
  connectStatus = codeToHttpStatus(code),
): UniversalServerResponse | undefined {
  const { contentType } = head;
  const status = {
    "grpc-status": String(code),
    "grpc-message": escapeGrpcMessage(message),
  };
  switch (spokenProtocol(head)) {
    case "grpc":
      // "Trailers-Only" of gRPC over HTTP/2.
      return {
        status: 200,
        header: new Headers({ "content-type": contentType, ...status }),
      };
    case "grpc-web": {
      const frame = encodeEnvelope(
        trailerFlag,
        trailerSerialize(new Headers(status)),
      );
      const response = bytesResponse(
        200,
        { "content-type": contentType },
        frame,
      );
      return isGrpcWebText(contentType) ? asGrpcWebText(response) : response;
    }
    case "connect":
      return bytesResponse(
        connectStatus,
        { "content-type": "application/json" },
        errorToJsonBytes(new ConnectError(message, code), undefined),
      );
    case undefined:
      return undefined;
  }
}
