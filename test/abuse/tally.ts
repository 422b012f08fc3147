import type { Socket } from "node:net";

/** What an attack cost the attacker, and how its connections ended. */
export interface TallyResult {
  readonly sentBytes: number;
  readonly ends: readonly (readonly [end: string, count: number])[];
}

/** Counts over all connections of an attack. */
export class Tally {
  readonly #sockets = new Set<Socket>();
  readonly #ends = new Map<string, number>();
  #sentBytes = 0;

  /** Counts a connection from now on. Its errors are ends. */
  watch(socket: Socket): void {
    this.#sockets.add(socket);
    let end = "closed";
    socket.on("error", (error: NodeJS.ErrnoException) => {
      end = error.code ?? error.message;
    });
    socket.once("close", () => {
      this.#sentBytes += socket.bytesWritten;
      if (this.#sockets.delete(socket)) {
        this.count(end);
      }
    });
  }

  /** Counts bytes that went over a connection that is not watched. */
  send(bytes: number): void {
    this.#sentBytes += bytes;
  }

  /** Counts one end, or something else that the server said. */
  count(end: string): void {
    this.#ends.set(end, (this.#ends.get(end) ?? 0) + 1);
  }

  /** Closes what is open, and says what was counted. */
  close(): TallyResult {
    for (const socket of this.#sockets) {
      this.#sentBytes += socket.bytesWritten;
      this.#sockets.delete(socket);
      this.count("open");
      socket.destroy();
    }
    const ends = [...this.#ends].sort(([, one], [, other]) => other - one);
    return { sentBytes: this.#sentBytes, ends };
  }
}
