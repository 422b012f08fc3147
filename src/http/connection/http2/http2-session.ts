import { constants } from "node:http2";
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { ConnectionAge } from "../exchange/age.ts";
import type { Beginner, BeginTurns } from "../budget/begin-turns.ts";
import { waitingBytes } from "../budget/budget.ts";
import type { ConnectionAccount } from "../budget/budget.ts";
import { headerCost } from "../exchange/holder.ts";
import { TokenBucket } from "../budget/token-bucket.ts";
import type { Http2Connection, Http2Exchange } from "./http2-exchange.ts";
import type { HttpLimits } from "../../limits.ts";
import { startReading, stopReading } from "../budget/reading.ts";
import { StreamErrors } from "./stream-errors.ts";
import type { Reader, ReadTurns } from "./read-turns.ts";
import type { Watched } from "../budget/watchdog.ts";

/** How long a session that closes may take to send its last frames, in milliseconds: a client that reads nothing would keep it open. */
const goodbyeMs = 2000;

/** For so long a request may wait for room on its connection, in milliseconds; then it is refused. */
const maxWaitMs = 5000;

/**
 * Bounds on decoded headers. HPACK refers to earlier header fields: a few bytes can stand for kilobytes, which the server has to decode.
 * Each request has a free allowance; beyond it, the headers of a connection's requests share a burst and a rate per second.
 */
const freeHeaderBytes = 4 * 1024;
const largeHeaderBurstBytes = 4 * 1024 * 1024;
const largeHeaderRateBytes = 1024 * 1024;

/** A stream that became no request counts once for so many bytes: Node decodes all of a header that it does not take. */
const unseenStreamBytes = 512;

/** Parts of an {@link Http2Session}. */
export interface Http2SessionParts {
  readonly session: ServerHttp2Session;
  readonly socket: Socket;
  readonly account: ConnectionAccount;
  readonly age: ConnectionAge;
  readonly limits: HttpLimits;
  readonly turns: BeginTurns;
  readonly reads: ReadTurns;
  /** Called once where the connection ends for what its client did. */
  readonly onOffence: () => void;
  /** @param refused there was no room on the connection for too long */
  readonly serve: (exchange: Http2Exchange, refused: boolean) => void;
}

