import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Target } from "../attack.ts";
import type { Tally } from "../tally.ts";

/** Opens a connection that is counted; resolves when it is open, or closed again. */
export async function open(
  { port }: Pick<Target, "port">,
  tally: Tally,
  localAddress = "127.0.0.1",
): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, localAddress });
  tally.watch(socket);
  await Promise.race([once(socket, "connect"), once(socket, "close")]).catch(
    () => undefined,
  );
  return socket;
}

/** A connection of which nothing is read. */
export async function openUnread(
  target: Pick<Target, "port">,
  tally: Tally,
): Promise<Socket> {
  const socket = await open(target, tally);
  return socket.pause();
}

/** A connection whose responses are thrown away, after their statuses were counted. */
export async function openRead(
  target: Pick<Target, "port">,
  tally: Tally,
): Promise<Socket> {
  const socket = await open(target, tally);
  socket.on("data", (chunk: Buffer) => {
    for (const [, status] of chunk
      .toString("latin1")
      .matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
      tally.count(`${status}`);
    }
  });
  return socket;
}

/** The bytes of a request. */
export function request(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body: Uint8Array = Buffer.alloc(0),
): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    "host: localhost",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body.length > 0 ? [`content-length: ${body.length}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), body]);
}

/** The headers of a call with a token. */
export function bearer(
  token: string,
  type = "application/json",
): Record<string, string> {
  return { authorization: `Bearer ${token}`, "content-type": type };
}

/** Reads what was left unread for a moment, to see how the server ends connections. */
export async function readAtLast(sockets: readonly Socket[]): Promise<void> {
  for (const socket of sockets) {
    socket.on("data", () => undefined).resume();
  }
  await delay(300);
}
