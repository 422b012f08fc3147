import type { ConnectionAge } from "./age.ts";
import { requestBytes } from "../budget/budget.ts";
import type { Budget, ConnectionAccount, Holding } from "../budget/budget.ts";
import { headerCost } from "./header-bytes.ts";

/** A connection, as far as its exchanges know it. */
export interface HoldingConnection<Exchange> {
  readonly account: ConnectionAccount;
  readonly age: ConnectionAge;
  /** Nothing more will happen to the exchange. */
  closed(exchange: Exchange): void;
}

/** The part of an exchange that keeps account of what its request holds in memory. */
export abstract class Holder implements Holding {
  readonly startedAt = performance.now();
  readonly account: ConnectionAccount;
  /** Size of the request's header. */
  readonly headerBytes: number;
  /** In bytes. */
  held = 0;
  place = -1;
  readonly #age: ConnectionAge;
  #budget: Budget | undefined;

  constructor(
    { account, age }: Pick<HoldingConnection<unknown>, "account" | "age">,
    headerBytes: number,
  ) {
    this.account = account;
    this.headerBytes = headerBytes;
    this.#age = age;
  }

  /** Whether the request has to end, since its connection has. */
  isOverdue(now: number): boolean {
    return this.#age.isPastGrace(now);
  }

  /** The request is being served from now on. */
  enter(budget: Budget): void {
    this.#budget = budget;
    this.hold(requestBytes + headerCost(this.headerBytes));
    budget.enter(this);
  }

  /** @param bytes negative where they are given back */
  hold(bytes: number): void {
    if (this.#budget === undefined) {
      return;
    }
    this.held += bytes;
    this.account.hold(bytes);
  }

  takeSmallPiece(): boolean {
    return this.account.takeSmallPiece();
  }

  /** Nothing of it is left. */
  protected leave(): void {
    const budget = this.#budget;
    if (budget === undefined) {
      return;
    }
    this.#budget = undefined;
    budget.leave(this);
    this.account.hold(-this.held);
  }
}