/** One HTTP/2 connection: the bounds and time-outs that Node does not have, and an orderly end. */
export class Http2Session
  implements Watched, Beginner, Reader, Http2Connection
{
  place = -1;
  readonly account: ConnectionAccount;
  readonly age: ConnectionAge;
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #limits: HttpLimits;
  readonly #serve: Http2SessionParts["serve"];
  readonly #resets: TokenBucket;
  readonly #largeHeaders: TokenBucket;
  readonly #streamErrors: StreamErrors;
  readonly #turns: BeginTurns;
  readonly #reads: ReadTurns;
  readonly #onOffence: () => void;
  /** Requests for which there is no room, or no time, yet. */
  readonly #waiting: Http2Exchange[] = [];
  #streams = 0;
  #used = false;
  /** While no stream is open. */
  #idleSince = performance.now();
  #closingSince: number | undefined;
  /** Streams that have become requests. */
  #seen = 0;
  /** Streams that have not: Node resets streams with a header that it refuses, without an event. */
  #unseen = 0;
  /** Both, when it was last looked. */
  #streamsBefore = 0;
  #bytesRead = 0;
  /** Silent streams that want heartbeats. */
  #keptAlive = 0;
  #bytesWritten = 0;
  /** When the last bytes were sent. */
  #quietSince = performance.now();
  /** When the PING was sent that the client has not returned. */
  #pingedAt: number | undefined;

  constructor({
    session,
    socket,
    account,
    age,
    limits,
    turns,
    reads,
    onOffence,
    serve,
  }: Http2SessionParts) {
    this.#session = session;
    this.#socket = socket;
    this.account = account;
    this.age = age;
    this.#limits = limits;
    this.#turns = turns;
    this.#reads = reads;
    this.#onOffence = onOffence;
    this.#serve = serve;
    this.#resets = new TokenBucket(
      limits.streamResetBurst,
      limits.streamResetRate,
    );
    this.#largeHeaders = new TokenBucket(
      largeHeaderBurstBytes,
      largeHeaderRateBytes,
    );
    this.#streamErrors = new StreamErrors(session, () => {
      // Where the connection had an error too, nghttp2 reads nothing more, not even the response to the PING.
      this.#ping(performance.now());
    });
    session.on("error", ({ code }: NodeJS.ErrnoException) => {
      // What nghttp2 itself found; a client that closes with an error, as some do where a call is cancelled, has another code.
      if (code === "ERR_HTTP2_ERROR") {
        onOffence();
      }
    });
    session.on("frameError", () => undefined);
    // With its client, all streams of a connection end at once.
    const end = () => {
      this.#reads.count(this, this.#streams);
    };
    socket.once("end", end).once("error", end);
  }

  /** A request has come. */
  opened(exchange: Http2Exchange): void {
    this.#used = true;
    this.#streams++;
    this.#seen++;
    this.#reads.count(this, 1);
    // Those that are too many have been reset in the same read, which brings thousands.
    if (this.#streams > this.#limits.maxStreamsPerConnection) {
      this.#countResets(1, exchange.startedAt);
    }
    this.#weighHeader(exchange.headerBytes);
    if (this.#waiting.length === 0 && this.#hasRoom() && this.#turns.take()) {
      this.#serve(exchange, false);
      return;
    }
    this.account.wait(waitingCost(exchange));
    this.#waiting.push(exchange);
    this.#turns.wait(this);
  }

  closed(exchange: Http2Exchange): void {
    this.#streams--;
    if (this.#streams === 0) {
      this.#idleSince = performance.now();
    }
    if (exchange.resetCode === constants.NGHTTP2_PROTOCOL_ERROR) {
      this.#streamErrors.streamReset();
    }
    if (exchange.wasCut()) {
      this.#countResets(1, performance.now());
    }
    if (this.#waiting.length > 0) {
      this.#turns.wait(this);
    }
  }

  keepAlive(change: 1 | -1): void {
    this.#keptAlive += change;
  }

  check(now: number, later: (task: () => void) => void): void {
    if (this.#isUnreturned(now)) {
      this.destroy();
      return;
    }
    if (this.#keptAlive > 0 && this.#isQuiet(now)) {
      this.#quietSince = now;
      later(() => {
        this.#ping(performance.now());
      });
    }
    if (this.age.isOver(now)) {
      this.close();
    }
    if (this.#closingSince !== undefined) {
      const since = Math.max(this.#closingSince, this.#idleSince);
      if (this.#streams === 0 && now - since > goodbyeMs) {
        this.destroy();
      }
      return;
    }
    this.countUnseen(now);
    if (this.#waiting.length > 0) {
      this.#turns.wait(this);
    }
    const { idleTimeoutMs, headersTimeoutMs } = this.#limits;
    const timeoutMs = this.#used ? idleTimeoutMs : headersTimeoutMs;
    if (this.#streams > 0 || timeoutMs === 0) {
      return;
    }
    if (now - this.#idleSince > timeoutMs) {
      this.close();
    }
  }

  /**
   * Finishes open requests and refuses new ones. GOAWAY names the last stream that the server has handled, so that a client can safely
   * send later requests to another server. The first, warning GOAWAY of a graceful shutdown (RFC 9113, §6.8) is not possible with Node:
   * after any GOAWAY nghttp2 silently drops new streams, and frames that bypass nghttp2 corrupt its state.
   */
  close(): void {
    if (this.#closingSince !== undefined || this.#session.destroyed) {
      return;
    }
    this.#closingSince = performance.now();
    this.#session.close();
  }

  /** Closes a connection that exceeds its bounds, by GOAWAY with ENHANCE_YOUR_CALM. */
  calm(): void {
    if (this.#session.destroyed) {
      return;
    }
    this.#closingSince = performance.now();
    this.#onOffence();
    // With an error, since Node ignores a code without one.
    this.#session.destroy(
      constants.NGHTTP2_ENHANCE_YOUR_CALM as unknown as Error,
    );
  }

  destroy(): void {
    this.#session.destroy();
    this.#socket.destroy();
  }

  /** Sends a PING, unless one is unacknowledged. */
  #ping(now: number): void {
    if (this.#pingedAt !== undefined || this.#session.destroyed) {
      return;
    }
    this.#pingedAt = now;
    this.#session.ping(() => {
      this.#pingedAt = undefined;
    });
  }

  /** Whether it is time for a heartbeat. */
  #isQuiet(now: number): boolean {
    const { heartbeatMs } = this.#limits;
    const { bytesWritten } = this.#socket;
    if (bytesWritten !== this.#bytesWritten) {
      this.#bytesWritten = bytesWritten;
      this.#quietSince = now;
    }
    return heartbeatMs > 0 && now - this.#quietSince >= heartbeatMs;
  }

  /** Whether the client has not acknowledged a PING in time. */
  #isUnreturned(now: number): boolean {
    const { writeStallTimeoutMs } = this.#limits;
    return (
      this.#pingedAt !== undefined &&
      writeStallTimeoutMs > 0 &&
      now - this.#pingedAt > writeStallTimeoutMs
    );
  }

  stopReading(): void {
    stopReading(this.#socket);
  }

  read(): void {
    startReading(this.#socket);
  }

  beginNext(now: number): boolean {
    const [next] = this.#waiting;
    if (next === undefined) {
      return false;
    }
    const refused = next.isGone() || now - next.startedAt > maxWaitMs;
    if (!refused && !this.#hasRoom()) {
      return false;
    }
    this.#waiting.shift();
    this.account.wait(-waitingCost(next));
    this.#serve(next, refused);
    return this.#waiting.length > 0;
  }

  #hasRoom(): boolean {
    const { held, waiting } = this.account;
    return held - waiting <= this.#limits.maxHeldBytesPerConnection;
  }

  #weighHeader(headerBytes: number): void {
    const bytes = headerBytes - freeHeaderBytes;
    if (bytes > 0 && !this.#largeHeaders.take(bytes, performance.now())) {
      this.calm();
    }
  }

  /** Counts streams that were reset before their response, by either side. */
  #countResets(count: number, now: number): void {
    if (!this.#resets.take(count, now)) {
      this.calm();
    }
  }

  /** Counts streams that no listener has heard of: the larger their headers, the more each of them counts. */
  countUnseen(now: number): void {
    const { bytesRead } = this.#socket;
    if (bytesRead === this.#bytesRead || this.#session.destroyed) {
      return;
    }
    const bytes = bytesRead - this.#bytesRead;
    this.#bytesRead = bytesRead;
    // A client's streams are odd, and count up.
    const last = this.#session.state.lastProcStreamID ?? 0;
    const streams = Math.ceil(last / 2) - this.#streamsBefore;
    this.#streamsBefore += streams;
    const unseen = this.#streamsBefore - this.#seen - this.#unseen;
    if (unseen <= 0) {
      return;
    }
    this.#unseen += unseen;
    const weight = bytes / streams / unseenStreamBytes;
    this.#countResets(unseen * Math.max(1, weight), now);
  }
}

/** What a request takes that waits for room, in bytes. */
function waitingCost({ headerBytes }: Http2Exchange): number {
  return waitingBytes + headerCost(headerBytes);
}
