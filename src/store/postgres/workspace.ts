import type { Attempt, ClosedAttempt } from "../../lockout/attempt.ts";
import { LockoutError } from "../../lockout/errors.ts";
import type { NewEvent } from "../../lockout/event.ts";
import type { Factor } from "../../lockout/factor.ts";
import type { Limits, PolicyDecision } from "../../lockout/policy.ts";
import type { Counter, CounterStep, UserState } from "../../lockout/user.ts";
import type { RecordedEvent, StoredPolicy } from "../store.ts";
import { hashName } from "../name-hash.ts";
import { toCounters } from "../rows.ts";
import type { CounterRow } from "../rows.ts";
import { zeroCounters } from "../tables.ts";
import type {
  Aggregate,
  AliasTable,
  AttemptTable,
  CounterTable,
  CountersByFactor,
  EventTable,
  LimitTable,
  PolicyAggregate,
  StoredAttempt,
  StoredSubject,
  SubjectId,
  SubjectTable,
  UserTables,
} from "../tables.ts";
import { createUserCommands } from "../user-commands.ts";
import type { UserCommands } from "../user-commands.ts";
import type { Alias, UserKey } from "../user-store.ts";

/** A subject in the workspace. */
export interface SubjectEntry {
  readonly stored: StoredSubject;
  /** Of names. */
  readonly hash: Uint8Array | undefined;
  /** Of users: of the last event when it was read. */
  readonly sequence: number;
  readonly change: "none" | "new" | "updated" | "removed";
  /** A name that was asked about. */
  readonly touched: boolean;
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
  readonly change: "none" | "new" | "closed";
}

export interface PolicyEntry {
  readonly owner: PolicyAggregate;
  readonly policy: StoredPolicy | undefined;
  readonly changed: boolean;
}

/** An event that is to be written; its position is known when it is. */
export type PendingEvent = {
  -readonly [K in keyof RecordedEvent]: RecordedEvent[K];
};

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
 *
 * Every value is replaced, never changed in place, so that to undo is to put back what was there.
 */
export class Workspace implements UserTables {
  readonly subjectEntries = new Map<number, SubjectEntry>();
  readonly counterEntries = new Map<string, CounterEntry>();
  readonly attemptEntries = new Map<string, AttemptEntry>();
  readonly policyEntries = new Map<string, PolicyEntry>();
  /** Last sequences by aggregate. */
  readonly sequences = new Map<string, number>();
  readonly pendingEvents: PendingEvent[] = [];
  /** The new lists of subjects whose aliases were replaced. */
  readonly replacedAliases = new Map<number, readonly Alias[]>();

  readonly subjects: SubjectTable;
  readonly counters: CounterTable;
  readonly attempts: AttemptTable;
  readonly aliases: AliasTable;
  readonly events: EventTable;
  readonly policies: LimitTable;
  /** The commands of users, on these tables. */
  readonly commands: UserCommands;

  readonly #nameKey: Uint8Array;
  readonly #newKey: () => number;
  readonly #users = new Map<string, number>();
  readonly #names = new Map<string, number>();
  readonly #factors = new Map<number, CountersByFactor>();
  readonly #aliasOwners = new Map<string, number>();
  readonly #aliasLists = new Map<number, readonly Alias[]>();
  readonly #journal: (() => void)[] = [];

