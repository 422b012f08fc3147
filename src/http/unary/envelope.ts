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
 * Whether the first message of a body announces to be longer than `maxBytes`; nothing where too little of the body has come to
 * know.
 */
export function announcesMoreThan(
  maxBytes: number,
  start: Uint8Array,
): boolean | undefined {
  return start.byteLength < envelopeHeaderBytes
    ? undefined
    : lengthOf(start) > maxBytes;
}

/** The message of a body that consists of one message without flags, else nothing. */
export function openEnvelope(body: Uint8Array): Uint8Array | undefined {
  if (body.byteLength < envelopeHeaderBytes || body[0] !== 0) return undefined;
  return lengthOf(body) === body.byteLength - envelopeHeaderBytes
    ? body.subarray(envelopeHeaderBytes)
    : undefined;
}

function lengthOf(start: Uint8Array): number {
  let length = 0;
  for (let i = 1; i < envelopeHeaderBytes; i += 1)
    length = length * 0x100 + (start[i] ?? 0);
  return length;
}
