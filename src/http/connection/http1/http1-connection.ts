import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Http1Exchange } from "./http1-exchange.ts";
import type { Watched, Watchdog } from "../budget/watchdog.ts";
import type { ConnectionAge } from "../exchange/age.ts";
import type { Beginner, BeginTurns } from "../budget/begin-turns.ts";
import { waitingBytes } from "../budget/budget.ts";
import type { ConnectionAccount } from "../budget/budget.ts";
import { headerBytes, headerCost } from "../exchange/holder.ts";
import type { HoldingConnection } from "../exchange/holder.ts";

/** A request that has come. */
export interface Http1Request {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client waits for `100 Continue` before it sends the body. */
  readonly awaitsContinue: boolean;
}

/** How an {@link Http1Connection} serves its requests. */
export interface Http1Handler {
  /** @param last whether the connection closes after the response */
  create(
    request: Http1Request,
    connection: Http1Connection,
    last: boolean,
  ): Http1Exchange;
  /** @param refused whether the client has sent more requests than may wait */
  serve(exchange: Http1Exchange, refused: boolean): void;
}

interface WaitingRequest {
  readonly request: Http1Request;
  /** In bytes. */
  readonly held: number;
}

const connectionKey = Symbol("connection");

interface ServedSocket extends Socket {
  [connectionKey]?: Http1Connection;
}

/** How long a connection whose requests wait is not read, in milliseconds: only reading shows that the client has gone. */
const unreadMs = 5000;

/** How long a server that shuts down keeps an idle connection open, in milliseconds, for a request that is already under way. */
export const idleDrainMs = 500;

/**
 * One HTTP/1.1 connection. Its requests are served one after the other, since responses are sent in that order. While some wait, nothing
 * more is read, unless the current one takes long. A request beyond the bound is refused, and the connection ends after it.
 */
