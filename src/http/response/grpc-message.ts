import type { ConnectError } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import {
  headerGrpcMessage,
  setTrailerStatus,
} from "@connectrpc/connect/protocol-grpc";
import {
  trailerFlag,
  trailerParse,
  trailerSerialize,
} from "@connectrpc/connect/protocol-grpc-web";

/** Flags and length before the content of a frame. */
const frameHeaderBytes = 5;

const escaped = /[^ -$&-~]|^ | $/gu;

/**
 * A message as `grpc-message` has it: 0x20 to 0x7E but `%` as they are, all else as the escaped bytes of its UTF-8. Connect escapes
 * blanks, too, which some clients show. At either end a blank stays escaped: HTTP forbids it there.
 */
export function escapeGrpcMessage(message: string): string {
  return message.toWellFormed().replace(escaped, encodeURIComponent);
}

/** Writes an error into the trailers of a call. */
export function setGrpcStatus(trailer: Headers, error: ConnectError): void {
  setTrailerStatus(trailer, error);
  trailer.set(headerGrpcMessage, escapeGrpcMessage(error.rawMessage));
}

/** Writes a message that Connect has escaped in the way of {@link escapeGrpcMessage}. */
export function unescapeBlanks(trailer: Headers): void {
  const message = trailer.get(headerGrpcMessage);
  if (message?.includes("%") === true) {
    trailer.set(
      headerGrpcMessage,
      escapeGrpcMessage(decodeURIComponent(message)),
    );
  }
}

/** The same for a frame of gRPC-Web, if it is that of the trailers. A compressed one stays as Connect has written it. */
export function unescapeBlanksOfFrame(frame: Uint8Array): Uint8Array {
  if (frame[0] !== trailerFlag) {
    return frame;
  }
  const trailer = trailerParse(frame.subarray(frameHeaderBytes));
  unescapeBlanks(trailer);
  return encodeEnvelope(trailerFlag, trailerSerialize(trailer));
}
