import { networkOf } from "../connection/budget/connection-count.ts";
import type { Exchange } from "../connection/exchange/exchange.ts";
import type { HttpLimits } from "../limits.ts";

/** A request whose stream is counted. */
export interface Peer {
  readonly exchange: Pick<Exchange, "account" | "onClose">;
  /** The address that the client calls from, behind trusted proxies too. */
  readonly clientAddress: string;
}

/**
 * Admits a stream, and counts it until it is closed.
 *
 * @returns why it is refused, or undefined
 */
export type AdmitStream = (peer: Peer) => string | undefined;

/**
 * Counts the streams of services that need no token: each of them (a watch of health, reflection) takes memory for as long as the
 * client likes. They are refused before anything is built to serve them: thousands may come at once.
 */
export function countAnonymousStreams(limits: HttpLimits): AdmitStream {
  const ofConnection = new Tally<object>(
    limits.maxAnonymousStreamsPerConnection,
    "on this connection",
  );
  const ofAddress = new Tally<string>(
    limits.maxAnonymousStreamsPerAddress,
    "from this address",
  );
  const ofServer = new Tally<"all">(
    limits.maxAnonymousStreams,
    "on this server",
  );
  return ({ exchange, clientAddress }) => {
    const { account } = exchange;
    const network = networkOf(clientAddress);
    const refusal =
      ofConnection.refusal(account) ??
      ofAddress.refusal(network) ??
      ofServer.refusal("all");
    if (refusal !== undefined) {
      account.countRefused();
      return refusal;
    }
    const count = (change: 1 | -1) => {
      ofConnection.add(account, change);
      ofAddress.add(network, change);
      ofServer.add("all", change);
    };
    count(1);
    exchange.onClose(() => {
      count(-1);
    });
    return undefined;
  };
}

/** How many streams are open, by whatever they are counted by. */
class Tally<Key> {
  readonly #counts = new Map<Key, number>();
  readonly #most: number;
  readonly #where: string;

  /** @param most streams of one key, 0 for any number */
  constructor(most: number, where: string) {
    this.#most = most;
    this.#where = where;
  }

  /** Why one more is refused, or undefined. */
  refusal(key: Key): string | undefined {
    return this.#most === 0 || (this.#counts.get(key) ?? 0) < this.#most
      ? undefined
      : `too many streams without a token are open ${this.#where}: at most ${this.#most}`;
  }

  add(key: Key, change: 1 | -1): void {
    const count = (this.#counts.get(key) ?? 0) + change;
    if (count === 0) {
      this.#counts.delete(key);
    } else {
      this.#counts.set(key, count);
    }
  }
}
