import type { Attempt, ClosedAttempt } from "../../lockout/attempt/attempt.ts";
import type {
  AttemptTable,
  SourceKey,
  StoredAttempt,
} from "../commands/tables.ts";
import { clientColumn, closedColumns } from "../shared/rows.ts";
import { BatchError } from "./errors.ts";
import type { Journal } from "./journal.ts";
import type { Call, Statement } from "./pipeline.ts";
import type { Subjects } from "./subjects.ts";

interface AttemptEntry {
  readonly attempt: StoredAttempt;
  /** The source of which it holds a chance while it is open. */
  readonly source: SourceKey | undefined;
  /** Whether it was open when it was read. */
  readonly wasOpen: boolean;
  /** Whether its times were changed, since the clock was set back. */
  readonly isRedated?: boolean;
  readonly change: "none" | "new" | "closed";
}

/** The key of no subject. */
const nobody = -1;

const insertAttempts: Statement = {
  name: "insert_attempts",
  text: `INSERT INTO attempts (id, subject, factor, client, begin_time, expire_time, outcome, result, source, device, device_generation)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
      $9::text[], $10::text[], $11::bigint[])`,
};
const redateAttempts: Statement = {
  name: "redate_attempts",
  text: `UPDATE attempts SET begin_time = d.begin_time, expire_time = d.expire_time
    FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS d (id, begin_time, expire_time) WHERE attempts.id = d.id`,
};
const voidAttempts: Statement = {
  name: "void_attempts",
  text: "UPDATE attempts SET outcome = $1, result = $2, client = NULL WHERE outcome IS NULL AND subject = ANY ($3::bigint[])",
};
const closeAttempts: Statement = {
  name: "close_attempts",
  // The client is needed for the event only: rows that are kept for long are small.
  text: `UPDATE attempts SET outcome = c.outcome, result = c.result, client = NULL
    FROM unnest($1::text[], $2::text[], $3::text[]) AS c (id, outcome, result) WHERE attempts.id = c.id`,
};

/** The attempts that a batch has read, and what it makes of them. */
export class Attempts implements AttemptTable {
  readonly #journal: Journal;
  readonly #subjects: Subjects;
  readonly #entries = new Map<string, AttemptEntry>();
  /** Whose stored open attempts become void. */
  readonly #voidedSubjects = new Map<number, true>();

  constructor(journal: Journal, subjects: Subjects) {
    this.#journal = journal;
    this.#subjects = subjects;
  }

