import { Code, ConnectError, createContextKey } from "@connectrpc/connect";
import type { HandlerContext } from "@connectrpc/connect";
import { networkOf } from "../connection/connection-count.ts";
import type { Exchange } from "../connection/exchange.ts";
import type { HttpLimits } from "../limits.ts";

/** The context value that has the client of a call, for the gate of services that need no token. */
export const peerKey = createContextKey<Peer | undefined>(undefined, {
  description: "the client's connection",
});

interface Peer extends Pick<Exchange, "connection" | "onClose"> {
  /** The client's, behind trusted proxies. */
  readonly clientAddress: string;
}

/**
 * The gate of services that need no token: each of their streams (a watch of health, reflection) takes memory for as long as the
 * client likes, so they are counted.
 *
 * @throws ConnectError RESOURCE_EXHAUSTED where there are too many
 */
export function createAnonymousStreamGate(
  limits: HttpLimits,
): (context: HandlerContext) => void {
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
  return ({ method, values }) => {
    const peer = values.get(peerKey);
    if (method.methodKind === "unary" || peer === undefined) {
      return;
    }
    const { connection } = peer;
    const network = networkOf(peer.clientAddress);
    ofConnection.check(connection);
    ofAddress.check(network);
    ofServer.check("all");
    const count = (change: 1 | -1) => {
      ofConnection.add(connection, change);
      ofAddress.add(network, change);
      ofServer.add("all", change);
    };
    count(1);
    peer.onClose(() => {
      count(-1);
    });
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

  check(key: Key): void {
    if (this.#most === 0 || (this.#counts.get(key) ?? 0) < this.#most) {
      return;
    }
    throw new ConnectError(
      `too many streams without a token are open ${this.#where}: at most ${this.#most}`,
      Code.ResourceExhausted,
    );
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
