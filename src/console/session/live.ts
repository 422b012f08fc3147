import type { WatchEventsResponse } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { Event } from "../../../gen/zitadel/event_pb.js";
import { Code, ConnectError } from "@connectrpc/connect";
import { isEnd } from "./clients.ts";
import type { Clients, Lifetime } from "./clients.ts";

/** Events that change what pages show of locks. */
export const lockEvents: readonly string[] = [
  ...["user.locked", "user.unlocked", "user.removed"],
  ...["user.factor.locked", "user.factor.unlocked"],
  ...["org.lockout.storm.began", "org.lockout.storm.ended"],
];

/** What the stream brings where nobody follows anything. */
const onlyLocks = {
  ...{ types: lockEvents, follower: undefined, start: undefined },
};

const firstRetryMs = 500;
const longestRetryMs = 10_000;

/** So far back in the log a page's events begin that follows some: a browser has them at once. */
const recentPositions = 2000n;

/** Told of an event; undefined where a connection was made, since what happened before it was missed. */
type Listener = (event: Event | undefined) => void;

/** Told of each event, the oldest first. */
type Follower = (entry: WatchEventsResponse) => void;

/** Where in the log the events begin that are followed. */
interface Start {
  /** The position of the first of them. */
  readonly position: bigint;
  /** Told that the log has no such position. */
  readonly onRefused: (error: unknown) => void;
}

/** What is followed. */
interface Following {
  readonly types: readonly string[];
  readonly follower: Follower;
  readonly start: Start | undefined;
}

/** The one stream of events of a console, for all that it shows: a browser has few connections to a server, for all its tabs together. */
export interface Live {
  /** Calls back with each event that changes who is locked. @returns what ends it */
  listen(listener: Listener): () => void;
  /**
   * Has the stream bring the last events of these types, and those that follow, each once, also where the connection is made anew. One page
   * at a time does that. Listeners are told as soon as the stream is there.
   *
   * @param types empty for all that the caller may see
   * @param start unset for the last ones
   * @returns what ends it
   */
  follow(
    types: readonly string[],
    follower: Follower,
    start?: Start,
  ): () => void;
  /** Whether there is a connection, or none was lost yet. */
  isConnected(): boolean;
  /** Calls back each time that the connection is lost or made. @returns what ends it */
  onState(listener: (isConnected: boolean) => void): () => void;
  /** Begins to follow the events. @returns what ends it */
  start(): () => void;
}

/** Follows events until it is told to end: a connection that is lost is made anew. */
export function createLive(
  { attempts }: Pick<Clients, "attempts">,
  lifetime: Lifetime,
): Live {
  let isConnected = true;
  const listeners = new Set<Listener>();
  const stateListeners = new Set<(isConnected: boolean) => void>();
  const tell = (event: Event | undefined) => {
    for (const listener of listeners) {
      listener(event);
    }
  };
  const setState = (state: boolean) => {
    isConnected = state;
    for (const listener of stateListeners) {
      listener(state);
    }
  };
  let following: Following | undefined;
  let restarting = new AbortController();
  /** The position of the last event that was followed. */
  let last = 0n;
  /** Where the next connection begins; empty for what comes from then on. */
  let after = "";
  const turnTo = (next: Following | undefined) => {
    following = next;
    last = (next?.start?.position ?? 1n) - 1n;
    after = next?.start === undefined ? "" : String(last);
    restarting.abort();
  };

  /** Reads events until the connection ends. @throws ConnectError where it is lost */
  const read = async (signal: AbortSignal, onMade: () => void) => {
    const { types, follower, start } = following ?? onlyLocks;
    const begin = after;
    after = "";
    const stream = attempts.watchEvents(
      { eventTypes: [...types], after: begin },
      {
        signal,
        onHeader: (header) => {
          const now = BigInt(header.get("last-event-id") ?? "0");
          const recent = start === undefined ? now - recentPositions : 0n;
          const first = recent > last ? recent : last;
          if (follower !== undefined && begin === "" && first < now) {
            after = String(first);
            restarting.abort();
            return;
          }
          onMade();
        },
      },
    );
    for await (const entry of stream) {
      const { position, event } = entry;
      last = BigInt(position);
      follower?.(entry);
      if (lockEvents.includes(event?.type?.type ?? "")) {
        tell(event);
      }
    }
  };
  const run = async (signal: AbortSignal) => {
    const isEnding = () => signal.aborted;
    let retryMs = firstRetryMs;
    while (!isEnding()) {
      restarting = new AbortController();
      const restart = restarting.signal;
      try {
        await read(AbortSignal.any([signal, restart]), () => {
          retryMs = firstRetryMs;
          setState(true);
          tell(undefined);
        });
      } catch (error) {
        // That the connection is lost is shown, and it is made anew; without a good token it would be in vain.
        if (isEnd(error)) {
          if (!signal.aborted) {
            lifetime.onEnd(error);
          }
          return;
        }
        if (following?.start !== undefined && isRefusal(error)) {
          following.start.onRefused(error);
          turnTo(undefined);
        }
      }
      if (!isEnding() && !restart.aborted) {
        setState(false);
        await pause(retryMs, signal);
        retryMs = Math.min(retryMs * 2, longestRetryMs);
      }
    }
  };
  return {
    isConnected: () => isConnected,
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    follow: (types, follower, start) => {
      const own = { types, follower, start };
      turnTo(own);
      return () => {
        if (following === own) {
          turnTo(undefined);
        }
      };
    },
    onState: (listener) => {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    start: () => {
      const ending = new AbortController();
      void run(ending.signal);
      return () => {
        ending.abort();
      };
    },
  };
}

/** Whether the server will never bring what it was asked for. */
function isRefusal(error: unknown): boolean {
  return ConnectError.from(error).code === Code.InvalidArgument;
}

/** Waits for a while; less where the network comes back, or the end comes. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    addEventListener("online", end);
    signal.addEventListener("abort", end);
  });
}
