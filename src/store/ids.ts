/** The time in milliseconds since 1970 UTC. */
export type Clock = () => number;

/** Makes ids that are unique and sort by time. */
export type NewId = () => string;

/** Ids that a store gives have 18 digits; those of tests may be a little longer. */
const maxIdLength = 64;

/**
 * Whether a store can have given an id, such as that of an organisation. One that is longer need not be looked for, nor be kept as
 * unknown.
 */
export function mayBeId(id: string): boolean {
  return id.length <= maxIdLength;
}

// 1990: late enough for nothing, early enough that every tick since has 12 digits, until 2306.
const epoch = Date.UTC(1990, 0, 1);
const tickMs = 10;
const idsPerTick = 1000;

/**
 * Ids that look like ZITADEL's: 18 decimal digits, which its clients check (`^\d{18}$`). 12 digits are ticks of
 * 10 ms, 3 a count within the tick, 3 the machine (0 to 999).
 *
 * A clock that jumps back does not repeat an id: the ticks go on from the last one. Beyond 1,000 ids in a tick
 * the next tick is borrowed.
 *
 * @throws RangeError unless the machine is a whole number from 0 to 999
 */
export function createIds(now: Clock, machine = 0): NewId {
  if (!Number.isInteger(machine) || machine < 0 || machine > 999) {
    throw new RangeError(`a machine number is 0 to 999, not ${machine}`);
  }
  const suffix = String(machine).padStart(3, "0");
  let lastTick = 0;
  let count = 0;
  return () => {
    const tick = Math.floor((now() - epoch) / tickMs);
    if (tick > lastTick) {
      lastTick = tick;
      count = 0;
    } else if (count === idsPerTick) {
      lastTick += 1;
      count = 0;
    }
    const id = `${lastTick}${String(count).padStart(3, "0")}${suffix}`;
    count += 1;
    return id;
  };
}
