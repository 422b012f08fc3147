/**
 * Moving an installation from one database to another, of whichever engines: the rows as they are, table by table in
 * the order of their keys, so that a copy that was broken off goes on behind the last row that arrived.
 */
import { activityKinds } from "../activity.ts";
import { createHash } from "node:crypto";
import { StoreRefusedError } from "../store.ts";
import { accountTables } from "./account-tables.ts";
import { hookTables } from "./hook-tables.ts";
import { bytes, integer, text } from "./transfer-columns.ts";
import type { TransferColumn, TransferTable } from "./transfer-columns.ts";

export type { TransferColumn, TransferTable } from "./transfer-columns.ts";

/** A value of a row: the same in every engine. Integers stay below 2^53. */
export type Cell = string | number | Uint8Array | null;

/** The values of a row, in the order of its table's columns. */
export type Row = readonly Cell[];

/**
 * How far a copy into a database is, until it is known to be like its source: `unfinished` from its first write on, `different` where
 * both sides were compared and are not alike.
 */
export type CopyState = "unfinished" | "different";

/** Reads how far a copy into a database is, as text `state`, in the words of both engines. */
export const copyStateSql = "SELECT state FROM copy_state";

/** A database that is read. */
export interface TransferSource {
  /** What it is called in messages; never a password. */
  readonly name: string;
  /** Undefined where it is the target of no copy, or of one that is done. */
  copyState(): Promise<CopyState | undefined>;
  /** 32 bytes that no other installation has: the key under which it hashes login names. */
  identity(): Promise<Uint8Array>;
  count(table: TransferTable): Promise<number>;
  /** The next rows after the one with this key, in the order of the keys. */
  read(
    table: TransferTable,
    after: Row | undefined,
    limit: number,
  ): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** A database that is filled. */
export interface TransferTarget extends TransferSource {
  /** Notes how far the copy is; undefined: it is done. On disk when it resolves. */
  mark(state: CopyState | undefined): Promise<void>;
  /** Removes all rows of the tables that are copied. */
  clear(): Promise<void>;
  /** Makes it a copy of the installation with this identity. Only where it has no rows. */
  adopt(identity: Uint8Array): Promise<void>;
  /** The key of the last row, if there is one. */
  lastKey(table: TransferTable): Promise<Row | undefined>;
  /** All or none of them; on disk when it resolves. */
  write(table: TransferTable, rows: readonly Row[]): Promise<void>;
  /** Brings what the engine counts by itself in line with the rows. To do it twice is harmless. */
  finish(): Promise<void>;
}

/** The row without which an installation is incomplete: it is copied last, and no server starts without it. */
const instanceTable: TransferTable = {
  name: "instance",
  key: [integer("only_one")],
  rest: [text("id"), text("first_org_id"), integer("creation_date")],
};

/** All tables, those before that others refer to. */
export const transferTables: readonly TransferTable[] = [
  ...accountTables,
  {
    name: "tokens",
    key: [text("id")],
    rest: [
      ...[text("name"), text("org_id"), text("roles"), text("account_id")],
      ...[bytes("hash"), integer("creation_date"), integer("expiration_date")],
      ...[integer("recorded"), integer("last_use_date")],
      ...[bytes("old_hash"), integer("old_expiration_date")],
    ],
  },
  {
    name: "revoked_tokens",
    key: [text("id")],
    rest: [
      ...[text("name"), text("org_id"), text("roles"), text("account_id")],
      ...[integer("creation_date"), integer("expiration_date")],
      ...[integer("last_use_date"), integer("revoke_date")],
    ],
  },
  {
    name: "policies",
    key: [text("owner_kind"), text("resource_owner")],
    rest: [
      ...[integer("max_password_attempts"), integer("max_otp_attempts")],
      ...[integer("sequence"), integer("creation_micros")],
      integer("change_micros"),
    ],
  },
  {
    name: "policy_rules",
    key: [text("owner_kind"), text("resource_owner")],
    rest: [text("rules"), integer("sequence")],
  },
  {
    name: "events",
    key: [integer("position")],
    rest: [
      ...[text("aggregate_type"), text("aggregate_id")],
      ...[text("resource_owner"), integer("sequence"), text("type")],
      ...[text("editor"), integer("creation_micros"), text("payload")],
    ],
  },
  {
    name: "subjects",
    key: [integer("key")],
    rest: [
      ...[text("org_id"), text("user_id"), integer("since_position")],
      ...[bytes("name_hash"), integer("recency"), integer("rank")],
      ...[text("account"), text("lock_reason"), integer("lock_time")],
      ...[text("lock_by"), integer("lock_end"), text("lock_factor")],
      ...[integer("recorded"), text("remembered_secrets")],
      ...[text("factor_locks"), integer("factor_lock_time")],
      ...[integer("factor_lock_end"), text("devices")],
    ],
  },
  {
    name: "aliases",
    key: [text("org_id"), text("folded")],
    rest: [text("name"), integer("subject"), integer("place")],
  },
  {
    name: "counters",
    key: [integer("subject"), text("factor")],
    rest: [
      ...[integer("failed"), integer("open"), integer("last_failure")],
      ...[integer("failed_in_row"), integer("locks_in_row")],
    ],
  },
  {
    name: "attempts",
    key: [text("id")],
    rest: [
      ...[integer("subject"), text("factor"), text("client")],
      ...[integer("begin_time"), integer("expire_time")],
      ...[text("outcome"), text("result"), text("source")],
      ...[text("device"), integer("device_generation")],
    ],
  },
  {
    name: "sources",
    key: [text("key")],
    rest: [
      ...[text("org_id"), integer("level"), integer("level_time")],
      integer("empty_time"),
    ],
  },
  {
    name: "noted_locks",
    key: [integer("key")],
    rest: [text("org_id"), integer("lock_time"), integer("is_name")],
  },
  {
    name: "storms",
    key: [text("org_id")],
    rest: [text("storm"), integer("due_time"), integer("settled_time")],
  },
  {
    name: "reports",
    key: [text("org_id"), text("key")],
    rest: [text("request"), integer("report_time"), text("result")],
  },
  {
    name: "activity",
    key: [text("unit"), text("org_id"), integer("time")],
    rest: activityKinds.map(integer),
  },
  {
    name: "pruning",
    key: [integer("only_one")],
    rest: [integer("position"), integer("before_micros")],
  },
  {
    name: "vault",
    key: [integer("only_one")],
    rest: [bytes("data_key")],
  },
  {
    name: "signing_keys",
    key: [text("id")],
    rest: [bytes("private_key"), integer("end_date")],
  },
  ...hookTables,
  instanceTable,
];

/** All columns of a table, in the order of its rows. */
export function columnsOf({
  key,
  rest,
}: TransferTable): readonly TransferColumn[] {
  return [...key, ...rest];
}

/** The key of a row. */
export function keyOf({ key }: TransferTable, row: Row): Row {
  return row.slice(0, key.length);
}

/** What is wrong with a database that is the target of a copy, and what to do. */
export function describeCopyState(state: CopyState): string {
  return state === "unfinished"
    ? 'holds a copy that was broken off: run the same "lockoutd copy" again, which finishes it'
    : 'holds a copy that is not like its source: run the same "lockoutd copy" again, which makes it anew';
}

/** Why a database with a copy that is not done is not served, changed or copied. */
export function unfinishedCopy(
  name: string,
  state: CopyState = "unfinished",
): StoreRefusedError {
  return new StoreRefusedError(`${name} ${describeCopyState(state)}`);
}

/** What was copied, and whether both sides are alike. */
export interface CopyReport {
  readonly tables: readonly {
    readonly name: string;
    readonly rows: number;
    /** SHA-256 of all rows, in hexadecimal digits. */
    readonly hash: string;
  }[];
  /** A line for each table that is not the same on both sides. */
  readonly differences: readonly string[];
}

/** How many rows one transaction of the target inserts. */
const batchSize = 1000;

/**
 * Copies an installation, or goes on with a copy that was broken off, and then counts and hashes both sides. Until these are
 * found alike the target is marked, and nobody serves it. A copy that was found different is started over.
 *
 * @param onProgress is told how many rows are copied, of how many.
 * @throws StoreRefusedError where the source is none, or the target holds another installation or a copy that has been used
 *   since, and StoreUnavailableError
 */
export async function copyInstallation(
  source: TransferSource,
  target: TransferTarget,
  onProgress: (done: number, total: number) => void,
): Promise<CopyReport> {
  if (!(await prepareTarget(source, target))) {
    return compareDone(source, target);
  }
  await copyRows(source, target, onProgress);
  const report = await compare(source, target);
  await target.mark(report.differences.length === 0 ? undefined : "different");
  return report;
}

async function copyRows(
  source: TransferSource,
  target: TransferTarget,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  let total = 0;
  let done = 0;
  for (const table of transferTables) {
    total += await source.count(table);
    done += await target.count(table);
  }
  for (const table of transferTables) {
    let after = await target.lastKey(table);
    for (;;) {
      const rows = await source.read(table, after, batchSize);
      const last = rows.at(-1);
      if (last === undefined) {
        break;
      }
      await target.write(table, rows);
      after = keyOf(table, last);
      done += rows.length;
      onProgress(done, total);
    }
  }
  await target.finish();
}

/**
 * Makes sure that the target is empty, or holds a part of the same installation, and marks it. Says false where it holds a copy that
 * is done, of which nothing may be touched.
 */
async function prepareTarget(
  source: TransferSource,
  target: TransferTarget,
): Promise<boolean> {
  const sourceState = await source.copyState();
  if (sourceState !== undefined) {
    throw unfinishedCopy(source.name, sourceState);
  }
  if ((await source.count(instanceTable)) === 0) {
    throw new StoreRefusedError(
      `${source.name} holds no installation: name the database that was served`,
    );
  }
  const identity = await source.identity();
  if (Buffer.compare(identity, await target.identity()) === 0) {
    const state = await target.copyState();
    // One that an earlier version broke off has no mark, and no instance either, which comes last.
    const isDone =
      state === undefined && (await target.count(instanceTable)) > 0;
    if (isDone) {
      return false;
    }
    await target.mark("unfinished");
    if (state === "different") {
      await target.clear();
    }
    return true;
  }
  for (const table of transferTables) {
    if ((await target.count(table)) === 0) {
      continue;
    }
    throw new StoreRefusedError(
      `${target.name} holds another installation: name a database that has nothing in it yet`,
    );
  }
  await target.mark("unfinished");
  await target.adopt(identity);
  return true;
}

/** Compares a copy that is done with its source. Rows of what was served since would mix with those of the source. */
async function compareDone(
  source: TransferSource,
  target: TransferTarget,
): Promise<CopyReport> {
  const report = await compare(source, target);
  if (report.differences.length === 0) {
    return report;
  }
  throw new StoreRefusedError(
    `${target.name} holds a copy that was finished before, and one of the two has changed since (${report.differences.join("; ")}): name a database that has nothing in it yet`,
  );
}

async function compare(
  source: TransferSource,
  target: TransferTarget,
): Promise<CopyReport> {
  const tables: CopyReport["tables"][number][] = [];
  const differences: string[] = [];
  for (const table of transferTables) {
    const [from, to] = [
      await digest(source, table),
      await digest(target, table),
    ];
    tables.push({ name: table.name, ...from });
    if (from.hash !== to.hash) {
      differences.push(
        `${table.name}: ${from.rows} rows here and ${to.rows} there, ${from.rows === to.rows ? "with other values" : "which is not as many"}`,
      );
    }
  }
  return { tables, differences };
}

async function digest(
  side: TransferSource,
  table: TransferTable,
): Promise<{ readonly rows: number; readonly hash: string }> {
  const hash = createHash("sha256");
  let rows = 0;
  let after: Row | undefined;
  for (;;) {
    const batch = await side.read(table, after, batchSize);
    const last = batch.at(-1);
    if (last === undefined) {
      return { rows, hash: hash.digest("hex") };
    }
    rows += batch.length;
    after = keyOf(table, last);
    for (const row of batch) {
      hash.update(`${JSON.stringify(row.map(toJsonCell))}\n`);
    }
  }
}

function toJsonCell(cell: Cell): string | number | null {
  return cell instanceof Uint8Array ? Buffer.from(cell).toString("hex") : cell;
}
