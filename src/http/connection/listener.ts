import type http from "node:http";
import type http2 from "node:http2";
import type { Socket } from "node:net";
import { Acceptors } from "./acceptors.ts";
import { BeginTurns } from "./budget/begin-turns.ts";
import { ConnectionCount, networkOf } from "./budget/connection-count.ts";
import { Budget, ConnectionAccount } from "./budget/budget.ts";
import { ConnectionAge } from "./exchange/age.ts";
import { Http1Connection, idleDrainMs } from "./http1/http1-connection.ts";
import type { Http1Handler } from "./http1/http1-connection.ts";
import { PartialMessages } from "./http1/partial-messages.ts";
import type { Exchange } from "./exchange/exchange.ts";
import { handOverRequests } from "./http1-events.ts";
import { Http1Exchange } from "./http1/http1-exchange.ts";
import type { Http2Exchange } from "./http2/http2-exchange.ts";
import { Http2Sessions } from "./http2/http2-sessions.ts";
import { isHttpError, refuseBytes } from "./malformed.ts";
import {
  createHttp1Server,
  createHttp2Server,
  renewTls,
  mostParsedBytes,
} from "./node-servers.ts";
import type { TlsOptions } from "./node-servers.ts";
import type { HttpLimits } from "../limits.ts";
import { LingeringConnections } from "./linger.ts";
import { VersionChoice } from "./version-choice.ts";
import type { Watchdog } from "./budget/watchdog.ts";

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What a {@link Listener} works with. */
export interface ListenerParts {
  readonly limits: HttpLimits;
  readonly tls: TlsOptions | undefined;
  readonly watchdog: Watchdog;
  /** @param refused whether the request is refused since too much memory is held */
  readonly onExchange: (exchange: Exchange, refused: boolean) => void;
  /** Called when bytes that are not an HTTP/1.1 request got this status. */
  readonly onMalformed: (status: number, remoteAddress: string) => void;
  /** Whether an address is that of a proxy whose word is taken. */
  readonly isTrusted: (remoteAddress: string) => boolean;
  readonly onFault: (fault: unknown) => void;
}

/**
 * One port for both HTTP versions. The HTTP/1.1 server is the one that listens, since Node arms the time-outs of a server only
 * when it does; connections that turn out to speak HTTP/2 (by preface, or by ALPN under TLS) go to a server that never listens.
 */
