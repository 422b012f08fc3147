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

/** The answer for a path that nothing is served at, in the form that the caller understands. */
export function unknownPath(head: RequestHead): UniversalServerResponse {
  const error = new ConnectError(
    `unknown method ${cut(head.path)}`,
    Code.Unimplemented,
  );
  return (
    errorResponse(head, error, 404) ??
    statusResponse(404, Code.NotFound, "Not Found")
  );
}

/** The answer for a known path and another HTTP method. */
export function methodNotAllowed(
  head: RequestHead,
  allow: string,
): UniversalServerResponse {
  // To callers of an RPC the status and Allow say it all; a body would be taken for an error of the method.
  if (spokenProtocol(head) !== undefined) {
    return { status: 405, header: new Headers({ allow }) };
  }
  return statusResponse(405, Code.Unimplemented, "Method Not Allowed", {
    allow,
  });
}

/** Seconds after which a client may try again that was refused for lack of room. */
const retryAfterSeconds = "1";

/** The answer to a request for which there is no room: the connection, or the server, holds too much already. */
export function overloaded(head: RequestHead): UniversalServerResponse {
  const error = new ConnectError(
    "the server, or this connection, has too much to do: try again later",
    Code.Unavailable,
  );
  const answer =
    errorResponse(head, error) ??
    statusResponse(503, Code.Unavailable, error.rawMessage);
  answer.header?.set("retry-after", retryAfterSeconds);
  return answer;
}

/** The answer for a fault of this server. */
export function internalError(head: RequestHead): UniversalServerResponse {
  const error = new ConnectError("internal error", Code.Internal);
  return (
    errorResponse(head, error) ??
    statusResponse(500, Code.Internal, "internal error")
  );
}

/**
 * An error that no method has raised. gRPC's clients look at trailers only, and would report an answer without them as a fault of
 * the transport.
 */
function errorResponse(
  head: RequestHead,
  error: ConnectError,
  connectStatus = codeToHttpStatus(error.code),
): UniversalServerResponse | undefined {
  const { contentType } = head;
  const status = {
    "grpc-status": String(error.code),
    "grpc-message": escapeGrpcMessage(error.rawMessage),
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
      const answer = bytesResponse(200, { "content-type": contentType }, frame);
      return isGrpcWebText(contentType) ? asGrpcWebText(answer) : answer;
    }
    case "connect":
      return bytesResponse(
        connectStatus,
        { "content-type": "application/json" },
        errorToJsonBytes(error, undefined),
      );
    case undefined:
      return undefined;
  }
}
