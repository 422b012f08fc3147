/** The few parts of HTTP/2 (RFC 9113) that a client of unary gRPC calls needs. */

export const frameHeaderLength = 9;

export const frameTypes = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;

export const flags = {
  ack: 1,
  endStream: 1,
  endHeaders: 4,
  padded: 8,
} as const;

export const clientPreface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(
  type: number,
  flag: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(0),
): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeaderLength + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flag;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, frameHeaderLength);
  return bytes;
}

/** Hands on each whole frame, and returns what is left of the bytes. */
export function readFrames(
  bytes: Buffer,
  onFrame: (frame: Frame) => void,
): Buffer {
  let at = 0;
  while (bytes.length - at >= frameHeaderLength) {
    const end = at + frameHeaderLength + bytes.readUIntBE(at, 3);
    if (bytes.length < end) {
      break;
    }
    onFrame({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      stream: bytes.readUInt32BE(at + 5) & 0x7fffffff,
      payload: bytes.subarray(at + frameHeaderLength, end),
    });
    at = end;
  }
  return bytes.subarray(at);
}
