import { promises as dns } from "node:dns";
import { createTurns } from "../pacing/turns.ts";
import type { ReceiverRules } from "./url.ts";

/** Finds the addresses of a name. @throws Error where there are none */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** How long a name server may take, in milliseconds, and how often it is asked. */
const serverTimeouts = { timeout: 2000, tries: 2 };

/** The system's own look-up keeps a thread of this process busy, of which it has few. */
const systemLookups = 1;

/**
 * Asks the name servers of this machine, which costs no thread: a name whose servers do not respond delays no other. Names that only this
 * machine or network knows (its hosts file, a search domain) are looked for where private receivers are allowed.
 */
export function createResolver({
  allowPrivate,
}: Pick<ReceiverRules, "allowPrivate">): Resolve {
  const resolver = new dns.Resolver(serverTimeouts);
  const inTurn = createTurns(systemLookups);
  return async (hostname) => {
    const found = await Promise.allSettled([
      resolver.resolve4(hostname),
      resolver.resolve6(hostname),
    ]);
    const addresses = found.flatMap((part) =>
      part.status === "fulfilled" ? part.value : [],
    );
    if (addresses.length > 0) {
      return addresses;
    }
    if (!allowPrivate) {
      throw new Error(`${hostname} has no address`);
    }
    const known = await inTurn(() => dns.lookup(hostname, { all: true }));
    return known.map(({ address }) => address);
  };
}
