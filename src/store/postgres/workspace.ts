import type { KeyObject } from "node:crypto";
import type { StoredSubject, UserTables } from "../commands/tables.ts";
import { userAggregate } from "../commands/tables.ts";
import { createUserCommands } from "../commands/user-commands.ts";
import type { UserCommands } from "../commands/user-commands.ts";
import type { NewId } from "../ids.ts";
import { noMeter, Tally } from "../meter.ts";
import { Aliases } from "./aliases.ts";
import { Attempts } from "./attempts.ts";
import { Counters } from "./counters.ts";
import { NewEvents } from "./events.ts";
import { Journal } from "./journal.ts";
import type { Loaded } from "./load.ts";
import { Policies } from "./policies.ts";
import { RemovedOrgs } from "./present-orgs.ts";
import { Reports } from "./reports.ts";
import { Sources } from "./sources.ts";
import { Storms } from "./storms.ts";
import { Subjects, subjectAggregate } from "./subjects.ts";
import type { UserCount } from "./user-counts.ts";

/** What makes keys of subjects and ids of attempts. */
export interface Makers {
  readonly newKey: () => number;
  readonly newId: NewId;
  /** Whether an organisation has reached the quota of users. */
  readonly isFull: (orgId: string) => boolean;
}

const readersMakers: Makers = {
  newKey: nothingNew,
  newId: nothingNew,
  isFull: nothingNew,
};

function nothingNew(): never {
  throw new Error("a workspace for reading makes no keys and ids");
}

/**
 * The tables of `tables.ts` over the rows that a batch has read and locked: commands run on them one after the other, and what
 * they changed is written afterwards. All changes of a command that throws are undone.
 */
export class Workspace implements UserTables {
  readonly orgs = new RemovedOrgs();
  readonly subjects: Subjects;
  readonly counters: Counters;
  readonly attempts: Attempts;
  readonly sources: Sources;
  readonly storms: Storms;
  readonly aliases: Aliases;
  readonly reports: Reports;
  readonly events: NewEvents;
  readonly nameEvents: NewEvents;
  readonly policies: Policies;
  /** The commands of users, on these tables. */
  readonly commands: UserCommands;
  /** The new counts of users of the organisations in which the batch has registered or removed some, once it is written. */
  userCounts: readonly UserCount[] = [];

  readonly tally: Tally;

  readonly #journal = new Journal();

  /** @param nameKey hashes login names, where there are any @param makers make keys and ids; left out for reading only */
  constructor(
    loaded: Loaded,
    nameKey: KeyObject | undefined,
    { newKey, newId, isFull }: Makers = readersMakers,
    meter = noMeter,
  ) {
    this.tally = new Tally(meter);
    const journal = this.#journal;
    this.subjects = new Subjects({
      ...{ journal, nameKey, newKey, isFull },
      onRemove: (key) => {
        this.attempts.detachOpen(key);
      },
    });
    this.counters = new Counters(journal, this.subjects);
    this.attempts = new Attempts(journal, this.subjects);
    this.sources = new Sources(journal, (key) => this.attempts.openSince(key));
    this.storms = new Storms(journal);
    this.aliases = new Aliases(journal, this.subjects);
    this.reports = new Reports(journal);
    this.events = new NewEvents(journal, "events");
    this.nameEvents = new NewEvents(journal, "name_events");
    this.policies = new Policies(journal, this.events);
    this.commands = createUserCommands(this, newId);
    this.#take(loaded);
  }

  /**
   * Runs a command; where it throws, all that it changed is undone.
   *
   * @throws SourceMissing where sources have to be read first: then it is to be run again
   */
  run<T>(command: () => T): T {
    const noted = this.tally.length;
    try {
      return this.#journal.run(() => {
        this.sources.beginCommand();
        const result = command();
        this.sources.endCommand();
        return result;
      });
    } catch (error) {
      this.tally.undo(noted);
      throw error;
    }
  }

  /** The last sequence of a subject's events. */
  sequenceOf(subject: StoredSubject): number {
    return this.#logOf(subject).sequenceOf(subjectAggregate(subject));
  }

  #logOf({ userId }: StoredSubject): NewEvents {
    return userId === undefined ? this.nameEvents : this.events;
  }

  #take(loaded: Loaded): void {
    for (const subject of loaded.subjects) {
      this.subjects.take(subject);
      const { stored, sequence } = subject;
      this.#logOf(stored).take(subjectAggregate(stored), sequence);
    }
    for (const { orgId, userId, sequence } of loaded.userSequences) {
      this.events.take(userAggregate(orgId, userId), sequence);
    }
    for (const { subject, row } of loaded.counters) {
      this.counters.take(subject, row);
    }
    for (const { attempt, source } of loaded.attempts) {
      this.attempts.take(attempt, source);
    }
    for (const alias of loaded.aliases) {
      this.aliases.take(alias);
    }
    for (const report of loaded.reports) {
      this.reports.take(report);
    }
    for (const { orgId, folded, hash, user, key } of loaded.names) {
      if (user !== null) {
        this.aliases.takeOwner(orgId, folded, user);
      }
      if (key !== null) {
        this.subjects.takeName(orgId, hash, key);
      }
    }
    for (const storm of loaded.storms) {
      this.storms.take(storm);
    }
    for (const orgId of loaded.removedOrgs) {
      this.orgs.take(orgId);
    }
    for (const part of loaded.policies) {
      this.policies.take(part);
    }
    for (const { owner, sequence } of loaded.policySequences) {
      this.policies.takeSequence(owner, sequence);
    }
    this.#journal.forget();
  }
}
