import { LockoutError } from "../errors/errors.ts";
import type { ErrorName } from "../errors/errors.ts";
import type { NewEvent } from "../events/event.ts";
import type { Factor } from "./factor.ts";
import { clearAll, release } from "./counter.ts";
import type { Counter, CounterStep } from "./counter.ts";
import { placedLocks, withLock } from "./lock.ts";
import type { Locks } from "./lock.ts";
import { knowsDevices, withoutOpenOnDevices } from "./devices.ts";
import type { Devices } from "./devices.ts";
import { factors } from "./factor.ts";
import type { Limits } from "../policy/limits.ts";
import type { Rules } from "../policy/rules.ts";
import type { Source, SourceView } from "./source.ts";
import {
  accountChanged,
  failuresAdded,
  lockedByAdministrator,
  lockTakenOver,
  userRemoved,
} from "./user-events.ts";
import type { AccountState } from "./user-events.ts";

/** Whether a user may log in: the account, which an administrator sets, and the locks, which failures may set too. */
export interface UserState extends Locks {
  readonly account: AccountState;
  /** Of the wrong passwords that count once: what the store makes of them, the last one first. Left out where there is none. */
  readonly rememberedSecrets?: readonly string[] | undefined;
  /** What is kept of known devices. Left out where none was ever known. */
  readonly devices?: Devices | undefined;
}

/** What a decision on a user is made from. */
export interface UserView {
  /** Undefined where the user was never seen. */
  readonly user: UserState | undefined;
  readonly counters: Readonly<Record<Factor, Counter>>;
  /** The policy that holds for the user: the organisation's own, else the default. */
  readonly limits: Limits;
  readonly rules: Rules;
  /** Who calls. */
  readonly editor: string;
  /** Milliseconds since 1970 UTC. */
  readonly now: number;
}

/** What a command is decided from: beside how the user stands, what it may ask for. */
export interface CommandView extends UserView {
  /** What is kept of a secret of this user, of the digest that the caller made of it. */
  readonly hashSecret: (secretDigest: Uint8Array) => string;
  /** How a network stands with the organisation. */
  readonly findSource: (network: string) => SourceView;
  /** The token with which a device of this user shows that it is the one with this id. */
  readonly signDevice: (deviceId: string) => string;
  /** The id of the device of a token that was made for this user. It takes as long for any text. */
  readonly readDeviceToken: (token: string) => string | undefined;
}
/** How a comparison ended, or that nobody said so in time. */
export type ComparedOutcome =
  "succeeded" | "failed" | "not_a_guess" | "expired";

/**
 * What a command on a user leads to; the store writes all of it or nothing. Where the user was never seen it writes the event of
 * the registration first.
 */
export interface UserChange<Result> {
  readonly result: Result;
  /** The user's new state, where it changes or the user was never seen. */
  readonly user?: UserState;
  readonly steps: readonly CounterStep[];
  /** The source of a failure, as it stands then. */
  readonly source?: { readonly network: string; readonly source: Source };
  /** When a failure locked who was open before, where the rules look for storms: milliseconds since 1970 UTC. */
  readonly lockTime?: number;
  readonly events: readonly NewEvent[];
  /** The user's open attempts become void. The steps let go of the chances that they hold. */
  readonly voidsOpen?: true;
  /** The comparison that this counts, where it does: for metrics. */
  readonly compared?: {
    readonly factor: Factor;
    readonly outcome: ComparedOutcome;
  };
}

/** A command on a user. @throws LockoutError */
export type DecideUser<Result> = (view: CommandView) => UserChange<Result>;

/** A user who was never seen before. */
export const newUser: UserState = { account: "active", lock: undefined };

/**
 * The ids of the refusals of lock and unlock differ between ZITADEL's versions of the call. So does when the caller's permission is
 * looked for: at v2 only after the user's existence and state.
 */
export interface UserApi {
  readonly version: "v1" | "v2";
  /** Checks the permission. @throws LockoutError unless the caller may change the user */
  readonly authorise: () => void;
}

/** The refusals of lock and unlock, by the version of the call. */
export const lockErrors = {
  v1: {
    unknown: "userUnknownOnLockV1",
    state: "userStateOnLockV1",
    unknownOnUnlock: "userUnknownOnUnlockV1",
    notLocked: "userNotLockedV1",
  },
  v2: {
    unknown: "userUnknownOnLockV2",
    state: "userStateOnLockV2",
    unknownOnUnlock: "userUnknownOnUnlockV2",
    notLocked: "userNotLockedV2",
  },
} as const satisfies Record<string, Record<string, ErrorName>>;

/**
 * An administrator locks a user. The counters stay. A lock that would end by itself, or leaves known devices open, becomes the
 * administrator's.
 */
