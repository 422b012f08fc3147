/**
 * The part of the port that is about users: who they are, how often they failed, and what is open. What
 * `store.ts` says of every method holds here too.
 *
 * Before the store runs a command on a user, it closes the user's attempts that have expired (`expireAttempt`
 * of the domain, editor `SYSTEM`), in the same transaction: so what a command sees and what is read is always
 * as if each attempt had been closed the moment it expired.
 */
import type { CompleteResult } from "../lockout/user/comparison.ts";
import type {
  Attempt,
  BeginChange,
  BeginResult,
  CompleteChange,
} from "../lockout/attempt/attempt.ts";
import type {
  CommandView,
  DecideUser,
  UserChange,
  UserState,
  UserView,
} from "../lockout/user/user.ts";
import type { LockReason } from "../lockout/user/lock.ts";
import type { AccountState } from "../lockout/user/user-events.ts";
import type { Changed, RecordedEvent } from "./events.ts";
import type { Page, PageRequest } from "./pages.ts";

/** How many login names are kept, unless a store is opened with another number. */
export const defaultMaxNames = 100_000;

/** How long it is kept how an attempt was closed, in milliseconds: at least, since it is removed now and then. */
export const keepClosedMs = 10 * 60 * 1000;

/** How many of the last events of names that no user has are kept, at least. They are never read. */
export const keptNameEvents = 10_000;

/** A user of an organisation. Two organisations may have users of the same id: they are two people. */
export interface UserKey {
  readonly orgId: string;
  readonly userId: string;
}

/**
 * Whose secret is guessed at: a user id for which the caller vouches, or what a person typed as a login name, folded by `foldName`. A name
 * stands for the user with that alias. A name that no user has is counted like a user, but it is not listed, has no events, and only a
 * hash of it is stored (people type passwords into the wrong field). Names are kept up to a bound, 100,000 by default. Above it names of
 * the organisation that has the most are removed: first those that failed the least, of these the oldest, and locked ones last.
 *
 * Neither what is written nor how long it takes tells whether a user has the name. So users' names are kept too, though nothing is
 * counted for them; events of names are written to a table that is never read; and refusals, locked or busy, write nothing.
 */
export type Subject =
  | ({ readonly kind: "user" } & UserKey)
  | {
      readonly kind: "name";
      readonly orgId: string;
      readonly foldedName: string;
      /** By `formerlyFolded`: an alias that is stored so comes first. */
      readonly formerName?: string;
    };

/** A user as a subject. */
export function userSubject(key: UserKey): Subject {
  return { kind: "user", ...key };
}

/** A login name of a user. */
export interface Alias {
  /** As it was given. */
  readonly name: string;
  /** By `foldName`: unique in the organisation. */
  readonly folded: string;
}

/** A user as it is stored. */
export interface StoredUser extends UserKey, UserState {
  /** As they were given. */
  readonly aliases: readonly string[];
}

/** A user who was found, with the lockout. */
export interface FoundUser {
  readonly user: StoredUser;
  readonly lockout: StoredLockout;
}

/** A user with the first and the last event since the registration; none of users of earlier versions who did nothing since. */
export interface UserRecord {
  readonly user: StoredUser;
  readonly first: RecordedEvent | undefined;
  readonly last: RecordedEvent | undefined;
}

/** A user, or a login name that leads to nobody, with the counters and limits. */
export interface StoredLockout extends UserKey {
  readonly view: UserView & { readonly user: UserState };
  /** Left out where only what a command saw is known. */
  readonly description?: UserDescription;
}

/** What people know a user by. Of a login name that leads to nobody, nothing. */
export interface UserDescription {
  /** As they were given. */
  readonly aliases: readonly string[];
  /** From where somebody tried last, as far as one of the last events since the registration says so. */
  readonly lastAddress: string | undefined;
}

/** Which users are meant: those who fit all that is set. */
export interface UserFilter {
  /** What the id has in it, or an alias as it is folded. */
  readonly part?: TextsOfUser | undefined;
  readonly state?: AccountState | "locked" | undefined;
}

/** Which locked users are meant: those who fit all that is set. */
export interface LockedFilter {
  /** Locked at this time or later. */
  readonly since?: number | undefined;
  readonly reasons?: readonly LockReason[] | undefined;
  /** What the id begins with, or an alias as it is folded. */
  readonly prefix?: TextsOfUser | undefined;
  /** Whether a failure from this address locked them, as it was reported. Who was locked otherwise is not meant. */
  readonly fromAddress?: ((address: string) => boolean) | undefined;
}

/** Whose locked users are listed: an organisation's, or everybody's. */
export interface LockedScope {
  /** Undefined for everybody's. */
  readonly orgId: string | undefined;
}

/** In which order locked users are listed. */
export type LockedOrder = "oldest first" | "newest first";

/** A text to look for: as it is in ids, and as it is folded in aliases. */
export interface TextsOfUser {
  readonly id: string;
  readonly folded: string;
}

