import type { EventEnds } from "../events.ts";
import { endOfSql } from "../shared/event-list.ts";
import { toEvent, userEventSql } from "../shared/rows.ts";
import type { EventRow } from "../shared/rows.ts";
import type { UserKey } from "../users.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";

const firstEvent: Statement = {
  name: "first_event_of_user",
  text: userEventSql("$1", "$2", "ASC"),
};
const lastEvent: Statement = {
  name: "last_event_of_user",
  text: userEventSql("$1", "$2", "DESC"),
};

const ofAggregate = ["$1", "$2", "$3"] as const;
const firstOf: Statement = {
  name: "first_event",
  text: endOfSql(ofAggregate, "ASC"),
};
const lastOf: Statement = {
  name: "last_event",
  text: endOfSql(ofAggregate, "DESC"),
};

/** Reads the first and the last event of an organisation, or of the instance. */
export function readEndsOfAggregate(
  database: PostgresDatabase,
  type: "org" | "instance",
  id: string,
): Promise<EventEnds> {
  return readBoth(database, [firstOf, lastOf], id, type, id);
}

/** Reads the first and the last event of a user, or of an account, since the registration. */
export function readEnds(
  database: PostgresDatabase,
  { orgId, userId }: UserKey,
): Promise<EventEnds> {
  return readBoth(database, [firstEvent, lastEvent], userId, orgId);
}

async function readBoth(
  database: PostgresDatabase,
  statements: readonly [Statement, Statement],
  ...values: readonly string[]
): Promise<EventEnds> {
  const [first, last] = await Promise.all(
    statements.map((statement) => database.query(statement, ...values)),
  );
  const read = (result: typeof first) => {
    const [row] = result?.rows ?? [];
    return row && toEvent(row as unknown as EventRow);
  };
  return { first: read(first), last: read(last) };
}