  /** Takes an attempt as it was read. */
  take(attempt: StoredAttempt, source: SourceKey | undefined): void {
    const wasOpen = attempt.closed === undefined;
    this.#entries.set(attempt.id, {
      ...{ attempt, source, wasOpen },
      change: "none",
    });
  }

  find(attemptId: string): StoredAttempt | undefined {
    return this.#entries.get(attemptId)?.attempt;
  }

  open(
    subject: number,
    attempt: Attempt,
    source: SourceKey | undefined,
  ): boolean {
    // An attempt that was not read makes the insert fail: then the batch is run again, with other ids.
    if (this.#entries.has(attempt.id)) {
      return false;
    }
    this.#journal.set(this.#entries, attempt.id, {
      attempt: { ...attempt, subject },
      ...{ source, wasOpen: false },
      change: "new",
    });
    return true;
  }

  close(attemptId: string, closed: ClosedAttempt): void {
    const entry = this.#require(attemptId);
    this.#journal.set(this.#entries, attemptId, {
      ...entry,
      attempt: { ...entry.attempt, closed },
      change: entry.change === "new" ? "new" : "closed",
    });
  }

  voidOpen(subject: number): void {
    // One statement voids all rows, also those that were not read.
    this.#journal.set(this.#voidedSubjects, subject, true);
    for (const entry of this.#openOf(subject)) {
      const { attempt } = entry;
      this.#journal.set(this.#entries, attempt.id, {
        ...entry,
        attempt: { ...attempt, closed: { outcome: "void" } },
      });
    }
  }

  /**
   * Hides the open attempts of a removed subject: their rows are removed with the subject's.
   *
   * @throws BatchError where one of them was begun in this batch: it has no row yet
   */
  detachOpen(subject: number): void {
    for (const entry of this.#openOf(subject)) {
      const { attempt, change } = entry;
      if (change === "new") {
        throw new BatchError();
      }
      this.#journal.set(this.#entries, attempt.id, {
        ...entry,
        attempt: { ...attempt, subject: nobody },
        change: "none",
      });
    }
  }

  aheadOf(subject: number, time: number): readonly StoredAttempt[] {
    return beganAfter(time, this.#openOf(subject));
  }

  ahead(time: number, limit: number): readonly StoredAttempt[] {
    return beganAfter(time, this.#openOfAll()).slice(0, limit);
  }

  redate(attempt: StoredAttempt): void {
    this.#journal.set(this.#entries, attempt.id, {
      ...this.#require(attempt.id),
      attempt,
      isRedated: true,
    });
  }

  expiredOf(subject: number, time: number): readonly StoredAttempt[] {
    return expiredBy(time, this.#openOf(subject));
  }

  expired(time: number, limit: number): readonly StoredAttempt[] {
    return expiredBy(time, this.#openOfAll()).slice(0, limit);
  }

  /** How many more attempts hold chances of a source than did when they were read, as far as they were. */
  openSince(source: SourceKey): number {
    let more = 0;
    for (const entry of this.#entries.values()) {
      if (entry.source === source) {
        const isOpen = entry.attempt.closed === undefined;
        more += Number(isOpen) - Number(entry.wasOpen);
      }
    }
    return more;
  }

  /** The statements that write what the batch has changed. */
  writes(): readonly Call[] {
    const entries = [...this.#entries.values()];
    const opened = entries.filter(({ change }) => change === "new");
    const closed = entries.filter(({ change }) => change === "closed");
    const redated = entries.filter(
      ({ change, isRedated }) => isRedated === true && change !== "new",
    );
    const voided = [...this.#voidedSubjects.keys()];
    return [
      // First, so that attempts opened later in this batch stay open, and those closed before keep their outcome.
      ...(voided.length > 0 ? [voiding(voided)] : []),
      ...(opened.length > 0 ? [insertion(opened)] : []),
      ...(closed.length > 0 ? [closing(toAttempts(closed))] : []),
      ...(redated.length > 0 ? [redating(toAttempts(redated))] : []),
    ];
  }

  #require(attemptId: string): AttemptEntry {
    const entry = this.#entries.get(attemptId);
    if (entry === undefined) {
      throw new Error("the attempt was not read");
    }
    return entry;
  }

  #openOf(subject: number): readonly AttemptEntry[] {
    return this.#open().filter(({ attempt }) => attempt.subject === subject);
  }

  #openOfAll(): readonly AttemptEntry[] {
    return this.#open().filter(({ attempt }) =>
      this.#subjects.entries.has(attempt.subject),
    );
  }

  #open(): readonly AttemptEntry[] {
    return [...this.#entries.values()].filter(
      ({ attempt }) => attempt.closed === undefined,
    );
  }
}

function toAttempts(
  entries: readonly AttemptEntry[],
): readonly StoredAttempt[] {
  return entries.map(({ attempt }) => attempt);
}

function expiredBy(
  time: number,
  entries: readonly AttemptEntry[],
): readonly StoredAttempt[] {
  return toAttempts(entries)
    .filter(({ expireTime }) => expireTime <= time)
    .sort((a, b) => a.expireTime - b.expireTime || (a.id < b.id ? -1 : 1));
}

function beganAfter(
  time: number,
  entries: readonly AttemptEntry[],
): readonly StoredAttempt[] {
  return toAttempts(entries).filter(({ beginTime }) => beginTime > time);
}

function voiding(subjects: readonly number[]): Call {
  return [voidAttempts, ...closedColumns({ outcome: "void" }), subjects];
}

function insertion(opened: readonly AttemptEntry[]): Call {
  const attempts = toAttempts(opened);
  const closed = attempts.map(({ closed }) => closed && closedColumns(closed));
  return [
    insertAttempts,
    attempts.map(({ id }) => id),
    attempts.map(({ subject }) => subject),
    attempts.map(({ factor }) => factor),
    attempts.map(({ client }) => clientColumn(client)),
    attempts.map(({ beginTime }) => beginTime),
    attempts.map(({ expireTime }) => expireTime),
    closed.map((columns) => columns?.[0] ?? null),
    closed.map((columns) => columns?.[1] ?? null),
    opened.map(({ source }) => source ?? null),
    attempts.map(({ deviceId }) => deviceId ?? null),
    attempts.map(({ deviceGeneration }) => deviceGeneration ?? 0),
  ];
}

function closing(attempts: readonly StoredAttempt[]): Call {
  const rows = attempts.flatMap(({ id, closed }) =>
    closed === undefined ? [] : [{ id, columns: closedColumns(closed) }],
  );
  return [
    closeAttempts,
    rows.map(({ id }) => id),
    rows.map(({ columns }) => columns[0]),
    rows.map(({ columns }) => columns[1]),
  ];
}

function redating(attempts: readonly StoredAttempt[]): Call {
  return [
    redateAttempts,
    attempts.map(({ id }) => id),
    attempts.map(({ beginTime }) => beginTime),
    attempts.map(({ expireTime }) => expireTime),
  ];
}
