import type { Factor } from "../../lockout/factor.ts";
import type { Counter, CounterStep } from "../../lockout/user.ts";
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
  /** The failures are set to 0 before `failed` is added. */
  readonly cleared: boolean;
  readonly failed: number;
  readonly open: number;
  readonly lastFailure: number | undefined;
  readonly changed: boolean;
}

const stepCounters: Statement = {
  name: "step_counters",
  text: `UPDATE counters SET failed = CASE WHEN c.cleared THEN c.failed ELSE counters.failed + c.failed END,
      open = counters.open + c.open, last_failure = coalesce(c.last_failure, counters.last_failure)
    FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::bigint[], $5::bigint[], $6::bigint[])
      AS c (subject, factor, cleared, failed, open, last_failure)
    WHERE counters.subject = c.subject AND counters.factor = c.factor`,
};
const insertCounters: Statement = {
  name: "insert_counters",
  text: `INSERT INTO counters (subject, factor, failed, open, last_failure)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])`,
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
      ...{ subject, factor, counter, stored: true, cleared: false },
      ...{ failed: 0, open: 0, lastFailure: undefined, changed: false },
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
    { factor, failed, open }: CounterStep,
    time: number,
  ): CounterEntry {
    const entry = this.#entries.get(counterKey(subject, factor)) ?? {
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
    stepped.map(({ failed }) => failed),
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
  ];
}

function counterKey(subject: number, factor: Factor): string {
  return `${subject}\n${factor}`;
}
