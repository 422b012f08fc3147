/** What the processes of peers and those who start them agree on. */
import { once } from "node:events";
import type { Server } from "node:net";
import { env } from "node:process";

/** The environment variable of the token, which every peer compares with the header `authorization`. */
export const tokenVariable = "BENCH_TOKEN";

/** How the calls of a benchmark come. */
export type Protocol = "grpc" | "connect" | "rest";

/** The ports that a peer serves each of its protocols on: it prints them as JSON, in a line of its own. */
export type PeerPorts = Readonly<Partial<Record<Protocol, number>>>;

/** The value of the header `authorization` that a caller has to send. */
export function expectedAuthorization(): string {
  const token = env[tokenVariable];
  if (token === undefined || token === "") {
    throw new Error(`${tokenVariable} is not set`);
  }
  return `Bearer ${token}`;
}

/** Has a server listen, and answers its port. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("a TCP server has a port");
  }
  return address.port;
}

/** Says that the peer serves. */
export function announce(ports: PeerPorts): void {
  process.stdout.write(`${JSON.stringify(ports)}\n`);
}
