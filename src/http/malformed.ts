import { Code } from "@connectrpc/connect";
import type { Socket } from "node:net";
import { STATUS_CODES } from "node:http";
import type { HttpLimits } from "./limits.ts";

interface ParserError extends NodeJS.ErrnoException {
  /** The bytes that the parser stumbled over. */
  readonly rawPacket?: Buffer;
}

/**
 * Answers bytes that are no request, and closes the connection.
 *
 * @returns the status, or nothing where no answer could be given
 */
export function refuseBytes(
  socket: Socket,
  error: ParserError,
  limits: HttpLimits,
): number | undefined {
  // A reset, or a failed TLS handshake: nobody is there to read an answer.
  if (
    !socket.writable ||
    error.code === "ECONNRESET" ||
    !isHttpError(error.code)
  ) {
    socket.destroy();
    return undefined;
  }
  const { status, message } = describe(error, limits);
  const body = JSON.stringify({
    code: status === 405 ? Code.Unimplemented : Code.InvalidArgument,
    message,
  });
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
      "connection: close",
      "cache-control: no-store",
      "content-type: application/json",
      `content-length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n"),
    () => socket.destroy(),
  );
  return status;
}

function isHttpError(code: string | undefined): boolean {
  return (
    code === "CONNECT" ||
    code === "ERR_HTTP_REQUEST_TIMEOUT" ||
    code?.startsWith("HPE_") === true
  );
}

function describe(
  error: ParserError,
  limits: HttpLimits,
): { readonly status: number; readonly message: string } {
  switch (error.code) {
    case "CONNECT":
      return { status: 405, message: "Method Not Allowed" };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return {
        status: 408,
        message: "The header of the request did not arrive in time",
      };
    case "HPE_HEADER_OVERFLOW":
      return hasLongTarget(error.rawPacket, limits.maxTargetBytes)
        ? {
            status: 414,
            message: `The request target is longer than ${limits.maxTargetBytes} bytes`,
          }
        : {
            status: 431,
            message: `The header is larger than ${limits.maxHeaderBytes} bytes`,
          };
    default:
      return {
        status: 400,
        message: "The request is not HTTP/1.1, nor HTTP/2 with prior knowledge",
      };
  }
}

/** The parser does not say which part of the header is too large. */
function hasLongTarget(
  packet: Buffer | undefined,
  maxTargetBytes: number,
): boolean {
  const start = packet?.indexOf(" ") ?? -1;
  if (packet === undefined || start < 0 || start > 16) return false;
  const end = packet.indexOf(" ", start + 1);
  return (end < 0 ? packet.length : end) - start - 1 > maxTargetBytes;
}
