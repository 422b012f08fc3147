import { Code, ConnectError } from "@connectrpc/connect";
import { Readable } from "node:stream";
import type { BodyCollector, BodyLimit } from "./body-collector.ts";
import { drainInTurn } from "./drain-turns.ts";
import { Pieces } from "./pieces.ts";

/**
 * The property in which a stream has its body. V8 may keep a closed stream until its next full garbage collection, and with it all that
 * its listeners hold: so all streams share the same listeners, which hold nothing.
 */
const bodyKey = Symbol("body");

interface BodyStream extends Readable {
  [bodyKey]?: RequestBody | undefined;
}

/** How long {@link RequestBody} waits for the client, in milliseconds; 0 for no time-out. */
export interface BodyTimeouts {
  /** For the complete body. */
  readonly totalMs: number;
  /** For the next piece. */
  readonly idleMs: number;
}

/** Whose body it is. */
export interface BodyOwner {
  /** When the request began, by `performance.now()`. */
  readonly startedAt: number;
  /** Keeps account of bytes that wait in memory to be read; negative once they are. */
  hold(bytes: number): void;
  /** Counts a piece that is very small; false where the connection has sent too many of them, and ends. */
  takeSmallPiece(): boolean;
}

/** A piece below this size, in bytes, is counted as small: each piece costs the same, however little it holds. */
const smallPieceBytes = 32;

/** So many small pieces of each body are not counted: gRPC clients may send the prefix of a message and the message separately. */
const freePieces = 4;

/** Measured memory for each byte that waits in a stream: Node keeps the bytes in buffers that are larger than they need to be. */
const costOfUnreadByte = 2;

interface Waiter {
  resolve(result: IteratorResult<Uint8Array>): void;
  reject(reason: unknown): void;
}

const done: IteratorResult<Uint8Array> = { done: true, value: undefined };

/**
 * The body of a request, read on demand. Unlike the iterator of a Node stream it never destroys the stream when its reader stops
 * early (on HTTP/1.1 that would reset the connection before the client reads the response). The rest can be drained within bounds.
 */
export class RequestBody implements AsyncIterableIterator<Uint8Array> {
  /** Bytes received so far. */
  received = 0;
  /** How long the reader waits; set by the route. */
  timeouts: BodyTimeouts = { totalMs: 0, idleMs: 0 };
  /** Called once, before the first piece is awaited: sends `100 Continue` where the client expects it. */
  onFirstRead: (() => void) | undefined;

  readonly #stream: BodyStream;
  readonly #owner: BodyOwner;
  readonly #pieces = new Pieces();
  #count = 0;
  /** Bytes that waited in the stream when it was last checked. */
  #unread = 0;
  #state: "open" | "ended" | "failed" = "open";
  /** Undefined where the client went away: most such bodies have no reader, and an error is costly. */
  #failure: unknown;
  #listening = false;
  #waiter: Waiter | undefined;
  #waitingSince = 0;
  #collector: BodyCollector | undefined;
  #limit: BodyLimit | undefined;
  #collectedBytes = 0;
  #drain: { bytes: number; over(complete: boolean): void } | undefined;

  /**
   * @param stream whose owner calls {@link gone} when it is closed
   * @param empty whether the header already says that no body follows
   */
  constructor(stream: BodyStream, owner: BodyOwner, empty: boolean) {
    this.#stream = stream;
    this.#owner = owner;
    if (empty) {
      this.#state = "ended";
    } else {
      stream[bodyKey] = this;
      stream.push = RequestBody.#onPush;
    }
  }