export class Http1Connection
  implements HoldingConnection<Http1Exchange>, Beginner, Watched
{
  place = -1;
  readonly account: ConnectionAccount;
  readonly age: ConnectionAge;
  readonly #socket: Socket;
  readonly #maxBytes: number;
  readonly #handler: Http1Handler;
  readonly #turns: BeginTurns;
  readonly #watchdog: Watchdog;
  #running: Http1Exchange | undefined;
  /** Whether the last request has its response, but not all of its body has come. */
  #isUnread = false;
  #waiting: WaitingRequest[] = [];
  /** Since when a connection that has to end is idle, and how many bytes had been read by then. */
  #idle: { readonly since: number; readonly bytesRead: number } | undefined;
  /** The request with which the connection holds more than it may: it is refused, and no later one is handled. */
  #overflow: Http1Request | undefined;
  /** Ends the connection after the last request that has come. */
  #spoil: (() => void) | undefined;

  /** @param maxBytes that the connection may hold */
  constructor(
    socket: Socket,
    account: ConnectionAccount,
    age: ConnectionAge,
    maxBytes: number,
    handler: Http1Handler,
    turns: BeginTurns,
    watchdog: Watchdog,
  ) {
    this.#socket = socket;
    this.account = account;
    this.age = age;
    this.#maxBytes = maxBytes;
    this.#handler = handler;
    this.#turns = turns;
    this.#watchdog = watchdog;
    (socket as ServedSocket)[connectionKey] = this;
    socket.once("close", Http1Connection.#onClose);
    if (age.isLimited) {
      watchdog.add(this);
    }
  }

  static of(socket: Socket): Http1Connection | undefined {
    return (socket as ServedSocket)[connectionKey];
  }

  /** A request has come, with its header. */
  arrive(request: Http1Request): void {
    const isNext = this.#running === undefined && this.#waiting.length === 0;
    if (isNext && (this.#turns.take() || hasBody(request))) {
      this.#begin(request);
      return;
    }
    if (this.#overflow !== undefined) {
      return;
    }
    if (this.#waiting.length === 0) {
      if (!this.age.isLimited) {
        this.#watchdog.add(this);
      }
      this.#stopReading();
    }
    const { url = "", rawHeaders } = request.request;
    const held = waitingBytes + headerCost(headerBytes(url, rawHeaders));
    this.#waiting.push({ request, held });
    this.account.wait(held);
    if (isNext) {
      this.#turns.wait(this);
    }
    if (this.account.held <= this.#maxBytes) {
      return;
    }
    this.#overflow = request;
    this.#stopReading();
  }

  closed(exchange: Http1Exchange): void {
    this.#running = undefined;
    if (!exchange.isReceived) {
      this.#isUnread = true;
      exchange.onRequestClosed(() => {
        this.#isUnread = false;
      });
    }
    if (this.#waiting.length > 0) {
      this.#turns.wait(this);
    }
  }

  beginNext(): boolean {
    const next = this.#waiting.shift();
    if (next === undefined) {
      return false;
    }
    const { request, held } = next;
    this.account.wait(-held);
    if (this.#waiting.length === 0 && !this.age.isLimited) {
      this.#watchdog.delete(this);
    }
    if (this.#waiting.length === 0 && request !== this.#overflow) {
      this.#read();
    }
    this.#begin(request);
    // The next one begins when this one is closed.
    return false;
  }

  check(now: number): void {
    if (this.#running === undefined) {
      if (this.#waiting.length === 0 && this.age.isOver(now)) {
        this.#closeIdle(now);
      }
      return;
    }
    this.#idle = undefined;
    if (this.#waiting.length === 0) {
      return;
    }
    if (now - this.#running.startedAt < unreadMs) {
      return;
    }
    if (this.#overflow === undefined) {
      this.#read();
    } else {
      this.#socket.destroy();
    }
  }

  /** Ends an idle connection, unless a request is arriving: HTTP/1.1 cannot tell the client that it was not served. */
  #closeIdle(now: number): void {
    const { bytesRead } = this.#socket;
    if (this.#idle?.bytesRead !== bytesRead) {
      this.#idle = { since: now, bytesRead };
    } else if (now - this.#idle.since >= idleDrainMs) {
      this.#socket.destroy();
    }
  }

  /**
   * Called where what follows the last request, or its body, is not HTTP.
   *
   * @param close ends the connection, after the response to that request
   * @returns false where there is no request
   */
  spoil(close: () => void): boolean {
    if (this.#waiting.length > 0) {
      this.#spoil = close;
    } else if (this.#running !== undefined) {
      this.#running.spoil(close);
    } else if (this.#isUnread) {
      // A second response would be taken for that of another request.
      close();
    } else {
      return false;
    }
    return true;
  }

  #stopReading(): void {
    this.#socket.off("resume", Http1Connection.#onResume);
    this.#socket.on("resume", Http1Connection.#onResume);
    this.#socket.pause();
  }

  #read(): void {
    this.#socket.off("resume", Http1Connection.#onResume);
    this.#socket.resume();
  }

  #begin(request: Http1Request): void {
    const refused = request === this.#overflow;
    const exchange = this.#handler.create(request, this, refused);
    this.#running = exchange;
    this.#isUnread = false;
    if (this.#spoil !== undefined && this.#waiting.length === 0) {
      exchange.spoil(this.#spoil);
    }
    this.#handler.serve(exchange, refused);
  }

  static #onClose(this: ServedSocket): void {
    const connection = this[connectionKey];
    if (connection === undefined) {
      return;
    }
    for (const { held } of connection.#waiting) {
      connection.account.wait(-held);
    }
    connection.#waiting = [];
    connection.#watchdog.delete(connection);
  }

  /** Stops reading again, whatever has resumed the socket, such as the reader of a body. */
  static #onResume(this: Socket): void {
    this.pause();
  }
}

/**
 * Whether a body follows. Such a request does not wait for its turn: what Node parses of its body meanwhile would not be counted, and
 * Node cannot be kept from reading a new connection on.
 */
function hasBody({ request: { headers } }: Http1Request): boolean {
  return (
    headers["transfer-encoding"] !== undefined ||
    (headers["content-length"] ?? "0") !== "0"
  );
}
