import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** A network between a client and a server on this machine, which can fail. */
export interface TcpProxy {
  readonly port: number;
  /** From now on connections lead to another port; those there are end. */
  redirect(port: number): void;
  /** Nothing comes through any more, and nobody is told: what a pulled plug looks like. */
  cut(): void;
  /** It works again, for new connections; those that were cut end. */
  mend(): void;
  close(): Promise<void>;
}

/** Starts a proxy that leads to a port of this machine. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  let port = target;
  let isCut = false;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    if (isCut) {
      return;
    }
    const upstream = connect(port, "127.0.0.1");
    keep(upstream);
    client.on("data", (chunk) => {
      if (!isCut) {
        upstream.write(chunk);
      }
    });
    upstream.on("data", (chunk) => {
      if (!isCut) {
        client.write(chunk);
      }
    });
    client.once("close", () => upstream.destroy());
    upstream.once("close", () => {
      if (!isCut) {
        client.destroy();
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endAll = () => {
    for (const socket of sockets) {
      socket.destroy();
    }
  };
  return {
    port: (server.address() as AddressInfo).port,
    redirect: (to) => {
      port = to;
      endAll();
    },
    cut: () => {
      isCut = true;
    },
    mend: () => {
      isCut = false;
      endAll();
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      endAll();
      await closed;
    },
  };
}
