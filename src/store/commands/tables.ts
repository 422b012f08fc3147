/**
 * What a command on users works on inside its transaction, on any engine: tables with synchronous methods, since a
 * decision runs between reading and writing. SQLite reads the file; an engine across a network has read and locked the rows before.
 */
import type { CompleteResult } from "../../lockout/user/comparison.ts";
import type { Attempt, ClosedAttempt } from "../../lockout/attempt/attempt.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { AggregateType, NewEvent } from "../../lockout/events/event.ts";
import type { Factor } from "../../lockout/user/factor.ts";
import type { Limits } from "../../lockout/policy/limits.ts";
import type { Rules } from "../../lockout/policy/rules.ts";
import { zeroCounter } from "../../lockout/user/counter.ts";
import type { Counter, CounterStep } from "../../lockout/user/counter.ts";
import type { Source, SourceView } from "../../lockout/user/source.ts";
import type { Storm } from "../../lockout/attempt/storm.ts";
import type { UserState } from "../../lockout/user/user.ts";
import type { TokenRecord } from "../access.ts";
import type { RecordedEvent } from "../events.ts";
import type { Tally } from "../meter.ts";
import type { Alias, ReportKey, UserKey } from "../users.ts";

/** Whom counters and attempts belong to: a user, or a login name that no user has. */
export interface StoredSubject extends UserState {
  readonly key: number;
  readonly orgId: string;
  /** Undefined for a name. */
  readonly userId: string | undefined;
  /** Undefined for a user. */
  readonly nameHash: Uint8Array | undefined;
}

/** How a subject is known before it is stored. */
export type SubjectId =
  | ({ readonly kind: "user" } & UserKey)
  | {
      readonly kind: "name";
      readonly orgId: string;
      readonly hash: Uint8Array;
    };

/** The subjects. */
export interface SubjectTable {
  find(user: UserKey): StoredSubject | undefined;
  /** The key of a login name, where it is kept, whoever it leads to. */
  findName(orgId: string, hash: Uint8Array): number | undefined;
  /** The key of another name, for one that is not kept; undefined where there is none, or it was read with all else. */
  findAnother(orgId: string, hash: Uint8Array): number | undefined;
  get(key: number): StoredSubject | undefined;
  /** Creates a subject. Where there are too many names, one of the lowest rank is removed, now or soon. */
  create(id: SubjectId, state: UserState): StoredSubject;
  update(key: number, state: UserState): void;
  /** Some of those whose locks have ended by themselves at this time, those that ended first before others, at most so many. */
  withEndedLocks(time: number, limit: number): readonly StoredSubject[];
  /** Removes a subject with its aliases, counters and open attempts. */
  remove(key: number): void;
  /** What is stored of a login name that no user has. */
  hashName(foldedName: string): Uint8Array;
  /** What is stored of a wrong password, of the digest that a caller made of it: it says nothing to who has not the installation's key. */
  hashSecret(id: SubjectId, secretDigest: Uint8Array): string;
  /** The token of a device of a subject, made with the installation's key. */
  signDevice(id: SubjectId, deviceId: string): string;
  /** The id of the device of a token that was made for this subject. */
  readDeviceToken(id: SubjectId, token: string): string | undefined;
}

/** The counters of a subject. */
export type CountersByFactor = Readonly<Record<Factor, Counter>>;

/** The counters of subjects. */
export interface CounterTable {
  read(subject: number): CountersByFactor;
  /** Takes a step at this time. */
  step(subject: number, step: CounterStep, time: number): void;
}

/** The counters of a subject that was never seen. */
export const zeroCounters: CountersByFactor = {
  password: zeroCounter,
  totp: zeroCounter,
  otp_sms: zeroCounter,
  otp_email: zeroCounter,
  recovery_code: zeroCounter,
};

/** An attempt with whom it belongs to. */
export interface StoredAttempt extends Attempt {
  /** The subject's key; it may be gone. */
  readonly subject: number;
}

/** The attempts of subjects. */
export interface AttemptTable {
  find(attemptId: string): StoredAttempt | undefined;
  /**
   * Keeps an open attempt, which holds a chance of a source, if one is named. Says false, and does nothing, where its id is taken.
   */
  open(
    subject: number,
    attempt: Attempt,
    source: SourceKey | undefined,
  ): boolean;
  close(attemptId: string, closed: ClosedAttempt): void;
  /** Closes the subject's open attempts as void. */
  voidOpen(subject: number): void;
  /** The subject's open attempts that were begun later than this time: the clock was set back. */
  aheadOf(subject: number, time: number): readonly StoredAttempt[];
  /** Some of all subjects, at most so many. */
  ahead(time: number, limit: number): readonly StoredAttempt[];
  /** Writes when an open attempt was begun and when it expires. */
  redate(attempt: StoredAttempt): void;
  /** The subject's open attempts that have expired at this time, in the order in which they did. */
  expiredOf(subject: number, time: number): readonly StoredAttempt[];
  /** Those of all subjects. */
  expired(time: number, limit: number): readonly StoredAttempt[];
}

/** A network and whose users are guessed at from there, as one text. */
export type SourceKey = `${string} ${string}`;

/** The key of a network. */
export function sourceKey(orgId: string, network: string): SourceKey {
  return `${orgId} ${network}`;
}

/** The organisation of a source. */
export function orgOfSource(key: SourceKey): string {
  return key.slice(0, key.indexOf(" "));
}

