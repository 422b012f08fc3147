import type { CallName } from "./calls.ts";
import type { ContestantName } from "./contestants.ts";

/** How many times cheaper than each peer's call ours shall be at least, by CPU time. */
export const aims: Readonly<
  Record<CallName, Readonly<Partial<Record<ContestantName, number>>>>
> = {
  grpc: {
    "connect-node": 5,
    "grpc-js": 1,
    "connect-go": 2,
    "grpc-go": 2,
    "bare-node": 0.5,
  },
  connect: { "connect-node": 4, "connect-go": 0.9 },
  "connect-gzip": {},
  "connect-get": {},
  "rest-gzip": {},
  rest: { fastify: 0.7, "connect-go": 1.5, "grpc-go": 2.5 },
  write: {},
};

/** The same of a durable write beside our own read by gRPC. */
export const writeBesideRead = 0.5;
