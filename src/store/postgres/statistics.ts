import { repeat } from "../../pacing/repeat.ts";
import type { Repeated } from "../../pacing/repeat.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";

/** The tables that grow with users, and with what strangers ask. */
const tables = [
  "aliases",
  "attempts",
  "counters",
  "events",
  "name_events",
  "orgs",
  "reports",
  "subjects",
  "tokens",
] as const;

/** Tables of fewer rows need no statistics. */
const fewRows = 250;

const everyMs = 1000;

/** The same table is not analysed again for so long, in milliseconds. */
const againMs = 5000;

const findGrown: Statement = {
  name: "find_grown_tables",
  text: `SELECT s.relname AS name FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
    WHERE s.schemaname = current_schema() AND s.relname = ANY ($1::text[])
      AND s.n_live_tup > 2 * greatest(c.reltuples, ${fewRows})`,
};

/**
 * Has tables analysed when they have doubled, each second. PostgreSQL does so by itself, but after a minute: a plan that was made for an empty
 * table may read all rows of an organisation for each name that is asked for, and a flood of names fills the table in seconds.
 */
export function startStatistics(database: PostgresDatabase): Repeated {
  /** When this node had a table analysed, by `performance.now()`: where it may not, it does not ask again each second. */
  const analysed = new Map<string, number>();
  const renew = async () => {
    const { rows } = await database.query(findGrown, tables);
    for (const row of rows) {
      const name = String(row["name"]);
      const now = performance.now();
      if (now - (analysed.get(name) ?? -Infinity) > againMs) {
        analysed.set(name, now);
        // Where another node is at it, that is enough.
        await database.query({
          name: `analyze_${name}`,
          text: `ANALYZE (SKIP_LOCKED) ${name}`,
        });
      }
    }
  };
  // The database may be away: all calls are told.
  return repeat(everyMs, renew, () => undefined);
}
