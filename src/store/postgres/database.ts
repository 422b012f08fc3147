import pg from "pg";
import type { Pool, PoolClient } from "pg";
import { StoreUnavailableError } from "../store.ts";
import { isUnavailable, unavailable } from "./errors.ts";
import { Pipeline } from "./pipeline.ts";
import type { Call, Result, Row, Statement } from "./pipeline.ts";
import { readPostgresUrl } from "./url.ts";
import { toParameter, typeParser } from "./values.ts";
import type { Value } from "./values.ts";

/** A notice of the server, beside its results. */
interface Notice {
  readonly severity?: string | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

/** A connection in use. */
export interface Connection {
  /**
   * Sends the statements one behind the other, without waiting in between, and waits for all. Those behind one that fails are
   * not done.
   */
  readonly send: (...calls: readonly Call[]) => Promise<readonly Result[]>;
}

/** A database, by a pool of connections. */
export interface PostgresDatabase {
  /** For messages: without the password. */
  readonly name: string;
  /** Runs one statement on its own. @throws StoreUnavailableError */
  query(statement: Statement, ...values: readonly Value[]): Promise<Result>;
  /**
   * Uses one connection; who begins a transaction ends it, unless the work throws: then it is rolled back. A connection that
   * broke is not used again.
   *
   * @throws StoreUnavailableError, what the database says of a wrong statement, and what the work throws
   */
  use<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** A connection of one's own, which the caller ends. */
  connectAlone(): Promise<pg.Client>;
  close(): Promise<void>;
}

/** Time-outs in milliseconds: of a connection, a lock, a statement, an idle transaction, and a response. */
const timeouts = {
  connectionTimeoutMillis: 5000,
  lock_timeout: 4000,
  statement_timeout: 5000,
  idle_in_transaction_session_timeout: 5000,
  // A network that drops packets reports no error.
  query_timeout: 7000,
};

/**
 * The settings of each connection; one that the server does not know is left out.
 *
 * - No sequential scans: new tables have no statistics, so PostgreSQL would plan to read all their rows, and keep that plan when they
 *   have grown. Rows are looked up by index instead.
 * - No JIT: without sequential scans, the plan for a table of one row looks so expensive that compiling it would take a second.
 * - No parallel workers, for the same reason: to start them takes 10 ms, for each login.
 * - A commit returns only when it is on the disk, whatever the database's own setting. A stronger one, which waits for standbys, stays.
 */
const prepareSession = `
  SELECT set_config(name, setting, false) FROM (VALUES
    ('enable_seqscan', 'off'), ('enable_bitmapscan', 'off'), ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'),
    ('jit', 'off'), ('max_parallel_workers_per_gather', '0'), ('plan_cache_mode', 'force_generic_plan'), ('synchronous_commit', 'on')
  ) AS wanted (name, setting)
  WHERE current_setting(name, true) IS NOT NULL
    AND (name <> 'synchronous_commit' OR current_setting(name, true) IN ('off', 'local'))`;

/** Opens a pool on the database of a URL; connections are made when they are needed. @throws DatabaseUrlError */
export function openDatabase(url: string): PostgresDatabase {
  const { name, options } = readPostgresUrl(url);
  const config = {
    ...options,
    ...timeouts,
    keepAlive: true,
    application_name: "lockoutd",
    types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
  };
  const pool = new pg.Pool(config);
  // The user of a connection gets the error of its statement; nothing else is needed.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => {
    client.on("error", () => undefined);
    // A connection without these settings must not be used: its commits might not be durable.
    client.query(prepareSession).catch(() => client.end());
  });
  const use: PostgresDatabase["use"] = async (work) => {
    const client = await connect(pool);
    // What broke is not used again; who met others has taken back what it did.
    let broken = false;
    try {
      return await work({
        send: (...statements) => sendAll(client, statements),
      });
    } catch (error) {
      broken =
        error instanceof StoreUnavailableError || !(await canRollBack(client));
      throw error;
    } finally {
      client.release(broken);
    }
  };
  let closing: Promise<void> | undefined;
  return {
    name,
    use,
    query: async (statement, ...values) => {
      const [result] = await use(({ send }) => send([statement, ...values]));
      if (result === undefined) {
        throw new Error("a statement has a result");
      }
      return result;
    },
    connectAlone: async () => {
      const client = new pg.Client(config);
      client.on("error", () => undefined);
      try {
        await client.connect();
      } catch (error) {
        throw unavailable(error);
      }
      return client;
    },
    close: () => (closing ??= pool.end()),
  };
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw unavailable(error);
  }
}

async function canRollBack(client: PoolClient): Promise<boolean> {
  try {
    await sendAll(client, [[rollback]]);
    return true;
  } catch {
    return false;
  }
}

async function sendAll(
  client: PoolClient,
  calls: readonly Call[],
): Promise<readonly Result[]> {
  let warning: string | undefined;
  const listen = ({ severity, code, message }: Notice) => {
    if (severity === "WARNING" && code === unconfirmed) {
      warning = message;
    }
  };
  client.on("notice", listen);
  const results: Result[] = [];
  try {
    for (let rest = calls; ; rest = calls.slice(results.length)) {
      const [first] = rest;
      if (first === undefined) {
        break;
      }
      const unnamedAt = rest.findIndex(([{ name }]) => name === "");
      if (unnamedAt === 0) {
        results.push(await sendUnnamed(client, first));
      } else if (unnamedAt < 0) {
        results.push(...(await sendNamed(client, rest)));
      } else {
        results.push(...(await sendNamed(client, rest.slice(0, unnamedAt))));
      }
    }
  } catch (error) {
    throw isUnavailable(error) ? unavailable(error) : error;
  } finally {
    client.off("notice", listen);
  }
  if (warning !== undefined) {
    throw new StoreUnavailableError(
      `the PostgreSQL database did not confirm a commit (${warning}): the change may be there, or not`,
    );
  }
  return results;
}

function sendNamed(
  client: PoolClient,
  calls: readonly Call[],
): Promise<readonly Result[]> {
  return new Promise((resolve, reject) => {
    client.query(
      new Pipeline(calls, (error, results) => {
        if (error !== null) {
          reject(error);
        } else {
          resolve(results ?? []);
        }
      }),
    );
  });
}

/** Not prepared, and perhaps several in one text. */
async function sendUnnamed(
  client: PoolClient,
  [{ text }, ...values]: Call,
): Promise<Result> {
  const { rows, command, rowCount } = await client.query<Row>(
    text,
    values.map(toParameter),
  );
  return { rows, command, count: rowCount ?? 0 };
}

/**
 * The code of what a server warns of where it has committed, but the standby that was to have it too did not say so before somebody
 * cancelled the wait. If the standby takes over, the change is missing.
 */
const unconfirmed = "01000";

/** A statement that is not prepared: rare, or not to be prepared. */
export function unnamed(text: string): Statement {
  return { name: "", text };
}

/** The database's time, in SQL: milliseconds since 1970. */
export const nowSql = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/** Begins a transaction that may write. */
export const begin: Statement = {
  name: "begin",
  text: "BEGIN ISOLATION LEVEL READ COMMITTED",
};
/** All statements see one moment. */
export const beginReading: Statement = {
  name: "begin_reading",
  text: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
};
/** Commits the transaction: whether it did is the `command` of the result. */
export const commit: Statement = { name: "commit", text: "COMMIT" };
/** Rolls the transaction back. */
export const rollback: Statement = { name: "rollback", text: "ROLLBACK" };
