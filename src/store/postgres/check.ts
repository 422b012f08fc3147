import { Problems } from "../shared/problems.ts";
import { checkedEventColumns, checkState } from "../shared/state-check.ts";
import type { CheckedEvent } from "../shared/state-check.ts";
import type { CheckReport } from "../store.ts";
import { beginReading, commit, openDatabase, unnamed } from "./database.ts";
import type { Connection } from "./database.ts";
import { requireMigrated } from "./migrate.ts";
import { migrations } from "./migrations/all.ts";

/** So many events are read at once. */
const eventsAtOnce = 10_000;

/**
 * Verifies the state against the events, also while it is served: it reads one moment. The files are PostgreSQL's own
 * business (`pg_amcheck`).
 */
export async function checkPostgres(url: string): Promise<CheckReport> {
  const database = openDatabase(url);
  try {
    await requireMigrated(database, migrations);
    return await database.use(async (connection) => {
      await connection.send([beginReading]);
      const report = await checkState(
        {
          rows: (sql) => rowsOf(connection, sql),
          events: () => readEvents(connection),
        },
        new Problems(),
      );
      await connection.send([commit]);
      return report;
    });
  } finally {
    await database.close();
  }
}

async function* readEvents({ send }: Connection): AsyncGenerator<CheckedEvent> {
  for (let after = 0; ;) {
    const [result] = await send([
      unnamed(
        `SELECT ${checkedEventColumns} FROM events WHERE position > $1 ORDER BY position LIMIT $2`,
      ),
      ...[after, eventsAtOnce],
    ]);
    const events = (result?.rows ?? []) as unknown as readonly CheckedEvent[];
    yield* events;
    const last = events.at(-1);
    if (last === undefined) {
      return;
    }
    after = last.position;
  }
}

async function rowsOf<Row>(
  { send }: Connection,
  sql: string,
): Promise<readonly Row[]> {
  const [result] = await send([unnamed(sql)]);
  return (result?.rows ?? []) as unknown as readonly Row[];
}
