import type { Exchange } from "./exchange.ts";
import type { HttpLimits } from "./limits.ts";
import type { RequestRecord } from "./request-record.ts";
import type { Watched } from "./watchdog.ts";

/** A request that is being answered. */
export class RunningRequest implements Watched {
  readonly exchange: Exchange;
  place = -1;
  requestId = "";
  path = "";
  protocol: RequestRecord["protocol"] = "http";
  rpc: string | undefined;
  /** Client and server may talk at once: the client looks at the header of the answer while it sends. */
  clientStreams = false;
  status = 0;
  grpcStatus: string | undefined;
  sent = 0;
  readonly #limits: HttpLimits;
  #awaiting = false;
  /** When the watchdog first saw it. */
  #awaitingSince: number | undefined;

  constructor(exchange: Exchange, limits: HttpLimits) {
    this.exchange = exchange;
    this.#limits = limits;
  }

  /** From now on it is the client's turn to take what was sent. */
  awaitClient(): void {
    this.#awaiting = true;
    this.#awaitingSince = undefined;
  }

  clientTook(): void {
    this.#awaiting = false;
  }

  check(now: number): void {
    this.exchange.body.check(now);
    const { writeStallTimeoutMs } = this.#limits;
    if (!this.#awaiting || writeStallTimeoutMs === 0) return;
    this.#awaitingSince ??= now;
    if (now - this.#awaitingSince > writeStallTimeoutMs)
      this.exchange.destroy();
  }

  record(): RequestRecord {
    const { method, httpVersion, remoteAddress, startedAt } = this.exchange;
    return {
      requestId: this.requestId,
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
      remoteAddress,
      rpc: this.rpc,
    };
  }
}
