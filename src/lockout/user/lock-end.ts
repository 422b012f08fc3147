/** The end of locks that end by themselves. */
import type { CounterStep } from "./counter.ts";
import { firstEnded, withoutLock } from "./lock.ts";
import { lockEnded } from "./user-events.ts";
import { newUser } from "./user.ts";
import type { DecideUser, UserView } from "./user.ts";

/**
 * The end of the lock that ended first by now: the count of its factor starts over, and open attempts go on. The account stays as it is.
 */
export const endLock: DecideUser<void> = ({ user, now }) => {
  const ended = firstEnded(user ?? newUser, now);
  if (user === undefined || ended === undefined) {
    throw new Error("a lock ends that does not end by itself");
  }
  const { closes, lock } = ended;
  const { factor, endTime = now } = lock;
  const steps: readonly CounterStep[] =
    factor === undefined
      ? []
      : [{ factor, failed: 0, startsOver: true, open: 0 }];
  return {
    result: undefined,
    user: withoutLock(user, closes),
    steps,
    events: [lockEnded(closes, endTime)],
  };
};

/** How a user stands once locks that have ended by themselves are taken for ended, though no event says so yet. */
export function withoutEndedLocks<
  View extends Pick<UserView, "user" | "counters" | "now">,
>(view: View): View {
  const { user, counters, now } = view;
  const ended = firstEnded(user ?? newUser, now);
  if (user === undefined || ended === undefined) {
    return view;
  }
  const { closes, lock } = ended;
  return withoutEndedLocks({
    ...view,
    user: withoutLock(user, closes),
    ...(lock.factor !== undefined && {
      counters: {
        ...counters,
        [lock.factor]: { ...counters[lock.factor], failed: 0 },
      },
    }),
  });
}
