import { loadOptional, notInstalled } from "../../support/optional-package.ts";
import { openPool } from "../../support/postgres.ts";
import type { PgPackage, PgPool, PgQueries } from "../../support/postgres.ts";
import { userCount, userIdOf } from "./driver.ts";
import type { PairDriver } from "./driver.ts";

const limit = 5;
/** Twice what `pg` takes by itself. */
const poolSize = 20;

const schema = `
CREATE TABLE IF NOT EXISTS users (
  id text PRIMARY KEY, failed integer NOT NULL, open integer NOT NULL, locked_at timestamptz
);
CREATE TABLE IF NOT EXISTS attempts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id text NOT NULL,
  expire_time timestamptz NOT NULL, outcome text
);
CREATE TABLE IF NOT EXISTS events (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id text NOT NULL, sequence integer NOT NULL,
  type text NOT NULL, created timestamptz NOT NULL DEFAULT now(), UNIQUE (user_id, sequence)
);
INSERT INTO users SELECT '3' || lpad(n::text, 17, '0'), 0, 0 FROM generate_series(0, ${userCount - 1}) AS n
  ON CONFLICT DO NOTHING`;

const queries = {
  lockUser:
    "SELECT failed, open, locked_at FROM users WHERE id = $1 FOR UPDATE",
  take: "UPDATE users SET open = open + 1 WHERE id = $1",
  open: "INSERT INTO attempts (user_id, expire_time) VALUES ($1, now() + interval '60 s') RETURNING id",
  findAttempt: "SELECT user_id, outcome FROM attempts WHERE id = $1 FOR UPDATE",
  clear: "UPDATE users SET open = open - 1, failed = 0 WHERE id = $1",
  count: `UPDATE users SET open = open - 1, failed = failed + 1,
    locked_at = CASE WHEN failed + 1 >= ${limit} THEN now() END WHERE id = $1`,
  close: "UPDATE attempts SET outcome = $2 WHERE id = $1",
  append: `INSERT INTO events (user_id, sequence, type)
    SELECT $1, coalesce(max(sequence), 0) + 1, $2 FROM events WHERE user_id = $1`,
} as const;

type Run = (
  name: keyof typeof queries,
  ...values: readonly unknown[]
) => Promise<Record<string, unknown> | undefined>;

/** Drives PostgreSQL as an application does: a pool, prepared statements, a transaction for each half of a pair. */
export async function drivePostgres({
  port,
}: {
  readonly port: number;
}): Promise<PairDriver> {
  const pg = await loadOptional<PgPackage>("pg");
  if (pg === undefined) {
    throw new Error(notInstalled("pg"));
  }
  const pool = openPool(pg, port, poolSize);
  await pool.query(schema);
  return {
    pair: async (user, outcome) => {
      const userId = userIdOf(user);
      const attemptId = await inTransaction(pool, async (run) => {
        const found = await run("lockUser", userId);
        const failed = Number(found?.["failed"]);
        const open = Number(found?.["open"]);
        if (
          found?.["locked_at"] !== null ||
          open >= Math.max(limit - failed, 1)
        ) {
          throw new Error("an attempt was refused");
        }
        await run("take", userId);
        return (await run("open", userId))?.["id"];
      });
      await inTransaction(pool, async (run) => {
        const attempt = await run("findAttempt", attemptId);
        if (attempt?.["outcome"] !== null) {
          throw new Error("an attempt was completed otherwise");
        }
        await run("lockUser", userId);
        await run(outcome === "succeeded" ? "clear" : "count", userId);
        await run("close", attemptId, outcome);
        await run("append", userId, outcome);
      });
    },
    close: () => pool.end(),
  };
}

async function inTransaction<T>(
  pool: PgPool,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const result = await work((name, ...values) => ask(client, name, values));
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

async function ask(
  client: PgQueries,
  name: keyof typeof queries,
  values: readonly unknown[],
): Promise<Record<string, unknown> | undefined> {
  const { rows } = await client.query({ name, text: queries[name], values });
  return rows[0];
}
