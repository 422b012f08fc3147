import { noStorm } from "../../lockout/attempt/storm.ts";
import type { Storm } from "../../lockout/attempt/storm.ts";
import { notedAtOnce } from "../commands/settle-storms.ts";
import type { StoredStorm, StormTable } from "../commands/tables.ts";
import {
  notedColumns,
  stormText,
  toStoredStorm,
} from "../shared/storm-rows.ts";
import type { NotedRow } from "../shared/storm-rows.ts";
import type { Journal } from "./journal.ts";
import type { Call, Row, Statement } from "./pipeline.ts";

/** What was read of the storms of an organisation, whose row of policies is locked. */
export interface LoadedStorm {
  readonly orgId: string;
  readonly text: string | undefined;
  readonly noted: readonly NotedRow[];
}

interface SettledEntry {
  readonly storm: Storm | undefined;
  readonly dueTime: number;
}

interface NotedLock {
  readonly orgId: string;
  readonly time: number;
  readonly isName: boolean;
}

/** Reads what is stored of storms, a row for each organisation and lock that was noted. */
export const readStorms: Statement = {
  name: "read_storms",
  text: `SELECT o.org_id, s.storm, ${notedColumns} FROM unnest($1::text[]) AS o (org_id)
    LEFT JOIN storms s ON s.org_id = o.org_id
    LEFT JOIN LATERAL (
      SELECT ${notedColumns} FROM noted_locks n WHERE n.org_id = o.org_id ORDER BY lock_time, key LIMIT ${notedAtOnce}
    ) AS l ON true`,
};
const insertNoted: Statement = {
  name: "insert_noted_locks",
  text: `INSERT INTO noted_locks (org_id, lock_time, is_name)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])`,
};
const removeNoted: Statement = {
  name: "remove_noted_locks",
  text: "DELETE FROM noted_locks WHERE key = ANY ($1::bigint[])",
};
const putStorms: Statement = {
  name: "put_storms",
  text: `INSERT INTO storms (org_id, storm, due_time, settled_time)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
    ON CONFLICT (org_id) DO UPDATE
    SET storm = excluded.storm, due_time = excluded.due_time, settled_time = excluded.settled_time`,
};
const removeStorms: Statement = {
  name: "remove_storms",
  text: "DELETE FROM storms WHERE org_id = ANY ($1::text[])",
};

/** Reads rows of {@link readStorms}. */
export function toLoadedStorms(rows: readonly Row[]): readonly LoadedStorm[] {
  const byOrg = Map.groupBy(rows, (row) => row["org_id"] as string);
  return [...byOrg].map(([orgId, own]) => ({
    orgId,
    text: (own[0]?.["storm"] ?? undefined) as string | undefined,
    noted: own
      .filter((row) => row["key"] !== null)
      .map((row) => row as unknown as NotedRow)
      .sort((a, b) => a.lock_time - b.lock_time),
  }));
}

/** The storms that a batch has read, the locks that it notes, and what it settles. */
export class Storms implements StormTable {
  readonly #journal: Journal;
  readonly #loaded = new Map<string, LoadedStorm>();
  readonly #settled = new Map<string, SettledEntry>();
  readonly #noted: NotedLock[] = [];

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Takes what was read. */
  take(loaded: LoadedStorm): void {
    this.#loaded.set(loaded.orgId, loaded);
  }

  note(orgId: string, time: number, isName: boolean): void {
    this.#journal.push(this.#noted, { orgId, time, isName });
  }

  find(orgId: string): StoredStorm {
    const loaded = this.#loaded.get(orgId);
    if (loaded === undefined) {
      throw new Error("storms are settled that were not read");
    }
    const stored = toStoredStorm(loaded.text, loaded.noted);
    const settled = this.#settled.get(orgId);
    // By a command before, of the same batch: it has counted all that was read, and what was not is left as it was.
    return settled === undefined
      ? stored
      : { ...stored, storm: settled.storm ?? noStorm, noted: [] };
  }

  settle(orgId: string, storm: Storm | undefined, dueTime: number): void {
    this.#journal.set(this.#settled, orgId, { storm, dueTime });
  }

  /** The statements that write what the batch has changed. */
  writes(): readonly Call[] {
    const settled = [...this.#settled].sort(([a], [b]) => (a < b ? -1 : 1));
    const put = settled.flatMap(([orgId, { storm, dueTime }]) =>
      storm === undefined ? [] : [{ orgId, storm, dueTime }],
    );
    const removed = settled.filter(([, { storm }]) => storm === undefined);
    const counted = settled.flatMap(
      ([orgId]) => this.#loaded.get(orgId)?.noted ?? [],
    );
    return [
      ...(this.#noted.length > 0
        ? [
            [
              insertNoted,
              this.#noted.map(({ orgId }) => orgId),
              this.#noted.map(({ time }) => time),
              this.#noted.map(({ isName }) => (isName ? 1 : 0)),
            ] as const,
          ]
        : []),
      ...(counted.length > 0
        ? [[removeNoted, counted.map(({ key }) => key)] as const]
        : []),
      ...(put.length > 0
        ? [
            [
              putStorms,
              put.map(({ orgId }) => orgId),
              put.map(({ storm }) => stormText(storm)),
              put.map(({ dueTime }) => dueTime),
              put.map(({ storm }) => storm.settledTime),
            ] as const,
          ]
        : []),
      ...(removed.length > 0
        ? [[removeStorms, removed.map(([orgId]) => orgId)] as const]
        : []),
    ];
  }
}
