import { setTimeout as delay } from "node:timers/promises";
import type { Socket } from "node:net";
import type { Target } from "../attack.ts";

/** Until when an attack lasts. */
export class Span {
  readonly #end: number;

  constructor({ seconds }: Pick<Target, "seconds">) {
    this.#end = performance.now() + seconds * 1000;
  }

  get over(): boolean {
    return performance.now() >= this.#end;
  }

  get leftMs(): number {
    return Math.max(0, this.#end - performance.now());
  }

  /** Waits until the span is over. */
  async rest(): Promise<void> {
    await delay(this.leftMs);
  }
}

/** Writes, and waits until there is room for more. False when the connection is closed, or has no room until the end of the span. */
export async function send(
  socket: Socket,
  bytes: Uint8Array,
  span: Span,
): Promise<boolean> {
  if (!socket.writable) {
    return false;
  }
  if (socket.write(bytes)) {
    return true;
  }
  return new Promise((resolve) => {
    const settle = (goesOn: boolean) => {
      clearTimeout(timer);
      socket.off("drain", onDrain).off("close", onClose);
      resolve(goesOn);
    };
    const onDrain = () => {
      settle(!span.over);
    };
    const onClose = () => {
      settle(false);
    };
    const timer = setTimeout(onClose, span.leftMs);
    socket.on("drain", onDrain).on("close", onClose);
  });
}

/** Writes the same again and again, until the span is over or the connection is closed. */
export async function flood(
  socket: Socket,
  next: () => Uint8Array,
  span: Span,
): Promise<void> {
  while (!span.over && (await send(socket, next(), span))) {
    // What comes back has a turn.
    await new Promise(setImmediate);
  }
}

/** Does something so many times at once. */
export async function atOnce<T>(
  count: number,
  run: (index: number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => run(index)));
}
