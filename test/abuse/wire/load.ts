import type { Target } from "../attack.ts";
import type { Tally } from "../tally.ts";
import { openRead } from "./http1.ts";
import { atOnce, flood, Span } from "./pace.ts";

/** Sends a request on each of so many connections, again when the response to the last one begins. */
export async function repeat(
  target: Target,
  tally: Tally,
  connections: number,
  asked: (connection: number) => Buffer,
): Promise<undefined> {
  const span = new Span(target);
  await atOnce(connections, async (index) => {
    const socket = await openRead(target, tally);
    const one = asked(index);
    socket.on("data", (chunk: Buffer) => {
      const begins = chunk.subarray(0, 9).toString() === "HTTP/1.1 ";
      if (begins && !span.over && socket.writable) {
        socket.write(one);
      }
    });
    socket.write(one);
  });
  await span.rest();
}

/** Sends the same without waiting for responses, on connections that are opened anew. */
export async function floodAll(
  target: Target,
  tally: Tally,
  connections: number,
  next: () => Buffer,
): Promise<undefined> {
  const span = new Span(target);
  await atOnce(connections, async () => {
    while (!span.over) {
      const socket = await openRead(target, tally);
      await flood(socket, next, span);
    }
  });
}

/** Sends a request on each of so many connections, and reads nothing. */
export async function leaveUnread(
  target: Target,
  tally: Tally,
  connections: number,
  asked: (connection: number) => Buffer,
): Promise<undefined> {
  const span = new Span(target);
  await atOnce(connections, async (index) => {
    const socket = await openRead(target, tally);
    socket.pause().write(asked(index));
  });
  await span.rest();
}

/** A body of JSON. */
export const json = (body: unknown) => Buffer.from(JSON.stringify(body));
