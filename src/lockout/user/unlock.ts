/** What somebody unlocks: the user and all factors that are locked, and all counters start anew. */
import { clearAll } from "./counter.ts";
import { withoutOpenOnDevices } from "./devices.ts";
import { LockoutError } from "../errors/errors.ts";
import type { ErrorName } from "../errors/errors.ts";
import { isAnyLocked, latestLock, placedLocks } from "./lock.ts";
import { unlockedBySomebody } from "./user-events.ts";
import type { UnlockRemarks } from "./user-events.ts";
import { lockErrors } from "./user.ts";
import type {
  DecideUser,
  UserApi,
  UserChange,
  UserState,
  UserView,
} from "./user.ts";

/**
 * An administrator unlocks a user: all counters are reset, and open attempts become void. Else N attempts that were held open through the
 * unlock would lock the user again or, with N new chances, make 2N comparisons that can succeed (I1).
 * A user who was initial is active then, as at ZITADEL.
 */
export function unlockUser(api: UserApi): DecideUser<void> {
  return ({ user, counters }) => {
    const names = lockErrors[api.version];
    if (user === undefined) {
      throw new LockoutError(names.unknownOnUnlock);
    }
    if (!isAnyLocked(user)) {
      throw new LockoutError(names.notLocked);
    }
    api.authorise();
    return { result: undefined, ...unlocked(user, counters) };
  };
}

/** What {@link unlockSubject} is told. */
export interface UnlockCommand extends UnlockRemarks {
  /** A lock that began later is left as it is: milliseconds since 1970 UTC. */
  readonly ifLockedAt: number | undefined;
  /** The refusal where nobody was ever seen. */
  readonly unknown: ErrorName;
}

/** As {@link unlockUser}, of a user or a login name. */
export function unlockSubject({
  ifLockedAt,
  unknown,
  ...remarks
}: UnlockCommand): DecideUser<void> {
  return ({ user, counters }) => {
    if (user === undefined) {
      throw new LockoutError(unknown);
    }
    const latest = latestLock(user);
    if (latest === undefined) {
      throw new LockoutError("notLocked");
    }
    if (ifLockedAt !== undefined && latest.time > ifLockedAt) {
      throw new LockoutError("lockedAnew");
    }
    return { result: undefined, ...unlocked(user, counters, remarks) };
  };
}

/**
 * As {@link unlockUser}, of a user whose latest lock is the one that was seen, or whichever where that is undefined. The result is how the
 * user was; undefined where nothing is changed.
 *
 * @param seen when that lock began, in milliseconds since 1970 UTC
 */
export function unlockIfLocked(
  seen: number | undefined,
  remarks: UnlockRemarks,
): DecideUser<UserView | undefined> {
  return (view) => {
    const { user } = view;
    const latest = user && latestLock(user);
    const isMeant =
      latest !== undefined && (seen === undefined || latest.time === seen);
    return user !== undefined && isMeant
      ? { result: view, ...unlocked(user, view.counters, remarks) }
      : { result: undefined, steps: [], events: [] };
  };
}

function unlocked(
  user: UserState,
  counters: UserView["counters"],
  remarks?: UnlockRemarks,
): Omit<UserChange<void>, "result"> {
  const { account, lock } = user;
  const isActivated = lock !== undefined && account === "initial";
  return {
    user: {
      account: isActivated ? "active" : account,
      lock: undefined,
      devices: withoutOpenOnDevices(user).devices,
    },
    ...clearAll(counters),
    events: placedLocks(user).map(({ closes }) =>
      unlockedBySomebody(closes, remarks),
    ),
  };
}
