import { keepClosedMs, keptNameEvents } from "../users.ts";
import { nowSql } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";

const nowOf = `(SELECT coalesce($1::bigint, ${nowSql}))`;

// Ids are in the order of time, so the oldest attempts come first: no index by time is needed.
const oldest =
  "SELECT id, outcome, begin_time, expire_time FROM attempts ORDER BY id LIMIT $2";
const forgetClosed: Statement = {
  name: "forget_closed",
  text: `DELETE FROM attempts WHERE id IN (
      SELECT id FROM (${oldest}) AS oldest WHERE outcome IS NOT NULL AND expire_time <= ${nowOf} - ${keepClosedMs})`,
};
// They would be in the way of all others for as long as the clock went back.
const redateClosed: Statement = {
  name: "redate_closed",
  text: `UPDATE attempts SET begin_time = ${nowOf}, expire_time = ${nowOf} WHERE id IN (
      SELECT id FROM (${oldest}) AS oldest WHERE outcome IS NOT NULL AND begin_time > ${nowOf})`,
};
const forgetNameEvents: Statement = {
  name: "forget_name_events",
  text: `DELETE FROM name_events WHERE position IN (
      SELECT position FROM name_events
      WHERE position <= (SELECT position FROM name_log_head) - ${keptNameEvents} ORDER BY position LIMIT $1)`,
};
const forgetReports: Statement = {
  name: "forget_reports",
  text: `DELETE FROM reports WHERE (org_id, key) IN (
      SELECT org_id, key FROM reports
      WHERE report_time <= ${nowOf} - ${keepClosedMs} OR report_time >= ${nowOf} + ${keepClosedMs} LIMIT $2)`,
};
/**
 * Removes what is kept for a while only, so many rows of each kind at most; says how many rows it wrote.
 *
 * @param time tests' own, instead of the database's
 */
export async function forgetOld(
  database: PostgresDatabase,
  time: number | null,
  limit: number,
): Promise<number> {
  const results = await Promise.all([
    database.query(forgetClosed, time, limit),
    database.query(redateClosed, time, limit),
    database.query(forgetReports, time, limit),
    database.query(forgetNameEvents, limit),
  ]);
  return results.reduce((sum, { count }) => sum + count, 0);
}
