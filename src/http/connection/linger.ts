import type { Socket } from "node:net";
import type { HttpLimits } from "../limits.ts";

/**
 * HTTP/1.1 connections that got their last response while the client may still be sending. Closing a connection with unread bytes
 * resets it, and the reset may overtake the response (RFC 9112, §9.6). So what still arrives is read and dropped, within bounds.
 */
export class LingeringConnections {
  readonly #limits: Pick<HttpLimits, "drainBytes" | "drainTimeoutMs">;
  /** The number of bytes read at which each connection is destroyed. */
  readonly #bounds = new WeakMap<Socket, number>();

  constructor(limits: Pick<HttpLimits, "drainBytes" | "drainTimeoutMs">) {
    this.#limits = limits;
  }

  /** Ends the sending side of a connection, and destroys it when the client ends its own side, or after the bounds. */
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

  /** Checks the bounds of a connection that has sent something; returns whether it is one of these. */
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
