import type { Factor } from "../../lockout/user/factor.ts";
import type { Counter, CounterStep } from "../../lockout/user/counter.ts";
import { zeroCounters } from "../commands/tables.ts";
import type { CountersByFactor, CounterTable } from "../commands/tables.ts";
import { toCounters } from "../shared/rows.ts";
import type { CounterRow } from "../shared/rows.ts";
import type { Journal } from "./journal.ts";
import type { Call, Statement } from "./pipeline.ts";
import type { Subjects } from "./subjects.ts";

/** A counter, and what is to be done to the row: relative steps, never a value that was read before (I2). */
interface CounterEntry {
  readonly subject: number;
  readonly factor: Factor;
  readonly counter: Counter;
  /** Whether there is a row. */
  readonly stored: boolean;
  /** Failures and locks, also those in a row, are set to 0 before anything is added. */
  readonly cleared: boolean;
  /** The failures are set to 0 before `failed` is added. */
  readonly startsOver: boolean;
  readonly failed: number;
  readonly failedInRow: number;
  readonly locks: number;
  readonly open: number;
  readonly lastFailure: number | undefined;
  readonly changed: boolean;
}

const stepCounters: Statement = {
  name: "step_counters",
  text: `UPDATE counters SET failed = CASE WHEN c.starts_over THEN c.failed ELSE counters.failed + c.failed END,
      failed_in_row = CASE WHEN c.cleared THEN c.failed_in_row ELSE counters.failed_in_row + c.failed_in_row END,
      locks_in_row = CASE WHEN c.cleared THEN c.locks ELSE counters.locks_in_row + c.locks END,
      open = counters.open + c.open, last_failure = coalesce(c.last_failure, counters.last_failure)
    FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::boolean[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
        $9::bigint[])
      AS c (subject, factor, cleared, starts_over, failed, failed_in_row, locks, open, last_failure)
    WHERE counters.subject = c.subject AND counters.factor = c.factor`,
};
const insertCounters: Statement = {
  name: "insert_counters",
  text: `INSERT INTO counters (subject, factor, failed, open, last_failure, failed_in_row, locks_in_row)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])`,
};

/** Nothing is to be done. */
const noSteps = {
  ...{ cleared: false, startsOver: false, failed: 0, failedInRow: 0 },
  ...{ locks: 0, open: 0, lastFailure: undefined },
};

/** The counters that a batch has read, and what it makes of them. */
export class Counters implements CounterTable {
  readonly #journal: Journal;
  readonly #subjects: Subjects;
  readonly #entries = new Map<string, CounterEntry>();
  readonly #byFactor = new Map<number, CountersByFactor>();

  constructor(journal: Journal, subjects: Subjects) {
    this.#journal = journal;
    this.#subjects = subjects;
  }

  /** Takes a counter as it was read. */
  take(subject: number, row: CounterRow): void {
    const { factor } = row;
    const counter = toCounters([row])[factor];
    this.#set({
      ...{ subject, factor, counter, stored: true },
      ...{ ...noSteps, changed: false },
    });
  }

  read(subject: number): CountersByFactor {
    return this.#byFactor.get(subject) ?? zeroCounters;
  }

  step(subject: number, step: CounterStep, time: number): void {
    this.#set(this.#stepped(subject, step, time));
  }

  /** The statements that write what the batch has changed. */
  writes(): readonly Call[] {
    const changed = [...this.#entries.values()].filter(
      ({ changed, subject }) => changed && !this.#subjects.isRemoved(subject),
    );
    const stepped = changed.filter(({ stored }) => stored);
    const created = changed.filter(
      ({ stored, counter }) =>
        !stored &&
        (counter.failed !== 0 ||
          counter.open !== 0 ||
          counter.lastFailure !== undefined),
    );
    return [
      ...(stepped.length > 0 ? [steps(stepped)] : []),
      ...(created.length > 0 ? [insertion(created)] : []),
    ];
  }

  #stepped(
    subject: number,
    { factor, failed, startsOver = false, open, ...more }: CounterStep,
    time: number,
  ): CounterEntry {
    const entry = this.#entries.get(counterKey(subject, factor)) ?? {
      ...{ subject, factor, counter: zeroCounters[factor], stored: false },
      ...noSteps,
    };
    const { counter } = entry;
    if (failed === "clear") {
      return {
        ...entry,
        counter: {
          ...counter,
          ...{ failed: 0, failedInRow: 0, locksInRow: 0 },
          open: counter.open + open,
        },
        ...{ cleared: true, startsOver: true },
        ...{ failed: 0, failedInRow: 0, locks: 0, open: entry.open + open },
        changed: true,
      };
    }
    const { failedInRow = failed, locks = 0 } = more;
    const lastFailure = failedInRow > 0 ? time : undefined;
    return {
      ...entry,
      counter: {
        failed: (startsOver ? 0 : counter.failed) + failed,
        open: counter.open + open,
        lastFailure: lastFailure ?? counter.lastFailure,
        failedInRow: counter.failedInRow + failedInRow,
        locksInRow: counter.locksInRow + locks,
      },
      startsOver: entry.startsOver || startsOver,
      failed: (startsOver ? 0 : entry.failed) + failed,
      failedInRow: entry.failedInRow + failedInRow,
      locks: entry.locks + locks,
      open: entry.open + open,
      lastFailure: lastFailure ?? entry.lastFailure,
      changed: true,
    };
  }

  #set(entry: CounterEntry): void {
    const { subject, factor, counter } = entry;
    this.#journal.set(this.#entries, counterKey(subject, factor), entry);
    this.#journal.set(this.#byFactor, subject, {
      ...this.read(subject),
      [factor]: counter,
    });
  }
}

function steps(stepped: readonly CounterEntry[]): Call {
  return [
    stepCounters,
    stepped.map(({ subject }) => subject),
    stepped.map(({ factor }) => factor),
    stepped.map(({ cleared }) => cleared),
    stepped.map(({ startsOver }) => startsOver),
    stepped.map(({ failed }) => failed),
    stepped.map(({ failedInRow }) => failedInRow),
    stepped.map(({ locks }) => locks),
    stepped.map(({ open }) => open),
    stepped.map(({ lastFailure }) => lastFailure ?? null),
  ];
}

function insertion(created: readonly CounterEntry[]): Call {
  return [
    insertCounters,
    created.map(({ subject }) => subject),
    created.map(({ factor }) => factor),
    created.map(({ counter }) => counter.failed),
    created.map(({ counter }) => counter.open),
    created.map(({ counter }) => counter.lastFailure ?? null),
    created.map(({ counter }) => counter.failedInRow),
    created.map(({ counter }) => counter.locksInRow),
  ];
}

function counterKey(subject: number, factor: Factor): string {
  return `${subject}\n${factor}`;
}
