import { Code, ConnectError } from "@connectrpc/connect";
import type { ContextValues } from "@connectrpc/connect";
import { ignore } from "../connection/exchange/exchange.ts";
import type { Exchange } from "../connection/exchange/exchange.ts";
import type { HttpLimits } from "../limits.ts";
import type { RequestRecord } from "./record.ts";
import type { Watched } from "../connection/budget/watchdog.ts";

/** How long a call that was aborted may take to end, in milliseconds. */
const abortMs = 1000;

/** A unary call that runs. */
export interface RunningCall {
  /** Responds with an error, unless a response was sent. */
  fail(reason: unknown): void;
  /** The client has left: there is nobody to respond to. */
  leave(): void;
}

/** A request whose response is not complete. */
export class RunningRequest implements Watched {
  readonly exchange: Exchange;
  place = -1;
  requestId = "";
  /** Of the header, as it came. */
  traceparent: string | undefined;
  /** The address of its client, behind trusted proxies. */
  clientAddress = "";
  path = "";
  protocol: RequestRecord["protocol"] = "http";
  rpc: string | undefined;
  /** The template or the path of a page. */
  route: string | undefined;
  /** Why a call failed. */
  failure: unknown;
  /** Client and server may send at the same time: the client reads the header of the response while it sends. */
  clientStreams = false;
  /** The method sends messages one by one, and may have nothing to say for long. */
  serverStreams = false;
  /** What the gate and the method of a call leave behind. */
  values: ContextValues | undefined;
  status = 0;
  grpcStatus: string | undefined;
  sent = 0;
  /** The unary call that was begun for it, until that is over. */
  call: RunningCall | undefined;
  /** Ends the call for the given reason. Undefined for unary calls, which are soon over. */
  expire: ((reason: ConnectError) => void) | undefined;
  readonly #limits: HttpLimits;
  #awaiting = false;
  /** When the watchdog first saw it. */
  #awaitingSince: number | undefined;
  #expiredAt: number | undefined;
  #heartbeat: Uint8Array | undefined;
  /** The bytes that had been sent at the last check, and since when there were no more. */
  #sentBefore = 0;
  #quietSince = 0;
  /** Since when a due heartbeat waits for the client to read what was sent before. */
  #unreadSince: number | undefined;

  constructor(exchange: Exchange, limits: HttpLimits) {
    this.exchange = exchange;
    this.#limits = limits;
  }

  /** Begins to wait for the client to read what was sent. */
  awaitClient(): void {
    this.#awaiting = true;
    this.#awaitingSince = undefined;
  }

  clientTook(): void {
    this.#awaiting = false;
  }

  /**
   * Sends these bytes whenever nothing was sent for the time of a heartbeat, until {@link stopHeartbeat}: proxies close silent
   * connections, and a client that has left would not be noticed.
   */
  startHeartbeat(heartbeat: Uint8Array): void {
    this.#heartbeat = heartbeat;
    this.#quietSince = performance.now();
  }

  stopHeartbeat(): void {
    this.#heartbeat = undefined;
  }

  abort(reason: unknown): void {
    this.call?.fail(reason);
  }

  check(now: number, later: (task: () => void) => void): void {
    this.exchange.body.check(now);
    if (this.exchange.isOverdue(now)) {
      this.#checkExpiry(now);
    }
    if (this.#heartbeat !== undefined) {
      this.#checkHeartbeat(now, later);
    }
    const { writeStallTimeoutMs } = this.#limits;
    if (!this.#awaiting || writeStallTimeoutMs === 0) {
      return;
    }
    this.#awaitingSince ??= now;
    if (now - this.#awaitingSince > writeStallTimeoutMs) {
      this.exchange.destroy();
    }
  }

  #checkExpiry(now: number): void {
    if (this.#expiredAt === undefined) {
      this.#expiredAt = now;
      this.expire?.(
        new ConnectError(
          "the connection has reached its age: go on over a new one",
          Code.Unavailable,
        ),
      );
    } else if (now - this.#expiredAt > abortMs) {
      this.exchange.destroy();
    }
  }

  #checkHeartbeat(now: number, later: (task: () => void) => void): void {
    const { heartbeatMs, writeStallTimeoutMs } = this.#limits;
    if (heartbeatMs === 0) {
      return;
    }
    if (this.sent !== this.#sentBefore) {
      this.#sentBefore = this.sent;
      this.#quietSince = now;
      this.#unreadSince = undefined;
    }
    if (now - this.#quietSince < heartbeatMs || this.#awaiting) {
      return;
    }
    if (this.exchange.unsent === 0) {
      this.#unreadSince = undefined;
      this.#quietSince = now;
      later(() => {
        this.#beat();
      });
      return;
    }
    this.#unreadSince ??= now;
    if (
      writeStallTimeoutMs > 0 &&
      now - this.#unreadSince > writeStallTimeoutMs
    ) {
      this.exchange.destroy();
    }
  }

  #beat(): void {
    // A message may have come meanwhile, and half of it may have been sent.
    if (this.#heartbeat === undefined || this.#awaiting) {
      return;
    }
    if (this.exchange.isGone()) {
      return;
    }
    this.sent += this.#heartbeat.byteLength;
    this.#sentBefore = this.sent;
    this.exchange.write(this.#heartbeat)?.catch(ignore);
  }

  record(): RequestRecord {
    const { method, httpVersion, startedAt } = this.exchange;
    return {
      requestId: this.requestId,
      traceparent: this.traceparent,
      method,
      path: this.path,
      protocol: this.protocol,
      httpVersion,
      status: this.status,
      grpcStatus:
        this.grpcStatus === undefined ? undefined : Number(this.grpcStatus),
      // To the microsecond: what the clock says beyond is noise.
      durationMs: Math.round((performance.now() - startedAt) * 1000) / 1000,
      bytes: this.sent,
      remoteAddress: this.clientAddress,
      rpc: this.rpc,
      route: this.route,
      code:
        this.failure === undefined
          ? undefined
          : ConnectError.from(this.failure).code,
      values: this.values,
    };
  }
}
