import type { Factor } from "../../lockout/factor.ts";
import { openMismatchSql, StateCheck } from "../state-check.ts";
import type {
  CheckedEvent,
  OpenMismatch,
  PolicyState,
} from "../state-check.ts";
import type { CheckReport } from "../store.ts";
import { beginReading, commit, openDatabase, plain } from "./database.ts";
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
      const report = await checkAll(connection);
      await connection.send([commit]);
      return report;
    });
  } finally {
    await database.close();
  }
}

async function checkAll(connection: Connection): Promise<CheckReport> {
  const users = await rowsOf<{
    readonly key: number;
    readonly org_id: string;
    readonly user_id: string;
    readonly since_position: number;
    readonly lock_time: number | null;
  }>(
    connection,
    "SELECT key, org_id, user_id, since_position, lock_time FROM subjects WHERE user_id IS NOT NULL",
  );
  const check = new StateCheck(
    users.map((user) => [user.org_id, user.user_id, user.since_position]),
  );
  check.checkInstance(await rowsOf(connection, "SELECT id FROM instance"));
  await checkEvents(connection, check);
  check.checkPolicies(
    await rowsOf<PolicyState>(
      connection,
      "SELECT owner_kind, resource_owner, max_password_attempts, max_otp_attempts FROM policies",
    ),
  );
  const counters = await rowsOf<{
    readonly subject: number;
    readonly factor: Factor;
    readonly failed: number;
  }>(connection, "SELECT subject, factor, failed FROM counters");
  const failed = Map.groupBy(counters, ({ subject }) => subject);
  for (const user of users) {
    check.checkUser({
      ...user,
      failed: new Map(
        failed
          .get(user.key)
          ?.map((counter) => [counter.factor, counter.failed]),
      ),
    });
  }
  check.checkOpenAttempts(
    await rowsOf<OpenMismatch>(connection, openMismatchSql),
  );
  return check.result();
}

async function checkEvents(
  { send }: Connection,
  check: StateCheck,
): Promise<void> {
  for (let after = 0; ;) {
    const [result] = await send([
      plain(
        `SELECT position, aggregate_type, aggregate_id, resource_owner, sequence, type, payload
         FROM events WHERE position > $1 ORDER BY position LIMIT $2`,
      ),
      ...[after, eventsAtOnce],
    ]);
    const events = (result?.rows ?? []) as unknown as readonly CheckedEvent[];
    for (const event of events) check.addEvent(event);
    const last = events.at(-1);
    if (last === undefined) return;
    after = last.position;
  }
}

async function rowsOf<T>(
  { send }: Connection,
  text: string,
): Promise<readonly T[]> {
  const [result] = await send([plain(text)]);
  return (result?.rows ?? []) as unknown as readonly T[];
}
