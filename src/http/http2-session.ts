import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { HttpLimits } from "./limits.ts";
import type { Watched } from "./watchdog.ts";

/** Time for a closing session to say goodbye, in milliseconds; a client that reads nothing would hold it open. */
const goodbyeMs = 2000;

/** One HTTP/2 connection: the time-outs that Node does not have, and an orderly end. */
export class Http2Session implements Watched {
  place = -1;
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #limits: HttpLimits;
  #streams = 0;
  #used = false;
  #idleSince = performance.now();
  #closingSince: number | undefined;

  constructor(session: ServerHttp2Session, socket: Socket, limits: HttpLimits) {
    this.#session = session;
    this.#socket = socket;
    this.#limits = limits;
    session.on("error", () => undefined);
    session.on("frameError", () => undefined);
  }

  /** A request has come. */
  opened(): void {
    this.#used = true;
    this.#streams++;
  }

  /** Nothing more will happen to a request. */
  closed(): void {
    this.#streams--;
    this.#idleSince = performance.now();
  }

  check(now: number): void {
    if (this.#closingSince !== undefined) {
      const since = Math.max(this.#closingSince, this.#idleSince);
      if (this.#streams === 0 && now - since > goodbyeMs) this.destroy();
      return;
    }
    const { idleTimeoutMs, headersTimeoutMs } = this.#limits;
    const patience = this.#used ? idleTimeoutMs : headersTimeoutMs;
    if (this.#streams > 0 || patience === 0) return;
    if (now - this.#idleSince > patience) this.close();
  }

  /**
   * Answers what is open and refuses what is new: GOAWAY says up to which stream requests were looked at, so that a client may
   * safely send the others elsewhere. Node cannot send the GOAWAY that only warns (RFC 9113, §6.8): nghttp2 drops new streams
   * without a word after any GOAWAY of its own, and bytes that pass it by break its books.
   */
  close(): void {
    if (this.#closingSince !== undefined || this.#session.destroyed) return;
    this.#closingSince = performance.now();
    this.#session.close();
  }

  destroy(): void {
    this.#session.destroy();
    this.#socket.destroy();
  }
}