/** The sources of failures. */
export interface SourceTable {
  /** With the open attempts that hold chances of it. */
  find(key: SourceKey): SourceView;
  /** Keeps what is counted of a source. Where there are too many, others are removed, now or soon. */
  put(key: SourceKey, source: Source): void;
  /** Has others who begin attempts from there wait for this one. */
  hold(key: SourceKey, time: number): void;
  remove(key: SourceKey): void;
}

/** What is stored of the storms of an organisation. */
export interface StoredStorm {
  readonly storm: Storm;
  /** Locks that were noted since it was settled: some of them, in ascending order. Milliseconds since 1970 UTC. */
  readonly noted: readonly number[];
  /** Whether there are more. */
  readonly hasMore: boolean;
}

/** The locks of organisations that are looked for storms. */
export interface StormTable {
  /**
   * Notes a lock by a failure, to be counted when the organisation's storms are settled. Those of names that no user has are noted alike, since the
   * time that it takes must not tell who exists, and never counted.
   */
  note(orgId: string, time: number, isName: boolean): void;
  find(orgId: string): StoredStorm;
  /** Keeps what storms were settled to, and removes the notes that were found. */
  settle(orgId: string, storm: Storm | undefined, dueTime: number): void;
}

/** The login names of users. */
export interface AliasTable {
  /** The key of the subject that a folded name leads to. */
  find(orgId: string, folded: string): number | undefined;
  /** As they were given. */
  list(subject: number): readonly string[];
  /** Gives a user these login names, and no others. @throws LockoutError `aliasTaken` */
  replace(orgId: string, subject: number, aliases: readonly Alias[]): void;
}

/** Which aggregate an event belongs to, and whose that is. */
export interface Aggregate {
  readonly type: AggregateType;
  readonly id: string;
  /** The instance's id or the organisation's. */
  readonly resourceOwner: string;
}

/** Whose events those of a user are. */
export function userAggregate(orgId: string, userId: string): Aggregate {
  return { type: "user", id: userId, resourceOwner: orgId };
}

/** Whose events those of a token are: its own, or its account's. */
export function tokenAggregate({
  id,
  orgId,
  accountId = id,
}: Pick<TokenRecord, "id" | "orgId" | "accountId">): Aggregate {
  return userAggregate(orgId, accountId);
}

/** Whose events those of an organisation are. */
export function orgAggregate(orgId: string): Aggregate {
  return { type: "org", id: orgId, resourceOwner: orgId };
}

/** Whose events those of a login name that no user has are: its id is as long as a user's. */
export function nameAggregate(orgId: string, key: number): Aggregate {
  return userAggregate(orgId, String(key).padStart(18, "0"));
}

/** The aggregate that a policy belongs to: its owner. */
export interface PolicyAggregate {
  readonly type: "instance" | "org";
  readonly id: string;
}

/** What was found of an owner. @throws Error where it is that of the instance, and there is none yet */
export function requireAggregate(
  found: PolicyAggregate | undefined,
): PolicyAggregate {
  if (found === undefined) {
    throw new Error("there is no instance yet: initialise the store");
  }
  return found;
}

/** A log of events, to be appended to. */
export interface EventTable {
  /** Writes an event with the aggregate's next sequence, and of this time unless the log has a later date already. */
  append(
    aggregate: Aggregate,
    editor: string,
    event: NewEvent,
    time: number,
  ): RecordedEvent;
}

/** An event as it is recorded, at its place in the log and among those of its aggregate. */
export function recordedEvent(
  aggregate: Aggregate,
  editor: string,
  { type, payload }: NewEvent,
  place: Pick<RecordedEvent, "position" | "sequence" | "creationMicros">,
): RecordedEvent {
  return {
    position: place.position,
    aggregateType: aggregate.type,
    aggregateId: aggregate.id,
    resourceOwner: aggregate.resourceOwner,
    sequence: place.sequence,
    type,
    editor,
    creationMicros: place.creationMicros,
    payload,
  };
}

/** The organisations, as far as commands need them. */
export interface OrgTable {
  /** Whether it was there and was removed: rows of it may be left. */
  isRemoved(orgId: string): boolean;
}

/** @throws LockoutError `orgUnknown` where the organisation was removed */
export function requireOrg(orgs: OrgTable, orgId: string): void {
  if (orgs.isRemoved(orgId)) {
    throw new LockoutError("orgUnknown");
  }
}

/** What counts for the users of an organisation. */
export interface UserPolicy {
  readonly limits: Limits;
  readonly rules: Rules;
}

/** The policies, as far as commands on users need them. */
export interface PolicyTable {
  /** Numbers and rules, each the organisation's own, else the default's. */
  policyFor(orgId: string): UserPolicy;
}

/** A report with a key, and what it returned. */
export interface StoredReport extends ReportKey {
  readonly orgId: string;
  /** In milliseconds since 1970. */
  readonly time: number;
  readonly result: CompleteResult;
}

/** Reports with keys, for as long as they are remembered. */
export interface ReportTable {
  find(orgId: string, key: string): StoredReport | undefined;
  /** In the place of one that is not remembered any more. */
  put(report: StoredReport): void;
}

/** The tables that commands on users work on. */
export interface UserTables {
  readonly orgs: OrgTable;
  readonly subjects: SubjectTable;
  readonly counters: CounterTable;
  readonly attempts: AttemptTable;
  readonly sources: SourceTable;
  readonly storms: StormTable;
  readonly aliases: AliasTable;
  readonly reports: ReportTable;
  readonly events: EventTable;
  /** As `events`, for the names that no user has: written in the same way, and never read. */
  readonly nameEvents: EventTable;
  readonly policies: PolicyTable;
  /** What is counted when the transaction is committed. */
  readonly tally: Tally;
}
