import net from "node:net";
import type { AddressInfo, ListenOptions, Socket } from "node:net";
import tls from "node:tls";
import { socketOptions } from "./node-servers.ts";
import { isShared } from "./shared-port.ts";

/**
 * How many sockets accept the connections of a port. libuv accepts one connection of a socket in each turn of the event loop: behind 500
 * connections of a client that opens them at once, others would wait for 500 turns.
 */
const acceptors = 16;

/** How many connections wait to be accepted: the system drops those beyond, and their clients try again after a second. */
const backlog = 4096;

/** How many do at each of several sockets: who is behind them waits for as many turns. */
const sharedBacklog = backlog / acceptors;

/** What a system says that does not share a port between sockets, or not as Node asks for it. */
const unsharedCodes = new Set(["ENOTSUP", "EINVAL", "ENOPROTOOPT", "ENOSYS"]);

/** The sockets that accept connections for one server. */
export class Acceptors {
  readonly #server: net.Server;
  readonly #others: net.Server[] = [];

  /** @param server gets all connections */
  constructor(server: net.Server) {
    this.#server = server;
  }

  /**
   * Listens, on one socket where the system does not share a port between several.
   *
   * @param onBound is told of the address before the first connection is accepted
   * @returns the address that was bound: with port 0 the system has chosen one
   * @throws Error where the address cannot be bound, as `listen` of Node's servers does
   */
  async listen(
    host: string,
    port: number,
    onBound?: (address: AddressInfo) => void,
  ): Promise<AddressInfo> {
    this.#server.once("listening", () => {
      onBound?.(this.#server.address() as AddressInfo);
    });
    if (port !== 0) {
      // The sockets of several processes of one user could share the port: each would get some of the connections.
      await requireFree(host, port);
    }
    try {
      await listen(this.#server, {
        ...{ host, port, backlog: sharedBacklog, reusePort: true },
      });
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (!unsharedCodes.has(code)) {
        throw error;
      }
      await listen(this.#server, { host, port, backlog });
      return this.#server.address() as AddressInfo;
    }
    const bound = this.#server.address() as AddressInfo;
    for (let count = 1; count < acceptors; count += 1) {
      await this.#add(bound);
    }
    if (port !== 0 && (await isShared(bound.port))) {
      this.close();
      throw Object.assign(
        new Error(`another server began to listen on ${host}:${port}, too`),
        { code: "EADDRINUSE" },
      );
    }
    return bound;
  }

  /** Accepts no more connections; those that were accepted stay. */
  close(): void {
    // Not the HTTP server's own `close`, which destroys idle connections at once and switches time-outs of the others off.
    net.Server.prototype.close.call(this.#server);
    for (const other of this.#others) {
      other.close();
    }
  }

  async #add({ address, port }: AddressInfo): Promise<void> {
    const other = net.createServer(
      {
        // As Node's HTTP servers have it: that under TLS says no.
        allowHalfOpen: !(this.#server instanceof tls.Server),
        ...socketOptions,
      },
      (socket: Socket) => {
        // To this one Node's HTTP server tells what is wrong with a connection.
        (socket as { server?: net.Server }).server = this.#server;
        this.#server.emit("connection", socket);
      },
    );
    other.on("error", (error) => this.#server.emit("error", error));
    await listen(other, {
      ...{ host: address, port, backlog: sharedBacklog, reusePort: true },
    });
    this.#others.push(other);
  }
}

async function requireFree(host: string, port: number): Promise<void> {
  const probe = net.createServer((socket) => socket.destroy());
  await listen(probe, { host, port, exclusive: true });
  await new Promise((resolve) => probe.close(resolve));
}

function listen(server: net.Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
