import type http2 from "node:http2";
import type { Socket } from "node:net";
import { ConnectionAge } from "../exchange/age.ts";
import type { BeginTurns } from "../budget/begin-turns.ts";
import { ConnectionAccount } from "../budget/budget.ts";
import type { Budget } from "../budget/budget.ts";
import { networkOf } from "../budget/connection-count.ts";
import { Cooldown } from "../budget/cooldown.ts";
import { Http2Exchange } from "./http2-exchange.ts";
import { Http2Session } from "./http2-session.ts";
import type { Http2SessionParts } from "./http2-session.ts";
import type { HttpLimits } from "../../limits.ts";
import { ReadTurns } from "./read-turns.ts";
import { replaceStreamTable } from "./stream-table.ts";
import type { Watchdog } from "../budget/watchdog.ts";

/** A new connection counts for so many requests: its first bytes bring as many as may be open at once. */
const sessionWeight = 16;

/** How often it is checked whether the event loop was blocked, in milliseconds. */
const checkIntervalMs = 20;

/** A check that is late by more than this tells that it was, in milliseconds. */
const blockedMs = 10;

/** What {@link Http2Sessions} work with. */
export interface Http2SessionsParts {
  readonly server: http2.Http2Server;
  readonly limits: HttpLimits;
  readonly budget: Budget;
  readonly turns: BeginTurns;
  readonly watchdog: Watchdog;
  /** Whether an address is that of a proxy, whose connections are of many clients. */
  readonly isTrusted: (remoteAddress: string) => boolean;
  readonly serve: Http2SessionParts["serve"];
}

/** The connections that speak HTTP/2. */
export class Http2Sessions {
  readonly #parts: Http2SessionsParts;
  readonly #sessions = new Set<Http2Session>();
  readonly #reads = new ReadTurns();
  readonly #cooldown = new Cooldown();
  readonly #check: NodeJS.Timeout;
  #isClosing = false;

  constructor(parts: Http2SessionsParts) {
    this.#parts = parts;
    parts.watchdog.add(this.#cooldown);
    this.#check = this.#checkLoop();
  }

  /** Takes a connection, and serves it when it is its network's turn. */
  take(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    const network = networkOf(address);
    const delayMs = this.#parts.isTrusted(address)
      ? 0
      : this.#cooldown.delay(network, performance.now());
    if (delayMs === undefined) {
      socket.destroy();
      return;
    }
    const beginInTurn = () => {
      this.#parts.turns.begin(network, sessionWeight, () => {
        this.#serve(socket);
      });
    };
    if (delayMs === 0) {
      beginInTurn();
    } else {
      setTimeout(beginInTurn, delayMs).unref();
    }
  }

  /** How many connections are open. */
  get count(): number {
    return this.#sessions.size;
  }

  /** Has all connections end after the responses that are due. */
  close(): void {
    this.#isClosing = true;
    for (const session of this.#sessions) {
      session.close();
    }
  }

  /** Destroys all connections. */
  destroy(): void {
    this.close();
    for (const session of this.#sessions) {
      session.destroy();
    }
  }

  /** Ends what goes on beside the connections. */
  stop(): void {
    clearInterval(this.#check);
  }

  /** Looks at all connections when the event loop was blocked: what blocked it may be what one of them sent. */
  #checkLoop(): NodeJS.Timeout {
    let last = performance.now();
    return setInterval(() => {
      const now = performance.now();
      const isLate = now - last > checkIntervalMs + blockedMs;
      last = now;
      if (isLate) {
        for (const session of this.#sessions) {
          session.countUnseen(now);
        }
      }
    }, checkIntervalMs).unref();
  }

  #serve(socket: Socket): void {
    // Its client may have left while it waited: Node would make a session all the same, which never ends.
    if (socket.destroyed) {
      return;
    }
    // An HTTP/1.1 client may send a FIN and read its response; with HTTP/2 a FIN is the end, and Node expects it so.
    socket.allowHalfOpen = false;
    const onSession = (session: http2.ServerHttp2Session) => {
      this.#guard(session, socket);
    };
    const { server } = this.#parts;
    server.once("session", onSession);
    server.emit("connection", socket);
    server.off("session", onSession);
  }

  #guard(session: http2.ServerHttp2Session, socket: Socket): void {
    const { limits, watchdog, budget, turns, serve } = this.#parts;
    replaceStreamTable(session);
    // Asked once: a session's own socket is a proxy.
    const remoteAddress = socket.remoteAddress ?? "";
    const account = new ConnectionAccount(budget, remoteAddress, () => {
      guarded.calm();
    });
    const guarded = new Http2Session({
      ...{ session, socket, account, limits, turns, serve },
      age: new ConnectionAge(limits),
      reads: this.#reads,
      onOffence: () => {
        this.#cooldown.ended(account.network, performance.now());
      },
    });
    this.#sessions.add(guarded);
    this.#reads.add(guarded);
    watchdog.add(guarded);
    socket.once("close", () => {
      this.#sessions.delete(guarded);
      this.#reads.delete(guarded);
      watchdog.delete(guarded);
    });
    session.on("stream", (stream, headers, flags, rawHeaders) => {
      guarded.opened(
        new Http2Exchange(
          stream,
          headers,
          flags,
          rawHeaders,
          remoteAddress,
          guarded,
        ),
      );
    });
    if (this.#isClosing) {
      guarded.close();
    }
  }
}
