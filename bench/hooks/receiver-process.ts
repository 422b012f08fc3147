/** A process that receives events as badly as its paths say. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { takeOrders } from "../support/worker.ts";

/** How a receiver responds, by the path of its URL. */
export type Receiver = "third" | "refuses" | "hangs";

/** What it is and has done. */
export interface ReceiverState {
  readonly port: number;
  /** How many requests came, and how many of them were accepted. */
  readonly requests: number;
  readonly accepted: number;
}

const state = { requests: 0, accepted: 0 };

/** Each third time in another way. */
const badWays: readonly ((response: ServerResponse) => void)[] = [
  (response) => response.writeHead(500).end("no"),
  (response) => response.writeHead(429, { "retry-after": "0" }).end(),
  (response) => response.socket?.destroy(),
  (response) => response.socket?.end("this is no HTTP\r\n\r\n"),
];

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    state.requests += 1;
    switch (request.url?.slice(1) as Receiver) {
      case "hangs":
        return;
      case "refuses":
        response.writeHead(503).end();
        return;
      case "third":
        if (state.requests % 3 === 0) {
          badWays[(state.requests / 3) % badWays.length]?.(response);
          return;
        }
    }
    state.accepted += 1;
    response.writeHead(204).end();
  });
}).listen(0, "127.0.0.1");
await once(server, "listening");

takeOrders(async (): Promise<ReceiverState> => {
  const { port } = server.address() as AddressInfo;
  return { port, ...state };
});
