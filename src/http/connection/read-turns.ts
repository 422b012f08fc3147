import type { ConnectionAccount } from "./budget.ts";

/** From so many streams in one turn of the event loop on, their clients' connections are read in the next one. */
const arrivalsAtOnce = 128;

/** From so many on it is looked when the turn ends: most turns see fewer. */
const noticedArrivals = 16;

/** A connection of HTTP/2. */
export interface Reader {
  readonly account: Pick<ConnectionAccount, "network">;
  stopReading(): void;
  read(): void;
}

/**
 * Bounds how many streams come in one turn of the event loop. All connections that have something to read are read in one turn, and
 * Node takes some 20 µs for each stream before anybody can refuse it: 150 connections with 100 streams each are a third of a second.
 */
export class ReadTurns {
  readonly #readers = new Map<string, Set<Reader>>();
  readonly #stopped = new Set<string>();
  #arrived = 0;

  add(reader: Reader): void {
    const { network } = reader.account;
    const readers = this.#readers.get(network);
    if (readers === undefined) {
      this.#readers.set(network, new Set([reader]));
    } else {
      readers.add(reader);
    }
  }

  delete(reader: Reader): void {
    const { network } = reader.account;
    const readers = this.#readers.get(network);
    readers?.delete(reader);
    if (readers?.size === 0) {
      this.#readers.delete(network);
    }
  }

  /** A stream has come. */
  arrived({ account: { network } }: Reader): void {
    this.#arrived += 1;
    if (this.#arrived === noticedArrivals) {
      setImmediate(() => {
        this.#goOn();
      });
    }
    if (this.#arrived < arrivalsAtOnce || this.#stopped.has(network)) {
      return;
    }
    this.#stopped.add(network);
    for (const reader of this.#readers.get(network) ?? []) {
      reader.stopReading();
    }
  }

  #goOn(): void {
    this.#arrived = 0;
    for (const network of this.#stopped) {
      for (const reader of this.#readers.get(network) ?? []) {
        reader.read();
      }
    }
    this.#stopped.clear();
  }
}
