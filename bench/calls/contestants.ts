import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { startLockoutd } from "../support/lockoutd-server.ts";
import type { LockoutdOptions } from "../support/lockoutd-server.ts";
import type { Skipped } from "../support/redis-server.ts";
import type { CallName } from "./calls.ts";
import { buildGoPeers } from "./go-peers.ts";
import type { GoPeer } from "./go-peers.ts";
import type { PeerPorts, Protocol } from "./peers/peer-process.ts";
import { startPeer } from "./start-peer.ts";

/** A server that is measured. */
export interface Contestant {
  readonly title: string;
  /** The calls that it answers. */
  readonly calls: readonly CallName[];
  /** Starts a process of it, with files of its own in a directory of its own. @param before the checkout that `--before` names */
  readonly start: (
    directory: string,
    before?: string,
  ) => Promise<Contender | Skipped>;
}

/** A process that serves. */
export interface Contender {
  readonly pid: number;
  readonly ports: PeerPorts;
  readonly token: string;
  stop(): Promise<void>;
}

const reads = ["grpc", "connect", "rest"] as const;
/** In ways that few servers have. */
const otherReads = ["connect-gzip", "connect-get", "rest-gzip"] as const;

/** By the names that `--peers` takes. */
export const contestants = {
  lockoutd: {
    title: "lockoutd",
    calls: [...reads, ...otherReads, "write"],
    start: (directory) => startOurs(directory),
  },
  before: {
    title: "lockoutd before",
    calls: [...reads, ...otherReads, "write"],
    start: (directory, before = ".") =>
      startOurs(directory, { entry: resolve(before, "src/main.ts") }),
  },
  "without-store": {
    title: "its HTTP server, empty handler",
    calls: [...reads, ...otherReads, "write"],
    start: () => startNode("without-store"),
  },
  "bare-node": {
    title: "bare Node, fixed bytes",
    calls: reads,
    start: () => startNode("bare-node"),
  },
  "connect-node": {
    title: "connect-node",
    calls: ["grpc", "connect", "connect-gzip", "connect-get"],
    start: () => startNode("connect-node"),
  },
  "grpc-js": {
    title: "@grpc/grpc-js",
    calls: ["grpc"],
    start: () => startNode("grpc-js"),
  },
  fastify: {
    title: "Fastify",
    calls: ["rest"],
    start: () => startNode("fastify"),
  },
  "connect-go": {
    title: "connect-go + vanguard-go",
    calls: reads,
    start: () => startGo("connect-vanguard"),
  },
  "grpc-go": {
    title: "grpc-go + grpc-gateway, one port",
    calls: ["grpc", "rest"],
    start: () => startGo("grpc-gateway"),
  },
  "gateway-in-process": {
    title: "grpc-gateway, past all interceptors",
    calls: ["rest"],
    start: () => startGo("grpc-gateway", ["in-process"]),
  },
} as const satisfies Record<string, Contestant>;

export type ContestantName = keyof typeof contestants;

export const contestantNames = Object.keys(
  contestants,
) as readonly ContestantName[];

/** Those that need no other checkout. */
export const peerNames = contestantNames.filter((name) => name !== "before");

/** The token of the peers, as long as ours is. */
const peerToken = randomBytes(32).toString("base64url");

/** Starts a lockoutd with a new database in the directory. */
export async function startOurs(
  directory: string,
  options: Pick<LockoutdOptions, "entry" | "nodeOptions"> = {},
): Promise<Contender> {
  const server = await startLockoutd({
    database: join(directory, "lockoutd.db"),
    ...options,
  });
  const { pid, port, token } = server;
  return {
    pid,
    ports: { grpc: port, connect: port, rest: port },
    token,
    stop: () => server.stop(),
  };
}

function startNode(name: string): Promise<Contender> {
  const program = fileURLToPath(new URL(`peers/${name}.ts`, import.meta.url));
  return startPeer(process.execPath, [program], peerToken);
}

async function startGo(
  name: GoPeer,
  args: readonly string[] = [],
): Promise<Contender | Skipped> {
  const built = buildGoPeers();
  return "skipped" in built ? built : startPeer(built[name], args, peerToken);
}

/** The port of a protocol. Throws where the contender has none. */
export function portOf({ ports }: Contender, protocol: Protocol): number {
  const port = ports[protocol];
  if (port === undefined) {
    throw new Error(`${protocol} is not served`);
  }
  return port;
}
