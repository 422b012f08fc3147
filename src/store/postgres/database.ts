import pg from "pg";
import type { Pool, PoolClient, QueryResult } from "pg";
import { StoreUnavailableError } from "../store.ts";
import { isUnavailable, unavailable } from "./errors.ts";
import { readPostgresUrl } from "./url.ts";

/** A value that a statement is given. */
export type Value =
  | string
  | number
  | boolean
  | Uint8Array
  | null
  | readonly (string | number | boolean | Uint8Array | null)[];

/** A statement with a name, under which each connection prepares it once. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** A row, by its columns. Whoever asked for it knows their types. */
export type Row = Readonly<Record<string, unknown>>;

/** What a statement led to. */
export interface Result {
  readonly rows: readonly Row[];
  /** The command that was done: COMMIT says whether it did. */
  readonly command: string;
  readonly count: number;
}

/** What a server says besides its answers. */
interface Notice {
  readonly severity?: string | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

/** A connection in use. */
export interface Connection {
  /** Sends the statements one behind the other, without waiting in between, and waits for all. */
  readonly send: (
    ...statements: readonly (readonly [Statement, ...Value[]])[]
  ) => Promise<readonly Result[]>;
}

/** A database, by a pool of connections. */
export interface PostgresDatabase {
  /** For messages: without the password. */
  readonly name: string;
  /** Runs one statement on its own. Throws StoreUnavailableError. */
  query(statement: Statement, ...values: readonly Value[]): Promise<Result>;
  /**
   * Uses one connection; who begins a transaction ends it. A connection that broke is not used again. Throws
   * StoreUnavailableError, what the database says of a wrong statement, and what the work throws.
   */
  use<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** A connection of one's own, which the caller ends. */
  connectAlone(): Promise<pg.Client>;
  close(): Promise<void>;
}

/** How long one waits for a connection; for a lock; for a statement; for an answer, in milliseconds. */
const timeouts = {
  connectionTimeoutMillis: 5000,
  lock_timeout: 4000,
  statement_timeout: 5000,
  idle_in_transaction_session_timeout: 5000,
  // A network that swallows packets says nothing.
  query_timeout: 7000,
};

/**
 * What each connection is set to; a setting that the server does not know is left out. Small tables without statistics, as all are at
 * first, would be read whole; a table of one row is, at a price by which each plan would be compiled for a second, unless
 * that is off. And an answer leaves only when its record is on the disk, whatever the database's own setting: a
 * stronger one, which waits for standbys, stays.
 */
const prepareSession = `
  SELECT set_config(s.name, wanted.setting, false) FROM pg_settings AS s JOIN (VALUES
    ('jit', 'off'), ('enable_seqscan', 'off'), ('plan_cache_mode', 'force_generic_plan'), ('synchronous_commit', 'on')
  ) AS wanted (name, setting) ON wanted.name = s.name
  WHERE s.name <> 'synchronous_commit' OR s.setting IN ('off', 'local')`;

/** Opens a pool on the database of a URL; connections are made when they are needed. Throws DatabaseUrlError. */
export function openDatabase(url: string): PostgresDatabase {
  const { name, options } = readPostgresUrl(url);
  const config = {
    ...options,
    ...timeouts,
    keepAlive: true,
    application_name: "lockoutd",
    pipeline: true,
    // All integers of ours stay below 2^53.
    types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
  };
  const pool = new pg.Pool(config);
  // Whoever uses a connection is told of its end by what fails; nobody else need be.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => {
    client.on("error", () => undefined);
    client.query(prepareSession).catch(() => undefined);
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
      broken = error instanceof StoreUnavailableError;
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
      if (result === undefined) throw new Error("a statement has a result");
      return result;
    },
    connectAlone: async () => {
      const client = new pg.Client({ ...config, pipeline: false });
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

type TypeParsers = (oid: number, format?: "text" | "binary") => unknown;

function typeParser(oid: number, format?: "text" | "binary"): unknown {
  const { INT8, TEXT } = pg.types.builtins;
  if (oid === (INT8 as number)) return Number;
  if (oid === (TEXT as number)) return fromText;
  return (pg.types.getTypeParser as TypeParsers)(oid, format);
}

// PostgreSQL's texts hold every character but U+0000; SQLite's hold that too. The last code point, which is no character, is
// an escape here.
const escape = "\u{10ffff}";

function toText(text: string): string {
  return text.includes("\0") || text.includes(escape)
    ? text.replaceAll(escape, `${escape}1`).replaceAll("\0", `${escape}0`)
    : text;
}

function fromText(text: string): string {
  return text.includes(escape)
    ? text.replaceAll(`${escape}0`, "\0").replaceAll(`${escape}1`, escape)
    : text;
}

function toParameter(value: Value): unknown {
  if (typeof value === "string") return toText(value);
  if (value === null || value instanceof Uint8Array || !Array.isArray(value))
    return value;
  return (value as readonly unknown[]).map((item) =>
    typeof item === "string" ? toText(item) : item,
  );
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw unavailable(error);
  }
}

async function sendAll(
  client: PoolClient,
  statements: readonly (readonly [Statement, ...Value[]])[],
): Promise<readonly Result[]> {
  let warning: string | undefined;
  const listen = ({ severity, code, message }: Notice) => {
    if (severity === "WARNING" && code === unconfirmed) warning = message;
  };
  client.on("notice", listen);
  const settled = await Promise.allSettled(
    statements.map(([{ name, text }, ...values]) =>
      client.query<Row>({
        ...(name !== "" && { name }),
        text,
        values: values.map(toParameter),
      }),
    ),
  );
  client.off("notice", listen);
  // In a transaction that has failed, what follows only fails because of that.
  const first = settled.find(({ status }) => status === "rejected");
  if (first?.status === "rejected") {
    throw isUnavailable(first.reason)
      ? unavailable(first.reason)
      : first.reason;
  }
  if (warning !== undefined) {
    throw new StoreUnavailableError(
      `the PostgreSQL database did not confirm a commit (${warning}): the change may be there, or not`,
    );
  }
  return settled.flatMap((one) =>
    one.status === "fulfilled" ? [toResult(one.value)] : [],
  );
}

/**
 * The code of what a server warns of where it has committed, but the standby that was to have it too did not say so before somebody
 * cancelled the wait. If the standby takes over, the change is missing.
 */
const unconfirmed = "01000";

function toResult({ rows, command, rowCount }: QueryResult<Row>): Result {
  return { rows, command, count: rowCount ?? 0 };
}

/** A statement that is not prepared: rare, or not to be prepared. */
export function plain(text: string): Statement {
  return { name: "", text };
}

/** The database's time, in SQL: milliseconds since 1970. */
export const nowSql = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

export const begin: Statement = plain("BEGIN ISOLATION LEVEL READ COMMITTED");
/** All statements see one moment. */
export const beginReading: Statement = plain(
  "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
);
export const commit: Statement = plain("COMMIT");
export const rollback: Statement = plain("ROLLBACK");
