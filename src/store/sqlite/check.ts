import type { Database } from "better-sqlite3";
import { Problems } from "../shared/problems.ts";
import { checkedEventColumns, checkState } from "../shared/state-check.ts";
import type { CheckedEvent } from "../shared/state-check.ts";
import type { CheckReport } from "../store.ts";
import { openForReading } from "./read-only.ts";

/**
 * Verifies a database, also while it is served: the file itself, and the state against the events. It reads one
 * snapshot, so writers do not disturb it.
 */
export async function checkSqlite(path: string): Promise<CheckReport> {
  const database = openForReading(path);
  try {
    database.exec("BEGIN");
    const problems = new Problems();
    checkFile(database, problems);
    checkNames(database, problems);
    return await checkState(
      {
        rows: <Row>(sql: string) => database.prepare<[], Row>(sql).all(),
        events: () =>
          database
            .prepare<[], CheckedEvent>(
              `SELECT ${checkedEventColumns} FROM events ORDER BY position`,
            )
            .iterate(),
      },
      problems,
    );
  } finally {
    database.close();
  }
}

function checkFile(database: Database, problems: Problems): void {
  const rows = database.pragma("integrity_check") as {
    integrity_check: string;
  }[];
  for (const { integrity_check: said } of rows) {
    if (said !== "ok") {
      problems.report(`the file is damaged: ${said}`);
    }
  }
  const orphans = database.pragma("foreign_key_check") as { table: string }[];
  for (const { table } of orphans) {
    problems.report(
      `a row of the table ${table} refers to one that is not there`,
    );
  }
}

/** Checks the stored count of names, which decides whether names are removed. */
function checkNames(database: Database, problems: Problems): void {
  const rows = database
    .prepare<[], [string, number, number]>(
      `SELECT org_id, sum(counted), sum(found) FROM (
         SELECT org_id, count AS counted, 0 AS found FROM name_counts
         UNION ALL SELECT org_id, 0, count(*) FROM subjects WHERE name_hash IS NOT NULL GROUP BY org_id
         UNION ALL SELECT 'all organisations', count, (SELECT count(*) FROM subjects WHERE name_hash IS NOT NULL) FROM names
       ) GROUP BY org_id HAVING sum(counted) <> sum(found)`,
    )
    .raw()
    .all();
  for (const [orgId, counted, found] of rows) {
    problems.report(
      `${counted} login names are counted of ${orgId}, but ${found} are kept`,
    );
  }
}
