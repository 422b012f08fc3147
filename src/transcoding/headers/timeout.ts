import { Code, ConnectError } from "@connectrpc/connect";
import { badRequest, type Fault } from "../fault.ts";
import { maxTimerMs } from "./timer.ts";

const milliseconds = /^[0-9]{1,10}$/;
const grpcTimeout = /^([0-9]{1,8})([HMSmun])$/;
const seconds = /^(?:[0-9]{1,10}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})$/;

const grpcUnits: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** How long a client gives a call: the shortest of what its headers say. */
export interface Timeout {
  /** At most {@link maxTimerMs}; undefined where the client says nothing. */
  readonly timeoutMs: number | undefined;
  /** A header that is malformed or asks for more than is allowed. */
  readonly fault: Fault | undefined;
}

const none: Timeout = { timeoutMs: undefined, fault: undefined };

/** Gives the value of a header field by its name in lower case; several fields of one name are joined. */
export type HeaderField = (name: string) => string | null;

/**
 * Reads Connect-Timeout-Ms (milliseconds), Grpc-Timeout (a number and a unit) and X-Server-Timeout (seconds).
 *
 * @param maxTimeoutMs what clients may ask for. From {@link maxTimerMs} on there is no limit, and more is taken for that.
 */
export function parseTimeout(
  field: HeaderField,
  maxTimeoutMs: number,
): Timeout {
  const connect = field("connect-timeout-ms");
  const grpc = field("grpc-timeout");
  const server = field("x-server-timeout");
  if (connect === null && grpc === null && server === null) {
    return none;
  }
  let shortest = Number.POSITIVE_INFINITY;
  for (const [name, text, read] of [
    ["Connect-Timeout-Ms", connect, readMilliseconds],
    ["Grpc-Timeout", grpc, readGrpcTimeout],
    ["X-Server-Timeout", server, readSeconds],
  ] as const) {
    if (text === null) {
      continue;
    }
    const value = read(text);
    if (value === undefined) {
      return {
        timeoutMs: undefined,
        fault: badRequest(`the header ${name} is malformed`),
      };
    }
    shortest = Math.min(shortest, value);
  }
  if (maxTimeoutMs < maxTimerMs && shortest > maxTimeoutMs) {
    return {
      timeoutMs: undefined,
      fault: badRequest(`the timeout is longer than ${maxTimeoutMs} ms`),
    };
  }
  return { timeoutMs: Math.min(shortest, maxTimerMs), fault: undefined };
}

function readMilliseconds(text: string): number | undefined {
  return milliseconds.test(text) ? Number(text) : undefined;
}

function readGrpcTimeout(text: string): number | undefined {
  const parts = grpcTimeout.exec(text);
  const unit = grpcUnits[parts?.[2] ?? ""];
  return parts === null || unit === undefined
    ? undefined
    : Number(parts[1]) * unit;
}

function readSeconds(text: string): number | undefined {
  return seconds.test(text) ? Number(text) * 1000 : undefined;
}

/**
 * Starts the clock of a call.
 *
 * @param timeoutMs milliseconds; what no timer can hold is cut
 * @param expire called once with DEADLINE_EXCEEDED, at once where no time is left
 * @returns the timer, for `clearTimeout`
 */
export function startDeadline(
  timeoutMs: number,
  expire: (reason: ConnectError) => void,
): NodeJS.Timeout | undefined {
  const end = () => {
    expire(new ConnectError("the operation timed out", Code.DeadlineExceeded));
  };
  if (timeoutMs > 0) {
    return setTimeout(end, Math.min(timeoutMs, maxTimerMs));
  }
  end();
  return undefined;
}
