import type { Socket } from "node:net";

/** First bytes of every HTTP/2 connection with prior knowledge (RFC 9113, §3.4). */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/**
 * Finds out which HTTP version a connection without TLS speaks, from its first bytes, and gives them back to the socket. A socket
 * that closes, or sends too little within the time-out, is destroyed without a decision.
 *
 * @param timeoutMs 0 for no time-out
 */
export function sniff(
  socket: Socket,
  timeoutMs: number,
  decide: (version: 1 | 2) => void,
): void {
  let seen: Buffer = Buffer.alloc(0);
  let decided = false;
  const timer =
    timeoutMs === 0
      ? undefined
      : setTimeout(() => {
          // After sockets were read, which a busy process does late: the bytes may have arrived.
          setImmediate(() => {
            if (!decided) {
              socket.destroy();
            }
          });
        }, timeoutMs);
  const stop = () => {
    clearTimeout(timer);
    socket.off("readable", read);
    socket.off("close", stop);
    socket.off("end", end);
  };
  const end = () => {
    socket.destroy();
  };
  const read = () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      return;
    }
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, preface.length);
    const same = seen.compare(preface, 0, length, 0, length) === 0;
    if (same && length < preface.length) {
      return;
    }
    stop();
    decided = true;
    socket.unshift(seen);
    decide(same ? 2 : 1);
  };
  socket.on("readable", read);
  socket.once("close", stop);
  socket.once("end", end);
}
