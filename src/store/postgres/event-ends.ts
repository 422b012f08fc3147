import type { RecordedEvent } from "../events.ts";
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

/** Reads the first and the last event of a user, or of an account, since the registration. */
export async function readEnds(
  database: PostgresDatabase,
  { orgId, userId }: UserKey,
): Promise<{
  readonly first: RecordedEvent | undefined;
  readonly last: RecordedEvent | undefined;
}> {
  const [first, last] = await Promise.all(
    [firstEvent, lastEvent].map((statement) =>
      database.query(statement, userId, orgId),
    ),
  );
  const read = (result: typeof first) => {
    const [row] = result?.rows ?? [];
    return row && toEvent(row as unknown as EventRow);
  };
  return { first: read(first), last: read(last) };
}