  /** Whether the client has sent all of it. */
  get complete(): boolean {
    return this.#state === "ended" || this.#stream.readableEnded;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const chunk = this.#pieces.shift();
    if (chunk !== undefined) {
      this.#handOver(chunk);
      if (this.#state === "open") {
        this.#stream.resume();
      }
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#state === "failed") {
      // Passed on unchanged: the protocol handlers choose the status by the kind of error.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      return Promise.reject(this.#reason());
    }
    if (this.#state === "ended" || this.#drain !== undefined) {
      return Promise.resolve(done);
    }
    if (this.#waiter !== undefined) {
      return Promise.reject(new Error("the body has one reader at a time"));
    }
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#waitingSince = performance.now();
      this.#resume();
    });
  }

  /** Reads the complete body, without a promise for each piece. */
  collect(limit: BodyLimit, collector: BodyCollector): void {
    if (this.#state === "failed") {
      collector.failed(this.#reason());
      return;
    }
    this.#collector = collector;
    this.#limit = limit;
    if (this.#state === "ended") {
      this.#collected();
      return;
    }
    this.#waitingSince = performance.now();
    this.#resume();
  }

  /** The reader stops early. The rest stays where it is, until {@link drain}. */
  return(): Promise<IteratorResult<Uint8Array>> {
    return Promise.resolve(done);
  }

  /** Ends the reading with an error: the reader gets it with its next piece, or now if it waits for one. */
  fail(reason: unknown): void {
    if (this.#state === "ended" || this.#state === "failed") {
      return;
    }
    this.#state = "failed";
    this.#failure = reason;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.reject(reason);
    const collector = this.#collector;
    this.#collector = undefined;
    collector?.failed(reason);
  }

  /** Fails the reading when the client sends too slowly. */
  check(now: number): void {
    this.#countUnread();
    if (this.#waiter === undefined && this.#collector === undefined) {
      return;
    }
    const { totalMs, idleMs } = this.timeouts;
    if (totalMs > 0 && now - this.#owner.startedAt > totalMs) {
      this.#giveUp("the request body", totalMs);
    } else if (idleMs > 0 && now - this.#waitingSince > idleMs) {
      this.#giveUp("the next part of the request body", idleMs);
    }
  }

  /** Counts what waits in the stream: while nobody reads, it buffers as much as its window allows, without an event. */
  #countUnread(): void {
    const unread = this.#stream.readableLength;
    this.#owner.hold(costOfUnreadByte * (unread - this.#unread));
    this.#unread = unread;
  }

  /**
   * Reads and drops what the client still sends, so that a client that writes its request before it reads gets to its response.
   *
   * @returns whether the body came to its end within the bounds
   */
  drain(maxBytes: number, timeoutMs: number): Promise<boolean> {
    this.#pieces.clear();
    this.#collector = undefined;
    if (this.complete) {
      return Promise.resolve(true);
    }
    if (this.#stream.destroyed) {
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#drain?.over(false), timeoutMs);
      this.#drain = {
        bytes: maxBytes,
        over: (complete) => {
          clearTimeout(timer);
          resolve(complete);
        },
      };
      this.#waiter?.resolve(done);
      this.#waiter = undefined;
      this.#resume();
    });
  }

  #resume(): void {
    if (this.#listening) {
      this.#stream.resume();
      return;
    }
    this.#listening = true;
    this.#count = 0;
    if (this.#drain === undefined) {
      this.onFirstRead?.();
    }
    this.#stream.on("data", RequestBody.#onData);
    this.#stream.on("end", RequestBody.#onEnd);
    // An empty body may have ended, and a client may have left, before anybody listened.
    if (this.#stream.readableEnded) {
      this.#end();
    } else if (this.#stream.destroyed) {
      this.gone();
    }
  }

  static #onData(this: BodyStream, chunk: Uint8Array): void {
    const body = this[bodyKey];
    if (body !== undefined) {
      body.#take(chunk);
    }
  }

  static #onEnd(this: BodyStream): void {
    const body = this[bodyKey];
    if (body !== undefined) {
      body.#end();
    }
  }

  #end(): void {
    if (this.#state === "open") {
      this.#state = "ended";
    }
    this.#drain?.over(true);
    this.#waiter?.resolve(done);
    this.#waiter = undefined;
    this.#collected();
  }

  #collected(): void {
    const collector = this.#collector;
    if (collector === undefined) {
      return;
    }
    this.#collector = undefined;
    const body = this.#pieces.joined;
    this.#pieces.clear();
    collector.complete(body);
  }

  #collect(chunk: Uint8Array, collector: BodyCollector): void {
    this.#pieces.add(chunk);
    const before = this.#collectedBytes;
    this.#collectedBytes += chunk.byteLength;
    try {
      this.#checkLimit(before, this.#collectedBytes);
    } catch (reason) {
      this.#collector = undefined;
      this.#stream.pause();
      collector.failed(reason);
    }
  }

  #checkLimit(before: number, now: number): void {
    const limit = this.#limit;
    if (limit === undefined) {
      return;
    }
    if (now > limit.maxBytes) {
      throw limit.tooLong();
    }
    const { start } = limit;
    if (start === undefined || before >= start.bytes || now < start.bytes) {
      return;
    }
    start.check(this.#pieces.joined);
  }

  /** The stream is closed: what has not come by now never will. */
  gone(): void {
    this.#stream[bodyKey] = undefined;
    this.#drain?.over(false);
    if (this.#state !== "open") {
      return;
    }
    if (this.#waiter === undefined && this.#collector === undefined) {
      this.#state = "failed";
    } else {
      this.fail(this.#reason());
    }
  }

  #reason(): unknown {
    this.#failure ??= new ConnectError(
      "the client went away before its request was complete",
      Code.Canceled,
    );
    return this.#failure;
  }

  /**
   * Counts pieces until somebody reads, since Node keeps each of them. All streams have it from the start: to give it to some, and take it
   * away, would cost every request more, since V8 optimises for streams that are alike.
   */
  static #onPush(this: BodyStream, chunk: Uint8Array | null): boolean {
    const body = this[bodyKey];
    const isKept = chunk === null || body === undefined || body.#mayWait(chunk);
    return isKept && Readable.prototype.push.call(this, chunk);
  }

  /** Counts a piece that waits for somebody to read; false where it is not kept. */
  #mayWait(chunk: Uint8Array): boolean {
    return this.#listening || this.#countPiece(chunk);
  }

  /** Counts a piece; false where there are too many small ones, and the stream is destroyed. */
  #countPiece(chunk: Uint8Array): boolean {
    this.#count++;
    const isSmall = chunk.byteLength < smallPieceBytes;
    if (isSmall && this.#count > freePieces && !this.#owner.takeSmallPiece()) {
      // Node parses all that it has read from the connection in any case: for a destroyed stream that is cheapest.
      this.#stream.destroy();
      return false;
    }
    return true;
  }

  #take(chunk: Uint8Array): void {
    this.received += chunk.byteLength;
    if (!this.#countPiece(chunk)) {
      return;
    }
    if (this.#drain !== undefined) {
      this.#drain.bytes -= chunk.byteLength;
      if (this.#drain.bytes < 0) {
        this.#drain.over(false);
      }
      this.#stream.pause();
      drainInTurn(() => this.#stream.resume());
      return;
    }
    this.#owner.hold(chunk.byteLength);
    if (this.#collector !== undefined) {
      this.#collect(chunk, this.#collector);
      return;
    }
    const waiter = this.#waiter;
    if (waiter === undefined) {
      this.#pieces.add(chunk);
      this.#stream.pause();
      return;
    }
    this.#waiter = undefined;
    this.#handOver(chunk);
    waiter.resolve({ done: false, value: chunk });
    // The next piece is asked for: what is not read stays with the client.
    this.#stream.pause();
  }

  /** The bytes of a unary body stay in memory until its call ends; of a stream only the last message does. */
  #handOver(chunk: Uint8Array): void {
    if (this.timeouts.idleMs > 0) {
      this.#owner.hold(-chunk.byteLength);
    }
  }

  #giveUp(what: string, ms: number): void {
    this.fail(
      new ConnectError(
        `${what} did not arrive within ${ms} ms`,
        Code.DeadlineExceeded,
      ),
    );
  }
}
