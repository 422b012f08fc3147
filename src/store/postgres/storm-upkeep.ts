import { stormsAtOnce } from "../commands/settle-storms.ts";
import { dueStormsSql } from "../shared/storm-rows.ts";
import type { CommitQueue } from "./commit-queue.ts";
import { nowSql } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";

const findDue: Statement = {
  name: "find_due_storms",
  text: dueStormsSql(`(SELECT coalesce($1::bigint, ${nowSql}))`, "$2"),
};

/**
 * Settles storms where locks were noted or it is time to; says of how many organisations. To be called regularly.
 *
 * @param time tests' own, instead of the database's; null where there is none
 */
export async function settleStorms(
  database: PostgresDatabase,
  queue: CommitQueue,
  time: number | null,
): Promise<number> {
  const { rows } = await database.query(findDue, time, stormsAtOnce);
  const orgIds = rows.map((row) => row["org_id"] as string);
  for (const orgId of orgIds) {
    await queue.run([{ kind: "storms", orgId }], ({ commands }, now) => {
      commands.settleStormsOf(orgId, now);
    });
  }
  return orgIds.length;
}
