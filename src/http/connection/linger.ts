import type { Socket } from "node:net";
import type { HttpLimits } from "../limits.ts";

/**
 * Connections of HTTP/1.1 that have had their last answer while the client may still be sending. To close a connection with bytes
 * unread resets it, and the reset may overtake the answer (RFC 9112, §9.6): what comes is taken in and dropped, within bounds.
 */
export class LingeringConnections {
  readonly #limits: Pick<HttpLimits, "drainBytes" | "drainTimeoutMs">;
  /** With the count of bytes at which the patience ends. */
  readonly #bounds = new WeakMap<Socket, number>();

  constructor(limits: Pick<HttpLimits, "drainBytes" | "drainTimeoutMs">) {
    this.#limits = limits;
  }

  /** Says that no more answers come, and destroys the connection when the client has heard that, or the patience ends. */
  begin(socket: Socket): void {
    if (this.#bounds.has(socket)) {
      return;
    }
    this.#bounds.set(socket, socket.bytesRead + this.#limits.drainBytes);
    const destroy = () => {
      socket.destroy();
    };
    const timer = setTimeout(destroy, this.#limits.drainTimeoutMs);
    socket.once("close", () => {
      clearTimeout(timer);
    });
    socket.once("end", destroy);
    socket.end();
  }

  /** Looks at a connection that has sent something; answers whether it is one of these. */
  check(socket: Socket): boolean {
    const bound = this.#bounds.get(socket);
    if (bound === undefined) {
      return false;
    }
    if (socket.bytesRead > bound) {
      socket.destroy();
    }
    return true;
  }
}
