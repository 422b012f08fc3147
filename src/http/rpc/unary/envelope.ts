import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { compressedFlag } from "@connectrpc/connect/protocol";
import { CompressedMessage } from "./form.ts";

/** Flags (one byte) and length (four bytes, big-endian) before each message of gRPC and gRPC-Web. */
export const envelopeHeaderBytes = 5;

/** A message with its flags and length, in one piece of memory. */
export function envelope(flags: number, message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(envelopeHeaderBytes + message.byteLength);
  bytes[0] = flags;
  bytes.writeUInt32BE(message.byteLength, 1);
  bytes.set(message, envelopeHeaderBytes);
  return bytes;
}

/**
 * The message of a body that consists of one.
 *
 * @param maxBytes of the message, as it came
 * @param compression of the message, where its flags say that it is compressed
 * @throws ConnectError with the code that gRPC's implementations have for it
 */
export function openEnvelope(
  body: Uint8Array,
  maxBytes: number,
  compression: Compression | undefined,
): Uint8Array | CompressedMessage {
  if (body.byteLength === 0) {
    throw new ConnectError("there is no message", Code.Unimplemented);
  }
  checkAnnounced(body, maxBytes);
  const length = announcedLength(body);
  const message = body.subarray(envelopeHeaderBytes);
  if (length === undefined || length > message.byteLength) {
    throw new ConnectError("the message is cut off", Code.InvalidArgument);
  }
  if (length < message.byteLength) {
    throw new ConnectError(
      "there is more than one message, for a method that takes one",
      Code.Unimplemented,
    );
  }
  if (((body[0] ?? 0) & compressedFlag) === 0) {
    return message;
  }
  if (compression === undefined) {
    throw new ConnectError(
      "the message is compressed, and no header says how",
      Code.Internal,
    );
  }
  return new CompressedMessage(compression, message);
}

/** @throws ConnectError where a body begins with a message that is longer than allowed */
export function checkAnnounced(start: Uint8Array, maxBytes: number): void {
  const length = announcedLength(start);
  if (length !== undefined && length > maxBytes) {
    throw messageTooLarge(maxBytes);
  }
}

/** The error for a message over the limit. */
export function messageTooLarge(maxBytes: number): ConnectError {
  return new ConnectError(
    `the message is larger than ${maxBytes} bytes`,
    Code.ResourceExhausted,
  );
}

function announcedLength(body: Uint8Array): number | undefined {
  if (body.byteLength < envelopeHeaderBytes) {
    return undefined;
  }
  let length = 0;
  for (let i = 1; i < envelopeHeaderBytes; i += 1) {
    length = length * 0x100 + (body[i] ?? 0);
  }
  return length;
}
