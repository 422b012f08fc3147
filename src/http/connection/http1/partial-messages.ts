import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Watched } from "../budget/watchdog.ts";
import type { Budget, ConnectionAccount, Holding } from "../budget/budget.ts";
import { Http1Connection } from "./http1-connection.ts";

/** Where Node keeps the parsers of a server's connections, for its own time-out on headers. */
const connectionsName = "http.server.connections";

interface Parser {
  readonly socket?: Socket | null;
}

interface Connections {
  /** The parsers whose message has begun, and not ended. */
  active?(): readonly Parser[];
}

/** A message that is coming: what its connection has sent, though it be of messages before, up to what the parser may keep. */
class PartialMessage implements Holding {
  place = -1;
  readonly startedAt: number;
  readonly account: ConnectionAccount;
  held = 0;
  readonly #budget: Budget;
  readonly #socket: Socket;
  #over = false;

  constructor(
    startedAt: number,
    account: ConnectionAccount,
    budget: Budget,
    socket: Socket,
  ) {
    this.startedAt = startedAt;
    this.account = account;
    this.#budget = budget;
    this.#socket = socket;
    budget.enter(this);
    socket.once("close", this.leave);
  }

  look(mostBytes: number): void {
    const held = Math.min(mostBytes, this.#socket.bytesRead);
    this.account.hold(held - this.held);
    this.held = held;
  }

  /** Its message is complete, or never will be. */
  readonly leave = (): void => {
    if (this.#over) {
      return;
    }
    this.#over = true;
    this.#socket.off("close", this.leave);
    this.account.hold(-this.held);
    this.#budget.leave(this);
  };
}

/**
 * Counts the memory of incomplete headers and trailers of HTTP/1.1, which the parser keeps without an event. Messages of honest clients
 * are rarely seen incomplete.
 */
export class PartialMessages implements Watched {
  place = -1;
  readonly #connections: Connections | undefined;
  readonly #budget: Budget;
  readonly #bytes: number;
  #seen = new Map<ConnectionAccount, PartialMessage>();

  /** @param bytes that the parser keeps of a message at most */
  constructor(server: Server, budget: Budget, bytes: number) {
    const key = Object.getOwnPropertySymbols(server).find(
      ({ description }) => description === connectionsName,
    );
    this.#connections =
      key === undefined
        ? undefined
        : (server as unknown as Record<symbol, Connections>)[key];
    this.#budget = budget;
    this.#bytes = bytes;
  }

  check(now: number): void {
    const before = this.#seen;
    this.#seen = new Map();
    for (const { socket } of this.#connections?.active?.() ?? []) {
      if (socket === null || socket === undefined || socket.destroyed) {
        continue;
      }
      const account = Http1Connection.of(socket)?.account;
      if (account === undefined) {
        continue;
      }
      const message =
        before.get(account) ??
        new PartialMessage(now, account, this.#budget, socket);
      message.look(this.#bytes);
      this.#seen.set(account, message);
      before.delete(account);
    }
    for (const message of before.values()) {
      message.leave();
    }
  }
}
