import type { KeyObject } from "node:crypto";
import type { Attempt, ClosedAttempt } from "../../lockout/attempt.ts";
import { LockoutError } from "../../lockout/errors.ts";
import type { Factor } from "../../lockout/factor.ts";
import type { Counter, CounterStep, UserState } from "../../lockout/user.ts";
import type { NewId } from "../ids.ts";
import type { StoredPolicy } from "../policies.ts";
import { hashName } from "../shared/name-hash.ts";
import { toCounters } from "../shared/rows.ts";
import type { CounterRow } from "../shared/rows.ts";
import {
  nameAggregate,
  userAggregate,
  zeroCounters,
} from "../commands/tables.ts";
import type {
  Aggregate,
  AliasTable,
  AttemptTable,
  CounterTable,
  CountersByFactor,
  PolicyAggregate,
  StoredAttempt,
  StoredSubject,
  SubjectId,
  SubjectTable,
  UserTables,
} from "../commands/tables.ts";
import { createUserCommands } from "../commands/user-commands.ts";
import type { UserCommands } from "../commands/user-commands.ts";
import type { Alias, UserKey } from "../users.ts";
import { Journal } from "./journal.ts";
import { NewEvents } from "./new-events.ts";
import type { UserCount } from "./user-quota.ts";
import { OwnerPolicies, policyAggregate } from "./owner-policies.ts";

/** A subject in the workspace. */
export interface SubjectEntry {
  readonly stored: StoredSubject;
  /** Of names. */
  readonly hash: Uint8Array | undefined;
  /** Of the last event when it was read. */
  readonly sequence: number;
  readonly change: "none" | "new" | "updated" | "removed";
}

/** A counter, and what is to be done to the row: relative steps, never a value that was read before (I2). */
export interface CounterEntry {
  readonly subject: number;
  readonly factor: Factor;
  readonly counter: Counter;
  /** Whether there is a row. */
  readonly stored: boolean;
  /** The failures are set to 0 before `failed` is added. */
  readonly cleared: boolean;
  readonly failed: number;
  readonly open: number;
  readonly lastFailure: number | undefined;
  readonly changed: boolean;
}

export interface AttemptEntry {
  readonly attempt: StoredAttempt;
  /** Whether it was dated anew. */
  readonly isRedated?: boolean;
  readonly change: "none" | "new" | "closed";
}

/** What was read and locked for a batch of commands. */
export interface Loaded {
  readonly subjects: readonly {
    readonly stored: StoredSubject;
    readonly hash: Uint8Array | undefined;
    readonly sequence: number;
  }[];
  readonly counters: readonly {
    readonly subject: number;
    readonly row: CounterRow;
  }[];
  readonly attempts: readonly StoredAttempt[];
  readonly aliases: readonly (Alias & {
    readonly orgId: string;
    readonly subject: number;
  })[];
  /** What login names lead to. */
  readonly names: readonly {
    readonly orgId: string;
    readonly folded: string;
    readonly hash: Uint8Array;
    /** The user with that alias. */
    readonly user: number | null;
    /** The name's own, where it is kept. */
    readonly key: number | null;
  }[];
  readonly policies: readonly {
    readonly owner: PolicyAggregate;
    readonly policy: StoredPolicy;
  }[];
  readonly policySequences: readonly {
    readonly owner: PolicyAggregate;
    readonly sequence: number;
  }[];
  /** The last sequences of users who are not stored, but perhaps were. */
  readonly userSequences: readonly (UserKey & { readonly sequence: number })[];
}

/** What makes keys of subjects and ids of attempts. */
export interface Makers {
  readonly newKey: () => number;
  readonly newId: NewId;
  /** Whether no user more may be registered in an organisation. */
  readonly isFull: (orgId: string) => boolean;
}

const readersMakers: Makers = {
  newKey: nothingNew,
  newId: nothingNew,
  isFull: nothingNew,
};

function nothingNew(): never {
  throw new Error("who only reads makes nothing new");
}

/** The key of no subject. */
const nobody = -1;

/** The batch cannot be run as one: its commands are to be run one by one. */
export class BatchError extends Error {
  override readonly name = "BatchError";

  constructor() {
    super("commands that cannot share a transaction met");
  }
}

/**
 * The tables of `tables.ts` over the rows that a batch has read and locked: commands run on them one after the other, and what
 * they changed is written afterwards. What a command did that throws is undone, and nothing of it remains.
 */
