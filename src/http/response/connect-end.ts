import { ConnectError } from "@connectrpc/connect";
import {
  endStreamFlag,
  endStreamFromJson,
} from "@connectrpc/connect/protocol-connect";

const compressedFlag = 1;
/** One byte of flags, four of the length. */
const prefixBytes = 5;

/** The error in a piece of a response stream of Connect, where it is its last message, and has one. */
export function connectEndError(piece: Uint8Array): ConnectError | undefined {
  const [flags = 0] = piece;
  // A compressed one is longer than any of ours.
  if ((flags & endStreamFlag) === 0 || (flags & compressedFlag) !== 0) {
    return undefined;
  }
  try {
    return endStreamFromJson(piece.subarray(prefixBytes)).error;
  } catch (error) {
    return ConnectError.from(error);
  }
}
