import { networkOf } from "./connection-count.ts";
import { TokenBucket } from "./token-bucket.ts";
import { Roster } from "./roster.ts";
import type { Listed } from "./roster.ts";

/** Measured memory of an open request without header and body, in bytes. */
export const requestBytes = 12 * 1024;

/** Measured memory of a stream beyond that, in bytes: iterators, signals, web headers, codecs. */
export const handlerBytes = 36 * 1024;

/** Memory of a pipelined request that has not begun, in bytes. */
export const waitingBytes = 4 * 1024;

/** How long a request may hold any amount, in milliseconds: an honest client has read its response by then. */
const graceMs = 1000;

/** While memory is short: the time between two searches for requests that hold too much for too long, in milliseconds. */
const reliefIntervalMs = 100;

/** How long connections are closed in one turn of the event loop, in milliseconds: all others wait meanwhile. */
const reliefSliceMs = 10;

/** How many very small pieces of bodies one connection may send: in a burst, and per second. */
const smallPieceBurst = 512;
const smallPieceRate = 100;

/** Streams that are refused since too many are open: so many at once on one connection, and per second. */
const refusedStreamBurst = 64;
const refusedStreamRate = 10;

/** A request, and what it holds. */
export interface Holding extends Listed {
  /** By `performance.now()`. */
  readonly startedAt: number;
  readonly account: ConnectionAccount;
  /** In bytes. */
  readonly held: number;
}

/** What the connections of a network hold together. */
interface NetworkAccount {
  /** In bytes; 0 where the budget does not know the account any more. */
  held: number;
}

/** The account of one connection: what its requests have received, and what waits to be sent. */
export class ConnectionAccount {
  /** In bytes. */
  held = 0;
  /** The part of {@link held} of requests that have not begun. */
  waiting = 0;
  readonly network: string;
  /** The account of the network, which the budget keeps here. */
  ofNetwork: NetworkAccount | undefined;
  /** Tells the client, and ends the connection. */
  readonly end: () => void;
  readonly #budget: Budget;
  /** Few connections ever need it. */
  #smallPieces: TokenBucket | undefined;
  #refusedStreams: TokenBucket | undefined;

  constructor(budget: Budget, address: string, end: () => void) {
    this.#budget = budget;
    this.network = networkOf(address);
    this.end = end;
  }

  /** @param bytes negative where they are given back */
  hold(bytes: number): void {
    this.held += bytes;
    this.#budget.hold(bytes, this);
  }

  /** The same for a request that has not begun. */
  wait(bytes: number): void {
    this.waiting += bytes;
    this.hold(bytes);
  }

  /** Ends the connection where it takes too many of them: thousands come in one read, and everybody waits for each. */
  takeSmallPiece(): boolean {
    this.#smallPieces ??= new TokenBucket(smallPieceBurst, smallPieceRate);
    return this.#takeOrEnd(this.#smallPieces);
  }

  /** Ends the connection where its client goes on to open streams that are refused. */
  countRefused(): void {
    this.#refusedStreams ??= new TokenBucket(
      refusedStreamBurst,
      refusedStreamRate,
    );
    this.#takeOrEnd(this.#refusedStreams);
  }

  /** Says whether the connection goes on. */
  #takeOrEnd(bucket: TokenBucket): boolean {
    const goesOn = bucket.take(1, performance.now());
    if (!goesOn) {
      this.end();
    }
    return goesOn;
  }
}

/**
 * The memory that all connections together may hold, and what happens when it is short:
 *
 * - From three quarters on, connections that hold more than their share get no new requests.
 * - From seven eighths on, connections are closed until a quarter is free: first those of the network that holds most by requests of
 *   more than a second, never one that holds less than the average.
 * - Above the maximum, every new request is refused. Networks that hold little have another eighth for themselves, and no share, so
 *   that they do not notice that others hold too much.
 */
export class Budget {
  #held = 0;
  readonly #max: number;
  readonly #high: number;
  readonly #low: number;
  readonly #share: number;
  readonly #open = new Roster<Holding>();
  /** Of the networks that hold anything. */
  readonly #networks = new Map<string, NetworkAccount>();
  /** A network that holds no more than this, in bytes, holds little. */
  readonly #little: number;
  /** What all networks that hold little may hold beyond the maximum, in bytes. */
  #heldByLittle = 0;
  #relief: NodeJS.Timeout | undefined;

