import { emptySource } from "../../lockout/user/source.ts";
import type { Source, SourceView } from "../../lockout/user/source.ts";
import { orgOfSource } from "../commands/tables.ts";
import type { SourceKey, SourceTable } from "../commands/tables.ts";
import { sourceColumns, toSource } from "../shared/rows.ts";
import type { SourceRow } from "../shared/rows.ts";
import type { Connection } from "./database.ts";
import type { Journal } from "./journal.ts";
import type { Call, Statement } from "./pipeline.ts";

/** A source as it was read. */
export interface LoadedSource {
  readonly key: SourceKey;
  /** Undefined where it is not kept. */
  readonly source: Source | undefined;
  /** Attempts that are stored as open. */
  readonly open: number;
}

interface SourceEntry extends LoadedSource {
  readonly change: "none" | "put" | "removed";
  /** Whether there is a row. */
  readonly stored: boolean;
}

/** A command has asked for a source that was not read: it is undone, and run again once that is read. */
export class SourceMissing extends Error {
  override readonly name = "SourceMissing";

  constructor() {
    super("a source of failures has to be read first");
  }
}

/** How long a source is kept of which nothing is counted, in milliseconds: so that nodes seldom meet while they create it. */
const keepEmptyMs = 60_000;

// After the subjects, in the order of the keys. A row that had to be waited for comes as it is after the wait.
const lockSources: Statement = {
  name: "lock_sources",
  text: `SELECT ${sourceColumns} FROM sources WHERE key = ANY ($1::text[]) ORDER BY key FOR UPDATE`,
};
// By a statement of its own, so that it sees what was committed before the locks were given.
const countOpen: Statement = {
  name: "count_open_of_sources",
  text: `SELECT source AS key, count(*) AS open FROM attempts
    WHERE source = ANY ($1::text[]) AND outcome IS NULL AND source IS NOT NULL GROUP BY source`,
};
const insertSources: Statement = {
  name: "insert_sources",
  text: `INSERT INTO sources (key, org_id, level, level_time, empty_time)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])`,
};
const updateSources: Statement = {
  name: "update_sources",
  text: `UPDATE sources SET level = s.level, level_time = s.level_time, empty_time = s.empty_time
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS s (key, level, level_time, empty_time)
    WHERE sources.key = s.key`,
};
const removeSources: Statement = {
  name: "remove_sources",
  text: "DELETE FROM sources WHERE key = ANY ($1::text[])",
};

/** Locks and reads sources, in one round trip. */
export async function loadSources(
  { send }: Connection,
  keys: readonly SourceKey[],
): Promise<readonly LoadedSource[]> {
  const sorted = [...keys].sort();
  const [found, open] = await send([lockSources, sorted], [countOpen, sorted]);
  const rows = new Map(
    (found?.rows ?? []).map((row) => {
      const typed = row as unknown as SourceRow;
      return [typed.key, toSource(typed)];
    }),
  );
  const counts = new Map(
    (open?.rows ?? []).map((row) => [row["key"], Number(row["open"])]),
  );
  return sorted.map((key) => ({
    ...{ key, source: rows.get(key), open: counts.get(key) ?? 0 },
  }));
}

/** The sources that a batch has read, and what it makes of them. */
export class Sources implements SourceTable {
  readonly #journal: Journal;
  /** How many more attempts of a source are open than were when it was read. */
  readonly #openSince: (key: SourceKey) => number;
  readonly #entries = new Map<SourceKey, SourceEntry>();
  readonly #missing = new Set<SourceKey>();
  #lacks = false;

  constructor(journal: Journal, openSince: (key: SourceKey) => number) {
    this.#journal = journal;
    this.#openSince = openSince;
  }

  /** Takes sources as they were read. */
  take(sources: readonly LoadedSource[]): void {
    for (const loaded of sources) {
      const stored = loaded.source !== undefined;
      this.#entries.set(loaded.key, { ...loaded, stored, change: "none" });
      this.#missing.delete(loaded.key);
    }
  }

  /** Those that were asked for and not read. */
  get missing(): readonly SourceKey[] {
    return [...this.#missing];
  }

  /** Begins a command. */
  beginCommand(): void {
    this.#lacks = false;
  }

  /** Ends a command. @throws SourceMissing where it has asked for what was not read */
  endCommand(): void {
    if (this.#lacks) {
      throw new SourceMissing();
    }
  }

  /** One that was not read is empty for now: the command goes on, so that all that it needs is known. */
  find(key: SourceKey): SourceView {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#lacks = true;
      this.#missing.add(key);
      return { ...emptySource, open: 0 };
    }
    return {
      ...(entry.source ?? emptySource),
      open: entry.open + this.#openSince(key),
    };
  }

  put(key: SourceKey, source: Source): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      const next: SourceEntry = { ...entry, source, change: "put" };
      this.#journal.set(this.#entries, key, next);
    }
  }

  hold(key: SourceKey, time: number): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.source === undefined) {
      this.put(key, { level: 0, time, emptyTime: time + keepEmptyMs });
    }
  }

  remove(key: SourceKey): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      this.#journal.set(this.#entries, key, {
        ...{ ...entry, source: undefined },
        change: "removed",
      });
    }
  }

  /** How many the batch adds. */
  get added(): number {
    return this.#changed("put").filter(({ stored }) => !stored).length;
  }

  /** The statements that write what the batch has changed. */
  writes(): readonly Call[] {
    const put = this.#changed("put");
    const [updated, created] = [
      put.filter(({ stored }) => stored),
      put.filter(({ stored }) => !stored),
    ];
    const removed = this.#changed("removed").filter(({ stored }) => stored);
    return [
      ...(removed.length > 0
        ? [[removeSources, removed.map(({ key }) => key)] as const]
        : []),
      ...(updated.length > 0
        ? [
            [
              updateSources,
              updated.map(({ key }) => key),
              ...columns(updated),
            ] as const,
          ]
        : []),
      // Who creates the same at once finds its row taken, and is run again.
      ...(created.length > 0
        ? [
            [
              insertSources,
              created.map(({ key }) => key),
              created.map(({ key }) => orgOfSource(key)),
              ...columns(created),
            ] as const,
          ]
        : []),
    ];
  }

  #changed(change: SourceEntry["change"]): readonly SourceEntry[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.change === change)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}

function columns(
  entries: readonly SourceEntry[],
): readonly [readonly number[], readonly number[], readonly number[]] {
  const sources = entries.map(({ source }) => source ?? emptySource);
  return [
    sources.map(({ level }) => level),
    sources.map(({ time }) => time),
    sources.map(({ emptyTime }) => emptyTime),
  ];
}