export class Listener {
  readonly #parts: ListenerParts;
  readonly #h1: http.Server;
  readonly #acceptors: Acceptors;
  readonly #sockets = new Set<Socket>();
  readonly #sessions: Http2Sessions;
  readonly #lingering: LingeringConnections;
  readonly #count: ConnectionCount;
  readonly #budget: Budget;
  readonly #turns = new BeginTurns();
  readonly #http1Handler: Http1Handler;
  readonly #choice: VersionChoice;
  /** The number of requests whose exchange is open. */
  #running = 0;
  #draining = false;
  #idleDrain: NodeJS.Timeout | undefined;
  #closesIdle = false;
  #looksSoon = false;
  #onIdle: (() => void) | undefined;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    this.#lingering = new LingeringConnections(parts.limits);
    const { limits } = parts;
    this.#count = new ConnectionCount(limits, parts.isTrusted);
    this.#budget = new Budget(
      limits.maxHeldBytes,
      limits.maxHeldBytesPerConnection,
    );
    this.#http1Handler = this.#createHttp1Handler();
    this.#h1 = this.#createHttp1();
    this.#acceptors = new Acceptors(this.#h1);
    this.#sessions = new Http2Sessions({
      server: this.#createHttp2(),
      budget: this.#budget,
      turns: this.#turns,
      ...{ limits, watchdog: parts.watchdog, isTrusted: parts.isTrusted },
      serve: (exchange, refused) => {
        this.#take(exchange, refused);
      },
    });
    this.#choice = new VersionChoice(this.#h1, {
      isTls: parts.tls !== undefined,
      prefaceTimeoutMs: limits.headersTimeoutMs,
      admit: (socket) => this.#admit(socket),
      turns: this.#turns,
      onHttp1: (socket) => {
        this.#countHttp1(socket);
      },
      onHttp2: (socket) => {
        this.#sessions.take(socket);
      },
    });
  }

  /**
   * @param onBound is told of the address before the first connection is accepted
   * @returns the address that was bound: with port 0 the system has chosen one
   * @throws Error where it cannot be bound
   */
  async listen(
    { host, port }: Address,
    onBound?: (address: Address) => void,
  ): Promise<Address> {
    const { address, port: bound } = await this.#acceptors.listen(
      ...([host, port] as const),
      (info) => onBound?.({ host: info.address, port: info.port }),
    );
    this.#h1.on("error", this.#parts.onFault);
    this.#watchPartialMessages();
    return { host: address, port: bound };
  }

  /** How many connections are open; those that have not shown their version count as HTTP/1.1. */
  get openConnections(): { readonly http1: number; readonly http2: number } {
    const http2 = this.#sessions.count;
    return { http1: this.#sockets.size - http2, http2 };
  }

  /**
   * Takes no new connections, closes idle ones, and resolves when the last connection is closed. HTTP/2 tells clients which requests
   * were not handled. HTTP/1.1 cannot, so its idle connections stay open for a moment, for a request that is already under way.
   */
  drain(): Promise<void> {
    this.#draining = true;
    this.#acceptors.close();
    this.#sessions.close();
    this.#idleDrain = setTimeout(() => {
      // After sockets were read, which a busy process does late: a request may have arrived.
      setImmediate(() => {
        this.#closesIdle = true;
        this.#closeIdle();
      });
    }, idleDrainMs);
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#whenIdle();
    });
  }

  /** Gives connections to come another certificate. @throws Error as {@link renewTls} does */
  renewTls(tls: TlsOptions): void {
    renewTls(this.#h1, tls);
  }

  /** Destroys every connection. */
  destroy(): void {
    this.#draining = true;
    this.#acceptors.close();
    this.#sessions.destroy();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  /** Node keeps account of its parsers from when the server listens. */
  #watchPartialMessages(): void {
    const { limits, watchdog } = this.#parts;
    watchdog.add(
      new PartialMessages(this.#h1, this.#budget, mostParsedBytes(limits)),
    );
  }

  #closeIdle(): void {
    this.#h1.closeIdleConnections();
    this.#choice.closeIdle();
  }

  #createHttp1(): http.Server {
    const { limits, tls } = this.#parts;
    const server = createHttp1Server(limits, tls);
    handOverRequests(server, (socket, error) => {
      this.#refuse(socket, error);
    });
    return server;
  }

  #createHttp1Handler(): Http1Handler {
    const draining = () => this.#draining;
    const last = () => true;
    const aging = (age: ConnectionAge) =>
      age.isLimited
        ? () => this.#draining || age.isOver(performance.now())
        : undefined;
    return {
      create: ({ request, response, awaitsContinue }, connection, isLast) => {
        const exchange = new Http1Exchange(
          request,
          response,
          connection,
          isLast ? last : (aging(connection.age) ?? draining),
        );
        if (awaitsContinue) {
          exchange.body.onFirstRead = () => {
            if (!response.headersSent && !response.destroyed) {
              response.writeContinue();
            }
          };
        }
        return exchange;
      },
      serve: (exchange, refused) => {
        this.#take(exchange, refused);
      },
    };
  }

  #createHttp2(): http2.Http2Server {
    const server = createHttp2Server(this.#parts.limits);
    // Every session has its own listener; without one here, Node would throw.
    server.on("sessionError", () => undefined);
    server.on("error", this.#parts.onFault);
    return server;
  }

  #countHttp1(socket: Socket): void {
    const account = new ConnectionAccount(
      this.#budget,
      socket.remoteAddress ?? "",
      () => {
        socket.destroy();
      },
    );
    new Http1Connection(
      socket,
      account,
      new ConnectionAge(this.#parts.limits),
      this.#parts.limits.maxHeldBytesPerConnection,
      this.#http1Handler,
      this.#turns,
      this.#parts.watchdog,
    );
  }

  #admit(socket: Socket): boolean {
    // An error of a connection ends that connection, and nothing else.
    socket.on("error", () => undefined);
    const address = socket.remoteAddress ?? "";
    if (
      this.#budget.isFullFor(networkOf(address)) ||
      !this.#count.enter(address)
    ) {
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#count.leave(address);
      this.#whenIdle();
    });
    return true;
  }

  #take(exchange: Http1Exchange | Http2Exchange, refused: boolean): void {
    if (exchange.isGone()) {
      // It may have no further event, so nothing is counted for it.
      this.#parts.onExchange(exchange, true);
      return;
    }
    this.#running++;
    exchange.onClose(this.#onClosed);
    const isFull = this.#budget.refuses(exchange.account);
    exchange.enter(this.#budget);
    this.#parts.onExchange(exchange, refused || isFull);
  }

  /** One for all exchanges, which are many. */
  readonly #onClosed = (): void => {
    this.#running--;
    if (this.#draining) {
      this.#goOnDraining();
    }
  };

  /** Looks once behind all responses that end in one turn: to close what is idle, Node looks at each connection. */
  #goOnDraining(): void {
    if (this.#looksSoon) {
      return;
    }
    this.#looksSoon = true;
    setImmediate(() => {
      this.#looksSoon = false;
      // A response whose header was sent before the drain did not say that the connection closes.
      if (this.#closesIdle) {
        this.#closeIdle();
      }
      this.#whenIdle();
    });
  }

  #refuse(socket: Socket, error: NodeJS.ErrnoException): void {
    if (this.#lingering.check(socket)) {
      return;
    }
    if (isHttpError(error)) {
      // The malformed bytes may follow a request that is being served, or be its body.
      const isSpoilt = Http1Connection.of(socket)?.spoil(() => {
        this.#lingering.begin(socket);
      });
      if (isSpoilt === true) {
        return;
      }
    }
    const status = refuseBytes(socket, error, this.#parts.limits);
    if (status === undefined) {
      return;
    }
    this.#parts.onMalformed(status, socket.remoteAddress ?? "");
    this.#lingering.begin(socket);
  }

  #whenIdle(): void {
    if (this.#running > 0 || this.#sockets.size > 0) {
      return;
    }
    clearTimeout(this.#idleDrain);
    if (this.#onIdle === undefined) {
      return;
    }
    // Ends the interval in which the HTTP server looks at its time-outs.
    this.#h1.close();
    this.#budget.stop();
    this.#sessions.stop();
    this.#onIdle();
  }
}
