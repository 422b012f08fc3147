/** When requests to receivers may begin, so that whoever calls this server hardly waits for them. */
export interface Pace {
  /** Somebody has called this server. */
  readonly called: () => void;
  /** How long until the next request may begin, in milliseconds; 0: now. */
  readonly waitMs: () => number;
  /** One begins. */
  readonly begun: () => void;
}

/** So long after a call more are expected, in milliseconds. */
const callsMs = 100;

/** Meanwhile a request begins so long after the one before, in milliseconds: each takes about one of the event loop. */
const spacingMs = 10;

/** Makes the one of a server. @param now in milliseconds, never goes back */
export function createPace(now: () => number): Pace {
  // Looked at when something is to be sent, which costs a call less than a clock.
  let wasCalled = false;
  let callsUntil = -Infinity;
  let lastBegun = -Infinity;
  return {
    called: () => {
      wasCalled = true;
    },
    waitMs: () => {
      const time = now();
      if (wasCalled) {
        wasCalled = false;
        callsUntil = time + callsMs;
      }
      return time < callsUntil ? Math.max(lastBegun + spacingMs - time, 0) : 0;
    },
    begun: () => {
      lastBegun = now();
    },
  };
}
