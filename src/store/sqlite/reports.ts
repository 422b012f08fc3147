import type { Database } from "better-sqlite3";
import type { ReportTable } from "../commands/tables.ts";
import { reportColumns, toReport } from "../shared/rows.ts";
import type { ReportRow } from "../shared/rows.ts";
import { keepClosedMs } from "../users.ts";

/** {@link ReportTable}, and what forgets. */
export interface Reports extends ReportTable {
  /** Whether there are some that are not remembered any more at this time. */
  isForgettable(time: number): boolean;
  /** Removes such, so many at most; says how many. */
  forget(time: number, limit: number): number;
}

/** Prepares the statements of {@link Reports}. */
export function prepareReports(database: Database): Reports {
  const find = database.prepare<[string, string], ReportRow>(
    `SELECT ${reportColumns} FROM reports WHERE org_id = ? AND key = ?`,
  );
  const put = database.prepare<[string, string, string, number, string]>(
    `INSERT OR REPLACE INTO reports (${reportColumns}) VALUES (?, ?, ?, ?, ?)`,
  );
  // Of a clock that went back far, too.
  const old = `report_time <= ? - ${keepClosedMs} OR report_time >= ? + ${keepClosedMs}`;
  const isForgettable = database
    .prepare<[number, number], number>(
      `SELECT EXISTS (SELECT 1 FROM reports WHERE ${old})`,
    )
    .pluck();
  const forget = database.prepare<[number, number, number]>(
    `DELETE FROM reports WHERE (org_id, key) IN (SELECT org_id, key FROM reports WHERE ${old} LIMIT ?)`,
  );
  return {
    find: (orgId, key) => {
      const row = find.get(orgId, key);
      return row && toReport(row);
    },
    put: ({ orgId, key, request, time, result }) => {
      put.run(orgId, key, request, time, JSON.stringify(result));
    },
    isForgettable: (time) => isForgettable.get(time, time) === 1,
    forget: (time, limit) => forget.run(time, time, limit).changes,
  };
}
