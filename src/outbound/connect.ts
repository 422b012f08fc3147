import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { reachOf } from "../addresses/reach.ts";
import type { Resolve } from "./resolver.ts";
import { addressOfUrl, mayReach, urlFault } from "./url.ts";
import type { ReceiverRules } from "./url.ts";

/** A connection with a receiver. */
export interface ReceiverConnection {
  readonly socket: Socket;
  /** Whether it leads to this machine or a private network. */
  readonly isPrivate: boolean;
}

/** Why there is no connection, in words that say nothing of the network behind. */
export class ConnectFailure extends Error {
  override readonly name = "ConnectFailure";
  /** Whether it was tried at an address of this machine or a private network. */
  readonly isPrivate: boolean;

  constructor(message: string, isPrivate = false) {
    super(message);
    this.isPrivate = isPrivate;
  }
}

/** What connecting needs. */
export interface ConnectOptions {
  readonly rules: ReceiverRules;
  readonly resolve: Resolve;
}

/** So many addresses of a name are tried. */
const maxAddresses = 3;

/** How long each may take, in milliseconds. */
const addressMs = 5000;

const refused =
  "the name of the url leads to an address that is not reachable from everywhere";

/**
 * Connects with the receiver at a URL. All addresses of its name are judged, and then connected to as they are: a name that leads elsewhere
 * a moment later changes nothing.
 *
 * @throws ConnectFailure
 */
export async function connectReceiver(
  url: URL,
  { rules, resolve }: ConnectOptions,
  signal: AbortSignal,
): Promise<ReceiverConnection> {
  // What is allowed may be less than when the hook was created.
  const fault = urlFault(url.href, rules);
  if (fault !== undefined) {
    throw new ConnectFailure(`the url cannot be used: ${fault}`);
  }
  const addresses = await addressesOf(url, resolve, signal);
  if (!addresses.every((address) => mayReach(address, rules))) {
    throw new ConnectFailure(refused);
  }
  let failure = new ConnectFailure("the name of the url has no address");
  for (const address of addresses.slice(0, maxAddresses)) {
    const isPrivate = reachOf(address) === "private";
    try {
      const limits = [signal, AbortSignal.timeout(addressMs)];
      const socket = await open(url, address, AbortSignal.any(limits));
      return { socket, isPrivate };
    } catch (error) {
      failure = new ConnectFailure(wordsOf(error), isPrivate);
    }
  }
  throw failure;
}

async function addressesOf(
  url: URL,
  resolve: Resolve,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const written = addressOfUrl(url);
  if (written !== undefined) {
    return [written];
  }
  try {
    return await withSignal(resolve(nameOf(url)), signal);
  } catch {
    throw new ConnectFailure("the name of the url has no address");
  }
}

/** Ends a wait with the signal; what is waited for goes on. */
function withSignal<Value>(
  promise: Promise<Value>,
  signal: AbortSignal,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(new Error("aborted"));
    };
    signal.addEventListener("abort", abort, { once: true });
    promise
      .finally(() => {
        signal.removeEventListener("abort", abort);
      })
      .then(resolve, () => {
        reject(new Error("no address"));
      });
  });
}

/** Opens a connection; a TLS one has shown a certificate of the name. */
function open(url: URL, address: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const isTls = url.protocol === "https:";
    const port = Number(url.port || (isTls ? 443 : 80));
    const isName = addressOfUrl(url) === undefined;
    const socket = isTls
      ? connectTls({
          ...{ host: address, port, ALPNProtocols: ["http/1.1"] },
          ...(isName && { servername: nameOf(url) }),
        })
      : connectTcp({ host: address, port });
    const abort = () => {
      socket.destroy(new Error("timeout"));
    };
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) {
      abort();
    }
    socket.once(isTls ? "secureConnect" : "connect", () => {
      signal.removeEventListener("abort", abort);
      resolve(socket);
    });
    // Stays: who uses the socket is told in another way.
    socket.on("error", (error: Error) => {
      signal.removeEventListener("abort", abort);
      reject(error);
    });
  });
}

/** The name, without the dot that may end it: certificates have none. */
function nameOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, "");
}

function wordsOf(error: unknown): string {
  const code =
    error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ECONNREFUSED":
      return "the connection was refused";
    case "":
      return "there was no connection in time";
    default:
      return `there was no connection (${code})`;
  }
}
