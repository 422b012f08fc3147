import { Code } from "@connectrpc/connect";
import type { Socket } from "node:net";
import { STATUS_CODES } from "node:http";
import type { HttpLimits } from "../limits.ts";

/** How much of a request line is examined, in bytes. */
const longestLine = 16 * 1024;

const notHttp = {
  status: 400,
  message: "The request is not HTTP/1.1, nor HTTP/2 with prior knowledge",
};

const malformedField =
  "A header field is malformed: it is a name without blanks, a colon, and a value on one line that ends with CR LF";

/** What is wrong with a request that the parser did not take, by its codes. */
const malformedParts: Readonly<Record<string, string>> = {
  HPE_INVALID_HEADER_TOKEN: malformedField,
  HPE_UNEXPECTED_SPACE: malformedField,
  HPE_CR_EXPECTED: malformedField,
  HPE_LF_EXPECTED: malformedField,
  HPE_INVALID_CONTENT_LENGTH:
    "Content-Length is no number, or is too large a one",
  HPE_UNEXPECTED_CONTENT_LENGTH:
    "Content-Length is given more than once, or beside Transfer-Encoding",
  HPE_INVALID_TRANSFER_ENCODING:
    "Transfer-Encoding is given beside Content-Length, or does not end with chunked",
  HPE_INVALID_URL:
    "The request target holds characters that have to be percent-encoded",
};

interface ParserError extends NodeJS.ErrnoException {
  /** The bytes at which the parser failed. */
  readonly rawPacket?: Buffer;
}

/**
 * Responds to bytes that are not a request.
 *
 * @returns the status; undefined where no response could be sent, and the connection is closed
 */
export function refuseBytes(
  socket: Socket,
  error: ParserError,
  limits: HttpLimits,
): number | undefined {
  // A reset, or a failed TLS handshake: nobody would read a response.
  if (!socket.writable || error.code === "ECONNRESET" || !isHttpError(error)) {
    socket.destroy();
    return undefined;
  }
  const { status, message } = describe(error, limits);
  const body = JSON.stringify({
    code:
      status === 405 || status === 501 || status === 505
        ? Code.Unimplemented
        : Code.InvalidArgument,
    message,
  });
  socket.write(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
      "connection: close",
      "cache-control: no-store",
      "content-type: application/json",
      `content-length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n"),
  );
  return status;
}

/** Requests that the parser accepts, but that are not served: their error. */
type Refused = "CONNECT" | "VERSION";

/** The error of such a request, as if the parser had not taken it. */
export function refusedFor(code: Refused): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

/** Whether an error of a connection is about what the client sent, rather than about the connection. */
export function isHttpError({ code }: NodeJS.ErrnoException): boolean {
  return (
    code === "CONNECT" ||
    code === "VERSION" ||
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
    case "VERSION":
      return {
        status: 505,
        message:
          "The version of HTTP is none of 1.0, 1.1, and 2 with prior knowledge",
      };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return {
        status: 408,
        message: "The header of the request did not arrive in time",
      };
    case "HPE_INVALID_METHOD":
      return isRequestLine(error.rawPacket)
        ? { status: 501, message: "The method is not known" }
        : notHttp;
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
    default: {
      const message = malformedParts[error.code ?? ""];
      return message === undefined ? notHttp : { status: 400, message };
    }
  }
}

/** A line that is well-formed but for its method: RFC 9110 section 9.1 has a status for methods that are not known. */
function isRequestLine(packet: Buffer | undefined): boolean {
  const start = packet?.toString("latin1", 0, longestLine) ?? "";
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [!-~]+ HTTP\/1\.[01]\r\n/.test(start);
}

/** The parser does not say which part of the header is too large. */
function hasLongTarget(
  packet: Buffer | undefined,
  maxTargetBytes: number,
): boolean {
  const start = packet?.indexOf(" ") ?? -1;
  if (packet === undefined || start < 0 || start > 16) {
    return false;
  }
  const end = packet.indexOf(" ", start + 1);
  return (end < 0 ? packet.length : end) - start - 1 > maxTargetBytes;
}
