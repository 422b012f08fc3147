import type { ReportTable, StoredReport } from "../commands/tables.ts";
import { reportColumns } from "../shared/rows.ts";
import type { Journal } from "./journal.ts";
import type { Call, Statement } from "./pipeline.ts";

/** Reads the reports with some keys. */
export const readReports: Statement = {
  name: "read_reports",
  text: `SELECT ${reportColumns} FROM reports WHERE (org_id, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
};
const removeReports: Statement = {
  name: "remove_reports",
  text: `DELETE FROM reports USING unnest($1::text[], $2::text[], $3::bigint[]) AS r (org_id, key, report_time)
    WHERE reports.org_id = r.org_id AND reports.key = r.key AND reports.report_time = r.report_time`,
};
const insertReports: Statement = {
  name: "insert_reports",
  text: `INSERT INTO reports (${reportColumns})
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])`,
};

/** The reports with keys that a batch has read, and those that it makes. */
export class Reports implements ReportTable {
  readonly #known = new Map<string, StoredReport>();
  readonly #read = new Map<string, StoredReport>();
  readonly #made = new Map<string, StoredReport>();
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Takes a report as it was read. */
  take(report: StoredReport): void {
    this.#known.set(keyOf(report), report);
    this.#read.set(keyOf(report), report);
  }

  find(orgId: string, key: string): StoredReport | undefined {
    return this.#known.get(keyOf({ orgId, key }));
  }

  put(report: StoredReport): void {
    this.#journal.set(this.#known, keyOf(report), report);
    this.#journal.set(this.#made, keyOf(report), report);
  }

  /** The statements that write what the batch has made. Who made one with the same key at once finds its row taken, and is run again. */
  writes(): readonly Call[] {
    if (this.#made.size === 0) {
      return [];
    }
    const sorted = [...this.#made].sort(([a], [b]) => (a < b ? -1 : 1));
    const made = sorted.map(([, report]) => report);
    const old = sorted.flatMap(([key]) => this.#read.get(key) ?? []);
    return [
      ...(old.length > 0
        ? [
            [
              removeReports,
              old.map(({ orgId }) => orgId),
              old.map(({ key }) => key),
              old.map(({ time }) => time),
            ] as const,
          ]
        : []),
      [
        insertReports,
        made.map(({ orgId }) => orgId),
        made.map(({ key }) => key),
        made.map(({ request }) => request),
        made.map(({ time }) => time),
        made.map(({ result }) => JSON.stringify(result)),
      ],
    ];
  }
}

function keyOf({ orgId, key }: Pick<StoredReport, "orgId" | "key">): string {
  return `${orgId}\n${key}`;
}
