/**
 * Moving an installation from one database to another, of whichever engines: the rows as they are, table by table in
 * the order of their keys, so that a copy that was broken off goes on behind the last row that arrived.
 */
import { createHash } from "node:crypto";
import { StoreRefusedError } from "./store.ts";

/** A value of a row: the same in every engine. Integers stay below 2^53. */
export type Cell = string | number | Uint8Array | null;

/** The values of a row, in the order of its table's columns. */
export type Row = readonly Cell[];

export interface TransferColumn {
  readonly name: string;
  readonly type: "text" | "integer" | "bytes";
}

/** A table that is moved. */
export interface TransferTable {
  readonly name: string;
  /** The columns of its key, which give the order of the rows: texts byte by byte. */
  readonly key: readonly TransferColumn[];
  readonly rest: readonly TransferColumn[];
}

/** A database that is read. */
export interface TransferSource {
  /** What it is called in messages; never a password. */
  readonly name: string;
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
  /** Makes it a copy of the installation with this identity. Only where it has no rows. */
  adopt(identity: Uint8Array): Promise<void>;
  /** The key of the last row, if there is one. */
  lastKey(table: TransferTable): Promise<Row | undefined>;
  /** All or none of them; on disk when it resolves. */
  write(table: TransferTable, rows: readonly Row[]): Promise<void>;
  /** Brings what the engine counts by itself in line with the rows. To do it twice is harmless. */
  finish(): Promise<void>;
}

const text = (name: string): TransferColumn => ({ name, type: "text" });
const integer = (name: string): TransferColumn => ({ name, type: "integer" });
const bytes = (name: string): TransferColumn => ({ name, type: "bytes" });

/** The row that makes an installation whole: it comes last, and a server starts nothing where it is missing. */
const instanceTable: TransferTable = {
  name: "instance",
  key: [integer("only_one")],
  rest: [text("id"), text("first_org_id"), integer("creation_date")],
};

/** All tables, those before that others refer to. */
export const transferTables: readonly TransferTable[] = [
  {
    name: "orgs",
    key: [text("id")],
    rest: [text("name"), integer("creation_date"), integer("recorded")],
  },
  {
    name: "tokens",
    key: [text("id")],
    rest: [
      ...[bytes("hash"), text("name"), text("org_id"), text("roles")],
      ...[integer("creation_date"), integer("expiration_date")],
      integer("recorded"),
    ],
  },
  {
    name: "policies",
    key: [text("owner_kind"), text("resource_owner")],
    rest: [
      ...[integer("max_password_attempts"), integer("max_otp_attempts")],
      ...[integer("sequence"), integer("creation_date")],
      integer("change_date"),
    ],
  },
  {
    name: "events",
    key: [integer("position")],
    rest: [
      ...[text("aggregate_type"), text("aggregate_id")],
      ...[text("resource_owner"), integer("sequence"), text("type")],
      ...[text("editor"), integer("creation_date"), text("payload")],
    ],
  },
  {
    name: "subjects",
    key: [integer("key")],
    rest: [
      ...[text("org_id"), text("user_id"), integer("since_position")],
      ...[bytes("name_hash"), integer("recency"), integer("rank")],
      ...[text("account"), text("lock_reason"), integer("lock_time")],
      ...[text("lock_by"), integer("recorded")],
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
    rest: [integer("failed"), integer("open"), integer("last_failure")],
  },
  {
    name: "attempts",
    key: [text("id")],
    rest: [
      ...[integer("subject"), text("factor"), text("client")],
      ...[integer("expire_time"), text("outcome"), text("result")],
    ],
  },
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

/** Why a database with a part of an installation is not served. */
export function unfinishedCopy(name: string): StoreRefusedError {
  return new StoreRefusedError(
    `${name} holds a copy that was broken off: run the same "lockoutd copy" again, which finishes it`,
  );
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

/** So many rows are one transaction of the target. */
const batchSize = 1000;

/**
 * Copies an installation, or goes on with a copy that was broken off, and then counts and hashes both sides. Throws
 * StoreRefusedError where the source is none or the target holds another installation, and StoreUnavailableError.
 *
 * @param onProgress is told how many rows are copied, of how many.
 */
export async function copyInstallation(
  source: TransferSource,
  target: TransferTarget,
  onProgress: (done: number, total: number) => void,
): Promise<CopyReport> {
  await prepareTarget(source, target);
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
      if (last === undefined) break;
      await target.write(table, rows);
      after = keyOf(table, last);
      done += rows.length;
      onProgress(done, total);
    }
  }
  await target.finish();
  return compare(source, target);
}

/** Makes sure that the target is empty, or holds a part of the same installation. */
async function prepareTarget(
  source: TransferSource,
  target: TransferTarget,
): Promise<void> {
  if ((await source.count(instanceTable)) === 0) {
    throw new StoreRefusedError(
      `${source.name} holds no installation: name the database that was served`,
    );
  }
  const identity = await source.identity();
  if (Buffer.compare(identity, await target.identity()) === 0) return;
  for (const table of transferTables) {
    if ((await target.count(table)) === 0) continue;
    throw new StoreRefusedError(
      `${target.name} holds another installation: name a database that has nothing in it yet`,
    );
  }
  await target.adopt(identity);
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
    if (last === undefined) return { rows, hash: hash.digest("hex") };
    rows += batch.length;
    after = keyOf(table, last);
    for (const row of batch) hash.update(`${JSON.stringify(row.map(plain))}\n`);
  }
}

function plain(cell: Cell): string | number | null {
  return cell instanceof Uint8Array ? Buffer.from(cell).toString("hex") : cell;
}
