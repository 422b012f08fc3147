import type http from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { BeginTurns } from "./budget/begin-turns.ts";
import { networkOf } from "./budget/connection-count.ts";
import { sniff } from "./preface.ts";
import { startReading, stopReading } from "./budget/reading.ts";

/** A new connection counts for so many requests: it is read, and gets a parser. */
const connectionWeight = 2;

/** A new connection under TLS does: a handshake takes a millisecond or two. */
const handshakeWeight = 16;

/** What {@link VersionChoice} needs of its listener. */
export interface VersionChoiceParts {
  readonly isTls: boolean;
  /** How long a connection may take to say its version without TLS. */
  readonly prefaceTimeoutMs: number;
  /** Admits a new connection, or destroys it and says false. */
  readonly admit: (socket: Socket) => boolean;
  readonly turns: BeginTurns;
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
  readonly #serveHttp1: readonly OnConnection[];
  /** Connections that have not said which version they speak, and those under TLS. */
  readonly #undecided = new Set<Socket>();

  constructor(server: http.Server, parts: VersionChoiceParts) {
    this.#server = server;
    this.#parts = parts;
    if (!parts.isTls) {
      this.#serveHttp1 = takeListeners(server, "connection");
      this.#takeInTurn(connectionWeight, (socket) => {
        this.#sniff(socket);
      });
      return;
    }
    this.#serveHttp1 = takeListeners(server, "secureConnection");
    const shakeHands = takeListeners(server, "connection");
    this.#takeInTurn(handshakeWeight, (socket) => {
      callAll(shakeHands, server, socket);
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

  /** Begins with each new connection when it is its network's turn, and reads nothing of it until then. */
  #takeInTurn(weight: number, begin: (socket: Socket) => void): void {
    const { admit, turns } = this.#parts;
    this.#server.on("connection", (socket) => {
      if (!admit(socket)) {
        return;
      }
      this.#undecided.add(socket);
      socket.once("close", () => {
        this.#undecided.delete(socket);
      });
      const network = networkOf(socket.remoteAddress ?? "");
      const hasBegun = turns.begin(network, weight, () => {
        startReading(socket);
        // Its client may have left while it waited.
        if (!socket.destroyed) {
          begin(socket);
        }
      });
      if (!hasBegun) {
        stopReading(socket);
      }
    });
  }

  #sniff(socket: Socket): void {
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
    callAll(this.#serveHttp1, this.#server, socket);
  }
}

type OnConnection = (socket: Socket) => void;

/** Takes away what a server itself does with a connection. */
function takeListeners(
  server: http.Server,
  event: "connection" | "secureConnection",
): readonly OnConnection[] {
  const listeners = server.listeners(event) as OnConnection[];
  server.removeAllListeners(event);
  return listeners;
}

function callAll(
  listeners: readonly OnConnection[],
  server: http.Server,
  socket: Socket,
): void {
  for (const listener of listeners) {
    listener.call(server, socket);
  }
}
