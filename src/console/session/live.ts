import type { Event } from "../../../gen/zitadel/event_pb.js";
import { isEnd } from "./clients.ts";
import type { Clients, OnEnd } from "./clients.ts";

/** Events that change what pages show of locks. */
const types = [
  ...["user.locked", "user.unlocked", "user.removed"],
  ...["user.factor.locked", "user.factor.unlocked"],
  ...["org.lockout.storm.began", "org.lockout.storm.ended"],
];

const firstRetryMs = 500;
const longestRetryMs = 10_000;

/** Told of an event; undefined where a connection was made, since what happened before it was missed. */
type Listener = (event: Event | undefined) => void;

/** The one stream of events of a console, for all that it shows. */
export interface Live {
  /** Calls back with each event that changes who is locked. @returns what ends it */
  listen(listener: Listener): () => void;
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
  onEnd: OnEnd,
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
  const follow = async (signal: AbortSignal) => {
    const isEnding = () => signal.aborted;
    let retryMs = firstRetryMs;
    while (!isEnding()) {
      try {
        const stream = attempts.watchEvents(
          { eventTypes: types },
          {
            signal,
            onHeader: () => {
              retryMs = firstRetryMs;
              setState(true);
              tell(undefined);
            },
          },
        );
        for await (const { event } of stream) {
          tell(event);
        }
      } catch (error) {
        // That the connection is lost is shown, and it is made anew; without a good token it would be in vain.
        if (isEnd(error)) {
          onEnd(error);
          return;
        }
      }
      if (!isEnding()) {
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
    onState: (listener) => {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    start: () => {
      const ending = new AbortController();
      void follow(ending.signal);
      return () => {
        ending.abort();
      };
    },
  };
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