/** The part of the port that is about users. */
export interface UserStore {
  /** Runs a command on a user. The events are without those of attempts that had expired before. */
  changeUser<Result>(
    key: UserKey,
    editor: string,
    decide: DecideUser<Result>,
  ): Promise<Changed<Result>>;
  /**
   * Runs a command on a user and replaces the aliases; events say which came and went. What was counted for a new alias when it led to
   * nobody counts for the user from then on (`takeOverName`).
   *
   * @throws LockoutError `aliasTaken` where an alias belongs to another user of the organisation
   */
  putUser(
    key: UserKey,
    aliases: readonly Alias[],
    editor: string,
    decide: DecideUser<void>,
  ): Promise<StoredUser>;
  findUser(key: UserKey): Promise<StoredUser | undefined>;
  findUserRecord(key: UserKey): Promise<UserRecord | undefined>;
  /** The organisations that have a user of this id, oldest user first, at most `limit`. */
  findOrgsOfUser(userId: string, limit: number): Promise<readonly string[]>;
  /** The organisation's users who fit, by id. Where few fit, a page may have fewer of them than it might, or none. */
  listUsers(
    orgId: string,
    filter: UserFilter,
    page: PageRequest,
  ): Promise<Page<StoredUser>>;
  /**
   * The organisation's users who have the text in the id or an alias: first those whose id begins with it, then those of whom an alias
   * does, then others. A page may have fewer than it might, or none, and be followed by others.
   *
   * @param signal aborted when nobody wants the page any more: then its reason is thrown
   */
  findUsers(
    orgId: string,
    text: TextsOfUser,
    page: PageRequest,
    signal?: AbortSignal,
  ): Promise<Page<FoundUser>>;
  /**
   * Removes the user, the aliases, the counters and the open attempts; the events stay, and the last one says so. Returns
   * that one; undefined where there was no user.
   */
  deleteUser(key: UserKey, editor: string): Promise<RecordedEvent | undefined>;
  /**
   * The hash of a folded login name under a key of this installation's own: 32 bytes that are the same on all its nodes, and say nothing
   * of the name to who has not the key.
   */
  hashName(foldedName: string): Uint8Array;
  /** With the description. Of a login name, whoever it leads to, there is always one: of nobody, the `userId` is empty. */
  findLockout(subject: Subject): Promise<StoredLockout | undefined>;
  /**
   * Runs a command that unlocks a subject or throws; says how it stands then, with the description. Of a login name that leads to nobody the event is one of
   * the organisation, with the hash of the name.
   */
  unlock(
    subject: Subject,
    editor: string,
    decide: DecideUser<void>,
  ): Promise<StoredLockout>;
  /** How many login names that lead to nobody are locked, for these reasons, at `since` or later. */
  countLockedNames(
    scope: LockedScope,
    filter: Pick<LockedFilter, "since" | "reasons">,
  ): Promise<number>;
  /**
   * The locked users who fit, by the time of the lock, then by organisation and id, each with the description. A page is as one of
   * `listUsers`.
   */
  listLocked(
    scope: LockedScope,
    filter: LockedFilter,
    page: PageRequest,
    order?: LockedOrder,
  ): Promise<Page<StoredLockout>>;
  /** How many there are of them. */
  countLocked(scope: LockedScope, filter: LockedFilter): Promise<number>;
}

/** What tells that a report is the same as one before: texts of which the caller's own cannot be read. */
export interface ReportKey {
  /** Of the key that the caller has chosen. */
  readonly key: string;
  /** Of all of the request. */
  readonly request: string;
}

/** The part of the port that is about attempts. */
export interface AttemptStore {
  /**
   * Runs `beginAttempt` of the domain on a subject, and keeps what it opens. The id is new; where another attempt has it all the
   * same, as after a clock that was set back, the attempt gets the next id that is free.
   */
  beginAttempt(
    subject: Subject,
    editor: string,
    decide: (view: CommandView, attemptId: string) => BeginChange,
  ): Promise<BeginResult>;
  /**
   * Runs `completeAttempt` of the domain, and keeps how the attempt closed, for at least 10 minutes.
   *
   * @throws LockoutError `attemptUnknown` where the organisation has no such attempt
   */
  completeAttempt(
    orgId: string,
    attemptId: string,
    editor: string,
    decide: (view: CommandView, attempt: Attempt) => CompleteChange,
  ): Promise<CompleteResult>;
  /**
   * Runs `reportAttempt` of the domain on a subject. With a key that its organisation has used within {@link keepClosedMs} it returns what it returned
   * then, and changes nothing.
   *
   * @throws LockoutError `idempotencyKeyReused` where the key was of another request
   */
  reportAttempt(
    subject: Subject,
    editor: string,
    decide: (view: CommandView) => UserChange<CompleteResult>,
    once?: ReportKey,
  ): Promise<CompleteResult>;
  /**
   * Closes at most `limit` attempts that have expired, and forgets those that were closed long ago, and what else is kept for a while,
   * as many or some more; says how many there were, 0 when nothing is left to do. It runs before the commands that wait, so that
   * repeated calls keep up with commands that come no more than `limit` at a time. To be called regularly, so that users are locked even if
   * no call asks about them, and what a flood has left is removed.
   */
  settleAttempts(limit: number): Promise<number>;
}
