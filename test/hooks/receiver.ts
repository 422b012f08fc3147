import { createServer } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A request that a receiver got. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly message: {
    readonly type: string;
    readonly timestamp: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

/** How a receiver responds: a status, or whatever it does. */
export type Respond = (
  request: Received,
  response: ServerResponse,
  count: number,
) => number | undefined;

/** A receiver of hooks on this machine. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** How it responds from now on. */
  respond: Respond;
  /** Waits until so many requests have come. */
  until(count: number): Promise<readonly Received[]>;
  /** Waits until something is true of what has come. */
  when(isTrue: (received: readonly Received[]) => boolean): Promise<void>;
  close(): Promise<void>;
}

/** Starts a receiver that says 204 to all. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const message = JSON.parse(body) as Received["message"];
      const got = {
        ...{ path: request.url ?? "", headers: request.headers },
        ...{ body, message },
      };
      received.push(got);
      const status = receiver.respond(got, response, received.length);
      if (typeof status === "number") {
        response.writeHead(status).end();
      }
      for (const look of waiting) {
        look();
      }
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const when: Receiver["when"] = (isTrue) =>
    new Promise((resolve) => {
      const look = () => {
        if (isTrue(received)) {
          waiting.delete(look);
          resolve();
        }
      };
      waiting.add(look);
      look();
    });
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}`,
    received,
    respond: () => 204,
    when,
    until: async (count) => {
      await when(() => received.length >= count);
      return received;
    },
    close: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
