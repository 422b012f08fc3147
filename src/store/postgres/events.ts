import { eventConditions } from "../shared/event-list.ts";
import type { EventLog } from "../shared/event-list.ts";
import { toEvent } from "../shared/rows.ts";
import type { EventRow } from "../shared/rows.ts";
import type { EventFilter } from "../events.ts";
import type { Positions } from "../shared/event-list.ts";
import { plain } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";
import type { Value } from "./values.ts";

const readHead: Statement = {
  name: "read_head",
  text: "SELECT position FROM log_head",
};

/** The log, as it is read outside of commands. */
export interface ReadEvents extends EventLog {
  lastPosition(): Promise<number>;
}

export function readEvents(database: PostgresDatabase): ReadEvents {
  return {
    lastPosition: async () => {
      const { rows } = await database.query(readHead);
      return Number(rows[0]?.["position"]);
    },
    list: async (filter, within) => {
      const { text, values } = listQuery(filter, within);
      const { rows } = await database.query(plain(text), ...values);
      return rows.map((row) => toEvent(row as unknown as EventRow));
    },
  };
}

function listQuery(
  filter: EventFilter,
  within: Positions,
): { readonly text: string; readonly values: readonly Value[] } {
  const values: Value[] = [];
  const conditions = eventConditions(filter, within).map((condition) => {
    if ("among" in condition) {
      values.push(condition.among);
      return `${condition.column} = ANY ($${values.length}::text[])`;
    }
    values.push(condition.value);
    return `${condition.column} ${condition.operator} $${values.length}`;
  });
  values.push(filter.limit);
  return {
    text: `SELECT position, aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_date, payload
      FROM events WHERE ${conditions.join(" AND ")}
      ORDER BY position ${filter.ascending ? "ASC" : "DESC"} LIMIT $${values.length}`,
    values,
  };
}