  /** @param nameKey hashes login names @param newKey gives keys to new subjects */
  constructor(loaded: Loaded, nameKey: Uint8Array, newKey: () => number) {
    this.#nameKey = nameKey;
    this.#newKey = newKey;
    this.#take(loaded);
    this.subjects = this.#createSubjects();
    this.counters = this.#createCounters();
    this.attempts = this.#createAttempts();
    this.aliases = this.#createAliases();
    this.events = { append: (...args) => this.#append(...args) };
    this.policies = { limitsFor: (orgId) => this.#limitsFor(orgId) };
    this.commands = createUserCommands(this);
  }

  /** Runs a command; where it throws, all that it changed is undone. */
  run<T>(command: () => T): T {
    const before = this.#journal.length;
    try {
      return command();
    } catch (error) {
      while (this.#journal.length > before) this.#journal.pop()?.();
      throw error;
    }
  }

  findPolicy(owner: PolicyAggregate): StoredPolicy | undefined {
    return this.policyEntries.get(policyKey(owner))?.policy;
  }

  /** Writes the event of a decision and the policy that then holds. */
  applyPolicy(
    owner: PolicyAggregate,
    editor: string,
    { event, limits }: PolicyDecision,
    time: number,
  ): RecordedEvent {
    const recorded = this.#append(
      { type: owner.type, id: owner.id, resourceOwner: owner.id },
      editor,
      event,
      time,
    );
    const policy = limits && {
      ...limits,
      resourceOwner: owner.id,
      sequence: recorded.sequence,
      creationDate: this.findPolicy(owner)?.creationDate ?? time,
      changeDate: time,
    };
    this.#set(this.policyEntries, policyKey(owner), {
      owner,
      policy,
      changed: true,
    });
    return recorded;
  }

