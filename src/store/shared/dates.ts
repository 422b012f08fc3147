/** The latest time by a clock that is taken as it is, so that dates stay whole numbers below 2^53 for as long as they count on. */
const lastClockMs = Date.UTC(2200, 0, 1);

/** How far the dates of events may be ahead of the clock, in milliseconds, without being told: bursts of events get there too. */
const unremarkableLeadMs = 1000;

/**
 * The date of the next event, in microseconds since 1970 UTC: its time, or, where the log is as late already, a microsecond after
 * the last date. So dates are in the order of the log, each of one event; after a clock that went back they wait for it.
 *
 * @param last the last date of the log; 0 before the first event
 * @param time of the event, in milliseconds since 1970 UTC
 */
export function dateAfter(last: number, time: number): number {
  return Math.max(last + 1, dateOf(time));
}

/** The earliest date of a time in milliseconds. */
export function dateOf(time: number): number {
  return Math.min(time, lastClockMs) * 1000;
}

/** Is told of the newest date of the log, in microseconds, and the time by the clock, in milliseconds. */
export type LeadWatch = (date: number, now: number) => void;

/**
 * Tells when dates are ahead of the clock by more than bursts of events make them, as after a clock that jumped ahead and was set back: once,
 * until the clock has passed them.
 *
 * @param onBehind is told by how many milliseconds the clock is behind
 */
export function createLeadWatch(
  onBehind: (behindMs: number) => void,
): LeadWatch {
  let isTold = false;
  return (date, now) => {
    const lead = Math.floor(date / 1000) - now;
    const isAhead = lead > unremarkableLeadMs;
    if (isAhead && !isTold) {
      onBehind(lead);
    }
    isTold = isAhead;
  };
}
