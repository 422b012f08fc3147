import type { Exchange } from "./exchange.ts";
import type { HttpLimits } from "./limits.ts";
import type { Watched } from "./watchdog.ts";

/** What is known of a request when it is over: one line of the log, with its fields in the order of {@link RunningRequest.record}. */
export interface RequestRecord {
  readonly requestId: string;
  readonly method: string;
  /** The raw path, without the query, which may hold secrets. */
  readonly path: string;
  /** How the request was understood; `http` for what is neither a call nor a template: pages, refusals, unknown paths. */
  readonly protocol: "grpc" | "grpc-web" | "connect" | "rest" | "http";
  readonly httpVersion: "1.0" | "1.1" | "2.0";
  /** 0: the client went away, or the connection was cut, before an answer was sent. */
  readonly status: number;
  /** Of gRPC and gRPC-Web. */
  readonly grpcStatus: number | undefined;
  /** From the header of the request to the last byte of the answer. */
  readonly durationMs: number;
  /** Bytes of the answer's body. */
  readonly bytes: number;
  readonly remoteAddress: string;
  /** `package.Service/Method`, where one was found. */
  readonly rpc: string | undefined;
}

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
  readonly #startedAt = performance.now();
  #awaitingSince: number | undefined;

  constructor(exchange: Exchange, limits: HttpLimits) {
    this.exchange = exchange;
    this.#limits = limits;
  }

  /** From now on it is the client's turn to take what was sent. */
  awaitClient(): void {
    this.#awaitingSince = performance.now();
  }

  clientTook(): void {
    this.#awaitingSince = undefined;
  }

  check(now: number): void {
    this.exchange.body.check(now);
    const { writeStallTimeoutMs } = this.#limits;
    if (this.#awaitingSince === undefined || writeStallTimeoutMs === 0) return;
    if (now - this.#awaitingSince > writeStallTimeoutMs)
      this.exchange.destroy();
  }

  record(): RequestRecord {
    const { method, httpVersion, remoteAddress } = this.exchange;
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
      durationMs:
        Math.round((performance.now() - this.#startedAt) * 1000) / 1000,
      bytes: this.sent,
      remoteAddress,
      rpc: this.rpc,
    };
  }
}