  #take(loaded: Loaded): void {
    for (const { stored, hash, sequence } of loaded.subjects) {
      this.subjectEntries.set(stored.key, {
        ...{ stored, hash, sequence },
        ...{ change: "none", touched: false },
      });
      this.#index(stored, hash);
      if (stored.userId !== undefined)
        this.sequences.set(userKey(stored.orgId, stored.userId), sequence);
    }
    for (const { orgId, userId, sequence } of loaded.userSequences)
      this.sequences.set(userKey(orgId, userId), sequence);
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
    for (const { owner, policy } of loaded.policies)
      this.policyEntries.set(policyKey(owner), {
        ...{ owner, policy },
        changed: false,
      });
    for (const { owner, sequence } of loaded.policySequences)
      this.sequences.set(policyKey(owner), sequence);
    this.#journal.length = 0;
  }

  #set<K, V>(map: Map<K, V>, key: K, value: V): void {
    if (map.has(key)) {
      const before = map.get(key) as V;
      this.#journal.push(() => map.set(key, before));
    } else {
      this.#journal.push(() => map.delete(key));
    }
    map.set(key, value);
  }

  #index({ key, orgId, userId }: StoredSubject, hash?: Uint8Array): void {
    if (userId !== undefined)
      this.#set(this.#users, userKey(orgId, userId), key);
    if (hash !== undefined) this.#set(this.#names, nameKey(orgId, hash), key);
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
      get: (key) => entryOf(key)?.stored,
      find: (id) =>
        entryOf(
          id.kind === "user"
            ? this.#users.get(userKey(id.orgId, id.userId))
            : this.#names.get(nameKey(id.orgId, id.hash)),
        )?.stored,
      create: (id, state) => this.#createSubject(id, state),
      update: (key, state) => {
        const entry = requireEntry(key);
        this.#set(this.subjectEntries, key, {
          ...entry,
          stored: { ...entry.stored, ...state },
          change: entry.change === "new" ? "new" : "updated",
        });
      },
      remove: (key) => {
        const entry = requireEntry(key);
        // Its row is not there yet: nothing would be removed.
        if (entry.change === "new") throw new BatchError();
        this.#set(this.subjectEntries, key, { ...entry, change: "removed" });
        for (const [id, { attempt, change }] of this.attemptEntries) {
          if (attempt.subject !== key || attempt.closed !== undefined) continue;
          if (change === "new") throw new BatchError();
          this.#set(this.attemptEntries, id, {
            // Of nobody: its row is removed with the subject's.
            attempt: { ...attempt, subject: nobody },
            change: "none",
          });
        }
      },
      touch: (key) => {
        this.#set(this.subjectEntries, key, {
          ...requireEntry(key),
          touched: true,
        });
      },
      hashName: (foldedName) => hashName(this.#nameKey, foldedName),
    };
  }

  #createSubject(id: SubjectId, state: UserState): StoredSubject {
    const hash = id.kind === "name" ? id.hash : undefined;
    const userId = id.kind === "user" ? id.userId : undefined;
    // Somebody of this id was removed in this batch: which events are whose would not be known.
    if (userId !== undefined && this.#users.has(userKey(id.orgId, userId)))
      throw new BatchError();
    const stored: StoredSubject = {
      key: this.#newKey(),
      orgId: id.orgId,
      userId,
      ...state,
    };
    this.#set(this.subjectEntries, stored.key, {
      ...{ stored, hash, sequence: 0 },
      ...{ change: "new", touched: false },
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
    this.#set(this.counterEntries, counterKey(subject, factor), entry);
    this.#set(this.#factors, subject, {
      ...(this.#factors.get(subject) ?? zeroCounters),
      [factor]: counter,
    });
  }

  #createAttempts(): AttemptTable {
    const expired = (time: number, subject?: number) =>
      [...this.attemptEntries.values()]
        .map(({ attempt }) => attempt)
        .filter(
          (attempt) =>
            attempt.closed === undefined &&
            attempt.expireTime <= time &&
            (subject === undefined
              ? this.subjectEntries.has(attempt.subject)
              : attempt.subject === subject),
        )
        .sort((a, b) => a.expireTime - b.expireTime || (a.id < b.id ? -1 : 1));
    return {
      find: (attemptId) => this.attemptEntries.get(attemptId)?.attempt,
      open: (subject, attempt: Attempt) => {
        this.#set(this.attemptEntries, attempt.id, {
          attempt: { ...attempt, subject },
          change: "new",
        });
      },
      close: (attemptId, closed: ClosedAttempt) => {
        const entry = this.attemptEntries.get(attemptId);
        if (entry === undefined) throw new Error("the attempt was not read");
        this.#set(this.attemptEntries, attemptId, {
          attempt: { ...entry.attempt, closed },
          change: entry.change === "new" ? "new" : "closed",
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
          this.#set(this.#aliasOwners, aliasKey(orgId, folded), nobody);
        for (const { folded } of aliases) {
          const owner =
            this.#aliasOwners.get(aliasKey(orgId, folded)) ?? nobody;
          const removed = this.subjectEntries.get(owner)?.change === "removed";
          if (owner !== nobody && !removed)
            throw new LockoutError("aliasTaken");
          this.#set(this.#aliasOwners, aliasKey(orgId, folded), subject);
        }
        this.#set(this.#aliasLists, subject, aliases);
        this.#set(this.replacedAliases, subject, aliases);
      },
    };
  }

  #append(
    aggregate: Aggregate,
    editor: string,
    { type, payload }: NewEvent,
    time: number,
  ): RecordedEvent {
    const key =
      aggregate.type === "user"
        ? userKey(aggregate.resourceOwner, aggregate.id)
        : policyKey({ type: aggregate.type, id: aggregate.id });
    const sequence = (this.sequences.get(key) ?? 0) + 1;
    this.#set(this.sequences, key, sequence);
    const event: PendingEvent = {
      position: 0,
      aggregateType: aggregate.type,
      aggregateId: aggregate.id,
      resourceOwner: aggregate.resourceOwner,
      sequence,
      type,
      editor,
      creationDate: time,
      payload,
    };
    this.pendingEvents.push(event);
    this.#journal.push(() => {
      this.pendingEvents.pop();
    });
    return event;
  }

  #limitsFor(orgId: string): Limits {
    const own = this.findPolicy({ type: "org", id: orgId });
    const policy = own ?? this.#defaultPolicy();
    return {
      maxPasswordAttempts: policy?.maxPasswordAttempts ?? 0,
      maxOtpAttempts: policy?.maxOtpAttempts ?? 0,
    };
  }

  #defaultPolicy(): StoredPolicy | undefined {
    for (const { owner, policy } of this.policyEntries.values())
      if (owner.type === "instance") return policy;
    return undefined;
  }
}

/** How the sequence of a user's events is found. */
export function userKey(orgId: string, userId: string): string {
  return `user\n${orgId}\n${userId}`;
}

function policyKey({ type, id }: PolicyAggregate): string {
  return `${type}\n${id}`;
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