export class Workspace implements UserTables {
  readonly subjectEntries = new Map<number, SubjectEntry>();
  readonly counterEntries = new Map<string, CounterEntry>();
  readonly attemptEntries = new Map<string, AttemptEntry>();
  /** Whose stored open attempts become void. */
  readonly voidedSubjects = new Map<number, true>();
  /** The new lists of subjects whose aliases were replaced. */
  readonly replacedAliases = new Map<number, readonly Alias[]>();

  /** How many users the organisations have in which some were registered or removed, once that is written. */
  userCounts: readonly UserCount[] = [];

  readonly subjects: SubjectTable;
  readonly counters: CounterTable;
  readonly attempts: AttemptTable;
  readonly aliases: AliasTable;
  readonly events: NewEvents;
  readonly nameEvents: NewEvents;
  readonly policies: OwnerPolicies;
  /** The commands of users, on these tables. */
  readonly commands: UserCommands;

  readonly #nameKey: KeyObject | undefined;
  readonly #newKey: () => number;
  readonly #isFull: (orgId: string) => boolean;
  readonly #users = new Map<string, number>();
  readonly #names = new Map<string, number>();
  /** Names that are kept, but were not read, since they lead to users. */
  readonly #unread = new Set<number>();
  readonly #factors = new Map<number, CountersByFactor>();
  readonly #aliasOwners = new Map<string, number>();
  readonly #aliasLists = new Map<number, readonly Alias[]>();
  readonly #journal = new Journal();

