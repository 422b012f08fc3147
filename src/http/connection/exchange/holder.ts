import type { ConnectionAge } from "./age.ts";
import { requestBytes } from "../budget/budget.ts";
import type { Budget, ConnectionAccount, Holding } from "../budget/budget.ts";

/** What a field counts beside its name and value, in bytes, as in HTTP/2 (RFC 9113, §6.5.2). */
const fieldBytes = 32;

/** The part of a header that the fixed amount for each request covers, in bytes. */
const smallHeaderBytes = 1024;

/** Measured memory for each byte beyond that: the text, the tables of its fields, and what the parser keeps. */
const costOfByte = 3;

/**
 * How large a header is, in bytes.
 *
 * @param target of the request, where it is not among the fields
 * @param rawHeaders names and values by turns
 */
export function headerBytes(
  target: string,
  rawHeaders: readonly string[],
): number {
  let bytes = target.length + (fieldBytes * rawHeaders.length) / 2;
  for (const text of rawHeaders) {
    bytes += text.length;
  }
  return bytes;
}

/** What a header takes in memory beyond what every request is counted as, in bytes. */
export function headerCost(bytes: number): number {
  return costOfByte * Math.max(0, bytes - smallHeaderBytes);
}

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
  /** Nearly all requests have two: an array that grows takes memory for many. */
  #onClose: (() => void) | undefined;
  #alsoOnClose: (() => void)[] | undefined;

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

  /** Calls the listener once, when nothing more will happen. */
  onClose(listener: () => void): void {
    if (this.#onClose === undefined) {
      this.#onClose = listener;
    } else if (this.#alsoOnClose === undefined) {
      this.#alsoOnClose = [listener];
    } else {
      this.#alsoOnClose.push(listener);
    }
  }

  protected tellOfClose(): void {
    this.#onClose?.();
    this.#alsoOnClose?.forEach((listener) => {
      listener();
    });
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
