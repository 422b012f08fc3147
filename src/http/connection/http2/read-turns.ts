import type { ConnectionAccount } from "../budget/budget.ts";

/** From so many streams in one turn of the event loop on, their clients' connections are read in the next one. */
const streamsAtOnce = 128;

/** From so many on it is looked when the turn ends: most turns see fewer. */
const noticedStreams = 16;

/** A connection of HTTP/2. */
export interface Reader {
  readonly account: Pick<ConnectionAccount, "network">;
  stopReading(): void;
  read(): void;
}

/**
 * Bounds how many streams come and end in one turn of the event loop. All connections that have something to read are read in one turn, and
 * Node takes some 20 µs for each stream before anybody can refuse it, and when its connection ends: 150 connections with 100 streams each
 * are a third of a second.
 */
export class ReadTurns {
  readonly #readers = new Map<string, Set<Reader>>();
  readonly #stopped = new Set<string>();
  #streams = 0;

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

  /** Streams have come, or end with their connection, which takes as long. */
  count({ account: { network } }: Reader, streams: number): void {
    const before = this.#streams;
    this.#streams += streams;
    if (before < noticedStreams && this.#streams >= noticedStreams) {
      setImmediate(() => {
        this.#goOn();
      });
    }
    if (this.#streams < streamsAtOnce || this.#stopped.has(network)) {
      return;
    }
    this.#stopped.add(network);
    for (const reader of this.#readers.get(network) ?? []) {
      reader.stopReading();
    }
  }

  #goOn(): void {
    this.#streams = 0;
    for (const network of this.#stopped) {
      for (const reader of this.#readers.get(network) ?? []) {
        reader.read();
      }
    }
    this.#stopped.clear();
  }
}