export function lockUser(api: UserApi): DecideUser<void> {
  return ({ user, rules, editor, now }) => {
    const names = lockErrors[api.version];
    if (user === undefined) {
      throw new LockoutError(names.unknown);
    }
    const { lock } = user;
    const isLeftOpen = lock?.reason !== "administrator" && knowsDevices(rules);
    const isLocked =
      lock !== undefined && lock.endTime === undefined && !isLeftOpen;
    if (isLocked || user.account === "inactive") {
      throw new LockoutError(names.state);
    }
    api.authorise();
    return {
      result: undefined,
      user: {
        ...user,
        lock: { reason: "administrator", time: now, by: editor },
      },
      steps: [],
      events: [lockedByAdministrator],
    };
  };
}

/**
 * An administrator deactivates a user: open attempts become void, as by an unlock, since a user may be active again before they end. A
 * lock stays.
 */
export function deactivateUser(api: UserApi): DecideUser<void> {
  return ({ user, counters }) => {
    if (user === undefined) {
      throw new LockoutError("userUnknown");
    }
    if (user.account === "inactive") {
      throw new LockoutError("userAlreadyInactive");
    }
    api.authorise();
    return {
      result: undefined,
      user: { ...withoutOpenOnDevices(user), account: "inactive" },
      steps: release(counters),
      voidsOpen: true,
      events: accountChanged(user.account, "inactive"),
    };
  };
}

/** An administrator makes an inactive user active. A lock stays, and so do the counters. */
export function reactivateUser(api: UserApi): DecideUser<void> {
  return ({ user }) => {
    if (user === undefined) {
      throw new LockoutError("userUnknown");
    }
    if (user.account !== "inactive") {
      throw new LockoutError("userNotInactive");
    }
    api.authorise();
    return {
      result: undefined,
      user: { ...user, account: "active" },
      steps: [],
      events: accountChanged(user.account, "active"),
    };
  };
}

/** The state that somebody who registers a user may ask for; undefined leaves it as it is. */
export type WantedState = AccountState | "locked" | undefined;

/**
 * Registers a user or changes one. A lock is never lifted this way, since unlocking is a call of its own that is
 * audited (I17): a locked user stays locked whatever account state is set beneath the lock. To ask for `locked`
 * locks a user who is not. Open attempts of a user who is deactivated become void.
 */
export function putUser(wanted: WantedState): DecideUser<void> {
  return (view) => {
    const user = view.user ?? newUser;
    if (wanted === "locked" && user.lock === undefined) {
      return {
        result: undefined,
        user: {
          ...user,
          lock: { reason: "administrator", time: view.now, by: view.editor },
        },
        steps: [],
        events: [lockedByAdministrator],
      };
    }
    const account =
      wanted === undefined || wanted === "locked" ? user.account : wanted;
    const deactivates = account === "inactive" && user.account !== "inactive";
    return {
      result: undefined,
      user: { ...(deactivates ? withoutOpenOnDevices(user) : user), account },
      ...(deactivates
        ? { steps: release(view.counters), voidsOpen: true }
        : { steps: [] }),
      // A new user has this state from the registration on.
      events:
        view.user === undefined ? [] : accountChanged(user.account, account),
    };
  };
}

/**
 * A login name that led to nobody leads to the user from now on. What was counted for it counts for the user, and its lock is the
 * user's: else whoever had guessed at the name would have fresh chances (I8, I13).
 *
 * @param name how the name stands
 */
export function takeOverName(name: UserView): DecideUser<void> {
  return ({ user = newUser }) => {
    const steps = factors.flatMap((factor): CounterStep[] => {
      const counter = name.counters[factor];
      const { failed, failedInRow, locksInRow: locks, lastFailure } = counter;
      return failedInRow === 0
        ? []
        : [{ factor, failed, failedInRow, locks, open: 0, time: lastFailure }];
    });
    const locks = placedLocks(name.user ?? newUser).filter(({ closes }) =>
      closes === "user"
        ? user.lock === undefined
        : user.factorLocks?.[closes] === undefined,
    );
    return {
      result: undefined,
      user: locks.reduce(withLock, user),
      steps,
      events: [...failuresAdded(name.counters), ...locks.map(lockTakenOver)],
    };
  };
}

/**
 * Nothing is counted for a login name any more, since the user whom it leads to has it all. Its open attempts become void, as by an
 * unlock: nobody holds their chances.
 */
export const emptyName: DecideUser<void> = ({ counters }) => ({
  result: undefined,
  user: newUser,
  ...clearAll(counters),
  events: [],
});

/** A user is removed: the store removes everything but the events. */
export const removeUser: DecideUser<void> = () => ({
  result: undefined,
  steps: [],
  events: [userRemoved],
});
