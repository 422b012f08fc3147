import { connect } from "node:net";
import type { PortInput } from "./input.ts";

/** How long a client that waits waits after its last byte, in milliseconds. */
const waitMs = 100;
/** How long a connection may stay open at all. */
const patienceMs = 3000;

/** Writes an input to a port, and returns what came back. Never rejects: connections that are refused or cut are expected. */
export function deliver(
  port: number,
  { chunks, end }: PortInput,
): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const received: Buffer[] = [];
    const over = setTimeout(() => socket.destroy(), patienceMs);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => received.push(chunk));
    socket.on("close", () => {
      clearTimeout(over);
      resolve(Buffer.concat(received));
    });
    const rest = [...chunks];
    const writeNext = () => {
      if (socket.destroyed) {
        return;
      }
      const chunk = rest.shift();
      if (chunk !== undefined) {
        socket.write(chunk, () => setImmediate(writeNext));
        return;
      }
      switch (end) {
        case "fin":
          socket.end();
          break;
        case "reset":
          socket.resetAndDestroy();
          break;
        case "wait":
          setTimeout(() => socket.destroy(), waitMs);
          break;
      }
    };
    socket.once("connect", writeNext);
  });
}
