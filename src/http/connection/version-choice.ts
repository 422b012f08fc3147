import type http from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { sniff } from "./preface.ts";

/** What {@link VersionChoice} needs of its listener. */
export interface VersionChoiceParts {
  readonly isTls: boolean;
  /** How long a connection may take to say its version without TLS. */
  readonly prefaceTimeoutMs: number;
  /** Admits a new connection, or destroys it and says false. */
  readonly admit: (socket: Socket) => boolean;
  /** Called before the HTTP/1.1 server takes a connection. */
  readonly onHttp1: (socket: Socket) => void;
  readonly onHttp2: (socket: Socket) => void;
}

/**
 * Chooses the HTTP version of each connection, by its first bytes, or by ALPN under TLS, before the HTTP/1.1 server that listens
 * handles it.
 */
export class VersionChoice {
  readonly #parts: VersionChoiceParts;
  readonly #server: http.Server;
  /** What the HTTP/1.1 server itself does with a connection. */
  readonly #serveHttp1: readonly ((socket: Socket) => void)[];
  /** Connections that have not said which version they speak. */
  readonly #undecided = new Set<Socket>();

  constructor(server: http.Server, parts: VersionChoiceParts) {
    const event = parts.isTls ? "secureConnection" : "connection";
    this.#server = server;
    this.#parts = parts;
    this.#serveHttp1 = server.listeners(event) as ((socket: Socket) => void)[];
    server.removeAllListeners(event);
    if (!parts.isTls) {
      server.on("connection", (socket) => {
        if (parts.admit(socket)) {
          this.#sniff(socket);
        }
      });
      return;
    }
    // The TLS server's own listener for raw connections stays.
    server.prependListener("connection", (socket) => {
      parts.admit(socket);
    });
    server.on("secureConnection", (socket: TLSSocket) => {
      socket.on("error", () => undefined);
      this.#serve(socket.alpnProtocol === "h2" ? 2 : 1, socket);
    });
  }

  /** Destroys the connections that have not sent anything. */
  closeIdle(): void {
    for (const socket of this.#undecided) {
      if (socket.bytesRead === 0) {
        socket.destroy();
      }
    }
  }

  #sniff(socket: Socket): void {
    this.#undecided.add(socket);
    socket.once("close", () => {
      this.#undecided.delete(socket);
    });
    sniff(socket, this.#parts.prefaceTimeoutMs, (version) => {
      this.#undecided.delete(socket);
      this.#serve(version, socket);
    });
  }

  #serve(version: 1 | 2, socket: Socket): void {
    if (version === 2) {
      this.#parts.onHttp2(socket);
      return;
    }
    this.#parts.onHttp1(socket);
    for (const listener of this.#serveHttp1) {
      listener.call(this.#server, socket);
    }
  }
}