  /** @param nameKey hashes login names, where there are any @param makers what makes what is new; left out by who only reads */
  constructor(
    loaded: Loaded,
    nameKey: KeyObject | undefined,
    makers: Makers = readersMakers,
  ) {
    this.#nameKey = nameKey;
    this.#newKey = makers.newKey;
    this.#isFull = makers.isFull;
    this.events = new NewEvents(this.#journal);
    this.nameEvents = new NewEvents(this.#journal);
    this.policies = new OwnerPolicies(this.#journal, this.events);
    this.#take(loaded);
    this.subjects = this.#createSubjects();
    this.counters = this.#createCounters();
    this.attempts = this.#createAttempts();
    this.aliases = this.#createAliases();
    this.commands = createUserCommands(this, makers.newId);
  }

  /** Runs a command; where it throws, all that it changed is undone. */
  run<T>(command: () => T): T {
    return this.#journal.run(command);
  }

  /** Where the events of a subject are recorded. */
  logOf({ userId }: StoredSubject): NewEvents {
    return userId === undefined ? this.nameEvents : this.events;
  }

  #take(loaded: Loaded): void {
    for (const { stored, hash, sequence } of loaded.subjects) {
      this.subjectEntries.set(stored.key, {
        ...{ stored, hash, sequence },
        change: "none",
      });
      this.#index(stored, hash);
      this.logOf(stored).take(aggregateOf(stored), sequence);
    }
    for (const { orgId, userId, sequence } of loaded.userSequences)
      this.events.take(userAggregate(orgId, userId), sequence);
    for (const { subject, row } of loaded.counters) {
      const { factor } = row;
      const counter = toCounters([row])[factor];
      this.#setCounter({
        ...{ subject, factor, counter, stored: true, cleared: false },
        ...{ failed: 0, open: 0, lastFailure: undefined, changed: false },
      });
    }
    for (const attempt of loaded.attempts)
      this.attemptEntries.set(attempt.id, { attempt, change: "none" });
    for (const { orgId, subject, ...alias } of loaded.aliases) {
      this.#aliasOwners.set(aliasKey(orgId, alias.folded), subject);
      this.#aliasLists.set(subject, [
        ...(this.#aliasLists.get(subject) ?? []),
        alias,
      ]);
    }
    for (const { orgId, folded, hash, user, key } of loaded.names) {
      if (user !== null) this.#aliasOwners.set(aliasKey(orgId, folded), user);
      if (key === null) continue;
      this.#names.set(nameKey(orgId, hash), key);
      if (!this.subjectEntries.has(key)) this.#unread.add(key);
    }
    for (const { owner, policy } of loaded.policies)
      this.policies.take(owner, policy);
    for (const { owner, sequence } of loaded.policySequences)
      this.events.take(policyAggregate(owner), sequence);
    this.#journal.forget();
  }

  #index({ key, orgId, userId }: StoredSubject, hash?: Uint8Array): void {
    if (userId !== undefined)
      this.#journal.set(this.#users, userKey(orgId, userId), key);
    if (hash !== undefined)
      this.#journal.set(this.#names, nameKey(orgId, hash), key);
  }

  #createSubjects(): SubjectTable {
    const entryOf = (key: number | undefined) => {
      const entry =
        key === undefined ? undefined : this.subjectEntries.get(key);
      return entry?.change === "removed" ? undefined : entry;
    };
    const requireEntry = (key: number) => {
      const entry = entryOf(key);
      if (entry === undefined) throw new Error("the subject was not read");
      return entry;
    };
    return {
      get: (key) => {
        // It came to lead nowhere else after the locks were given.
        if (this.#unread.has(key)) throw new BatchError();
        return entryOf(key)?.stored;
      },
      find: ({ orgId, userId }) =>
        entryOf(this.#users.get(userKey(orgId, userId)))?.stored,
      findName: (orgId, hash) => this.#names.get(nameKey(orgId, hash)),
      create: (id, state) => this.#createSubject(id, state),
      update: (key, state) => {
        const entry = requireEntry(key);
        this.#journal.set(this.subjectEntries, key, {
          ...entry,
          stored: { ...entry.stored, ...state },
          change: entry.change === "new" ? "new" : "updated",
        });
      },
      remove: (key) => {
        const entry = requireEntry(key);
        // Its row is not there yet: nothing would be removed.
        if (entry.change === "new") throw new BatchError();
        this.#journal.set(this.subjectEntries, key, {
          ...entry,
          change: "removed",
        });
        for (const [id, { attempt, change }] of this.attemptEntries) {
          if (attempt.subject !== key || attempt.closed !== undefined) continue;
          if (change === "new") throw new BatchError();
          this.#journal.set(this.attemptEntries, id, {
            // Of nobody: its row is removed with the subject's.
            attempt: { ...attempt, subject: nobody },
            change: "none",
          });
        }
      },
      hashName: (foldedName) => {
        if (this.#nameKey === undefined)
          throw new Error("no name was expected");
        return hashName(this.#nameKey, foldedName);
      },
    };
  }

  #createSubject(id: SubjectId, state: UserState): StoredSubject {
    const hash = id.kind === "name" ? id.hash : undefined;
    const userId = id.kind === "user" ? id.userId : undefined;
    // Somebody of this id was removed in this batch: which events are whose would not be known.
    if (userId !== undefined && this.#users.has(userKey(id.orgId, userId)))
      throw new BatchError();
    if (userId !== undefined && this.#isFull(id.orgId))
      throw new LockoutError("usersTooMany");
    const stored: StoredSubject = {
      key: this.#newKey(),
      orgId: id.orgId,
      userId,
      ...state,
    };
    this.#journal.set(this.subjectEntries, stored.key, {
      ...{ stored, hash, sequence: 0 },
      change: "new",
    });
    this.#index(stored, hash);
    return stored;
  }

  #createCounters(): CounterTable {
    return {
      read: (subject) => this.#factors.get(subject) ?? zeroCounters,
      step: (subject, step, time) => {
        this.#setCounter(this.#stepped(subject, step, time));
      },
    };
  }

  #stepped(
    subject: number,
    { factor, failed, open }: CounterStep,
    time: number,
  ): CounterEntry {
    const entry = this.counterEntries.get(counterKey(subject, factor)) ?? {
      ...{ subject, factor, counter: zeroCounters[factor], stored: false },
      ...{ cleared: false, failed: 0, open: 0, lastFailure: undefined },
    };
    const { counter } = entry;
    const isClear = failed === "clear";
    const lastFailure = !isClear && failed > 0 ? time : undefined;
    return {
      ...entry,
      counter: {
        failed: isClear ? 0 : counter.failed + failed,
        open: counter.open + open,
        lastFailure: lastFailure ?? counter.lastFailure,
      },
      cleared: entry.cleared || isClear,
      failed: isClear ? 0 : entry.failed + failed,
      open: entry.open + open,
      lastFailure: lastFailure ?? entry.lastFailure,
      changed: true,
    };
  }

  #setCounter(entry: CounterEntry): void {
    const { subject, factor, counter } = entry;
    this.#journal.set(this.counterEntries, counterKey(subject, factor), entry);
    this.#journal.set(this.#factors, subject, {
      ...(this.#factors.get(subject) ?? zeroCounters),
      [factor]: counter,
    });
  }

  #createAttempts(): AttemptTable {
    const open = (subject?: number) =>
      [...this.attemptEntries.values()]
        .map(({ attempt }) => attempt)
        .filter(
          (attempt) =>
            attempt.closed === undefined &&
            (subject === undefined
              ? this.subjectEntries.has(attempt.subject)
              : attempt.subject === subject),
        );
    const expired = (time: number, subject?: number) =>
      open(subject)
        .filter(({ expireTime }) => expireTime <= time)
        .sort((a, b) => a.expireTime - b.expireTime || (a.id < b.id ? -1 : 1));
    const ahead = (time: number, subject?: number) =>
      open(subject).filter(({ beginTime }) => beginTime > time);
    return {
      find: (attemptId) => this.attemptEntries.get(attemptId)?.attempt,
      open: (subject, attempt: Attempt) => {
        // Of those that were not read the insert finds it: then the batch is run again, with other ids.
        if (this.attemptEntries.has(attempt.id)) return false;
        this.#journal.set(this.attemptEntries, attempt.id, {
          attempt: { ...attempt, subject },
          change: "new",
        });
        return true;
      },
      close: (attemptId, closed: ClosedAttempt) => {
        const entry = this.attemptEntries.get(attemptId);
        if (entry === undefined) throw new Error("the attempt was not read");
        this.#journal.set(this.attemptEntries, attemptId, {
          ...entry,
          attempt: { ...entry.attempt, closed },
          change: entry.change === "new" ? "new" : "closed",
        });
      },
      voidOpen: (subject) => {
        // Rows that were not read are open ones too; those that were read need no statement of their own.
        this.#journal.set(this.voidedSubjects, subject, true);
        for (const [id, { attempt, change }] of this.attemptEntries) {
          if (attempt.subject !== subject || attempt.closed !== undefined)
            continue;
          this.#journal.set(this.attemptEntries, id, {
            attempt: { ...attempt, closed: { outcome: "void" } },
            change,
          });
        }
      },
      aheadOf: (subject, time) => ahead(time, subject),
      ahead: (time, limit) => ahead(time).slice(0, limit),
      redate: (attempt) => {
        const entry = this.attemptEntries.get(attempt.id);
        if (entry === undefined) throw new Error("the attempt was not read");
        this.#journal.set(this.attemptEntries, attempt.id, {
          ...entry,
          attempt,
          isRedated: true,
        });
      },
      expiredOf: (subject, time) => expired(time, subject),
      expired: (time, limit) => expired(time).slice(0, limit),
    };
  }

  #createAliases(): AliasTable {
    return {
      find: (orgId, folded) => {
        const key = this.#aliasOwners.get(aliasKey(orgId, folded));
        if (key === undefined || key === nobody) return undefined;
        const owner = this.subjectEntries.get(key);
        // It came to lead there after the locks were given.
        if (owner === undefined) throw new BatchError();
        // Aliases are removed with their subject.
        return owner.change === "removed" ? undefined : key;
      },
      list: (subject) =>
        (this.#aliasLists.get(subject) ?? []).map(({ name }) => name),
      replace: (orgId, subject, aliases) => {
        for (const { folded } of this.#aliasLists.get(subject) ?? [])
          this.#journal.set(this.#aliasOwners, aliasKey(orgId, folded), nobody);
        for (const { folded } of aliases) {
          const owner =
            this.#aliasOwners.get(aliasKey(orgId, folded)) ?? nobody;
          const removed = this.subjectEntries.get(owner)?.change === "removed";
          if (owner !== nobody && !removed)
            throw new LockoutError("aliasTaken");
          this.#journal.set(
            this.#aliasOwners,
            aliasKey(orgId, folded),
            subject,
          );
        }
        this.#journal.set(this.#aliasLists, subject, aliases);
        this.#journal.set(this.replacedAliases, subject, aliases);
      },
    };
  }
}

/** Whose events those of a subject are. */
export function aggregateOf({ key, orgId, userId }: StoredSubject): Aggregate {
  return userId === undefined
    ? nameAggregate(orgId, key)
    : userAggregate(orgId, userId);
}

function userKey(orgId: string, userId: string): string {
  return `${orgId}\n${userId}`;
}

function nameKey(orgId: string, hash: Uint8Array): string {
  return `${orgId}\n${Buffer.from(hash).toString("base64")}`;
}

function aliasKey(orgId: string, folded: string): string {
  return `${orgId}\n${folded}`;
}

function counterKey(subject: number, factor: Factor): string {
  return `${subject}\n${factor}`;
}