  /**
   * @param maxBytes for all connections
   * @param maxConnectionBytes for one; an eighth of it is its share when memory is short
   */
  constructor(maxBytes: number, maxConnectionBytes: number) {
    this.#max = maxBytes;
    this.#high = (7 / 8) * maxBytes;
    this.#low = (3 / 4) * maxBytes;
    this.#share = maxConnectionBytes / 8;
    this.#little = maxBytes / 32;
  }

  hold(bytes: number, account: ConnectionAccount): void {
    this.#held += bytes;
    this.#holdFor(account, bytes);
    if (bytes > 0 && this.#held > this.#high) {
      this.#relieveIn(0);
    }
  }

  #holdFor(account: ConnectionAccount, bytes: number): void {
    const ofNetwork = this.#networkOf(account);
    const before = ofNetwork.held;
    const after = Math.max(0, before + bytes);
    ofNetwork.held = after;
    if (after === 0) {
      this.#networks.delete(account.network);
    }
    if (before <= this.#little) {
      this.#heldByLittle -= before;
    }
    if (after <= this.#little) {
      this.#heldByLittle += after;
    }
  }

  /** Looked up where the connection does not have it: each request holds something several times. */
  #networkOf(account: ConnectionAccount): NetworkAccount {
    const { network, ofNetwork } = account;
    if (ofNetwork !== undefined && ofNetwork.held > 0) {
      return ofNetwork;
    }
    const known = this.#networks.get(network) ?? { held: 0 };
    this.#networks.set(network, known);
    account.ofNetwork = known;
    return known;
  }

  /** Puts a request under observation, until it {@link leave}s. */
  enter(holding: Holding): void {
    this.#open.add(holding);
  }

  leave(holding: Holding): void {
    this.#open.delete(holding);
  }

  /** Whether a network gets no new connections: when memory is full, only those that hold little get any. */
  isFullFor(network: string): boolean {
    if (this.#held <= this.#max) {
      return false;
    }
    return !this.#holdsLittle(network) || this.#heldByLittle > this.#max / 8;
  }

  /** Whether a new request of the connection has to be refused. */
  refuses({ held, network }: ConnectionAccount): boolean {
    if (this.isFullFor(network)) {
      return true;
    }
    const isOverShare = this.#held > this.#low && held > this.#share;
    return isOverShare && !this.#holdsLittle(network);
  }

  #holdsLittle(network: string): boolean {
    return (this.#networks.get(network)?.held ?? 0) <= this.#little;
  }

  stop(): void {
    clearTimeout(this.#relief);
  }

  #relieveIn(ms: number): void {
    this.#relief ??= setTimeout(() => {
      this.#relief = undefined;
      if (this.#held > this.#high) {
        this.#relieveIn(this.#relieve());
      }
    }, ms).unref();
  }

  /** @returns when to look again, in milliseconds */
  #relieve(): number {
    const start = performance.now();
    let left = this.#held;
    for (const [account, bytes] of this.#findHolders(start - graceMs)) {
      if (left <= this.#low) {
        break;
      }
      account.end();
      left -= bytes;
      if (performance.now() - start > reliefSliceMs) {
        return 0;
      }
    }
    return reliefIntervalMs;
  }

  /**
   * The connections that hold at least as much as the average one, by requests that began before the given time, and how much that
   * is: who goes first comes first.
   */
  #findHolders(before: number): [ConnectionAccount, number][] {
    const holders = new Map<ConnectionAccount, number>();
    const networks = new Map<string, number>();
    this.#open.forEach(({ startedAt, account, held }) => {
      const old = startedAt > before ? 0 : held;
      holders.set(account, (holders.get(account) ?? account.waiting) + old);
      const { network } = account;
      networks.set(network, (networks.get(network) ?? 0) + old);
    });
    const average = this.#held / holders.size;
    const ofNetwork = ({ network }: ConnectionAccount) =>
      networks.get(network) ?? 0;
    return (
      [...holders]
        .filter(([, bytes]) => bytes >= average)
        // Of equals the newest are closed first: they are last in the list.
        .reverse()
        .sort(
          ([a, aBytes], [b, bBytes]) =>
            ofNetwork(b) - ofNetwork(a) || bBytes - aBytes,
        )
    );
  }
}
