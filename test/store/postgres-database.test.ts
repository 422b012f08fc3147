import { DatabaseError } from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  begin,
  commit,
  openDatabase,
  unnamed,
} from "../../src/store/postgres/database.ts";
import type { PostgresDatabase } from "../../src/store/postgres/database.ts";
import type { Statement } from "../../src/store/postgres/pipeline.ts";
import { usePostgres } from "../support/use-postgres.ts";

const postgres = usePostgres();
let database: PostgresDatabase;
let drop: () => Promise<void>;

beforeEach(async () => {
  const created = await postgres.createDatabase();
  drop = created.drop;
  database = openDatabase(created.url);
  await database.query(unnamed("CREATE TABLE t (n BIGINT PRIMARY KEY)"));
});
afterEach(async () => {
  await database.close();
  await drop();
});

const insert: Statement = {
  name: "insert",
  text: "INSERT INTO t (n) SELECT unnest($1::bigint[]) RETURNING n",
};
const divide: Statement = {
  name: "divide",
  text: "SELECT 12 / $1::bigint AS quotient",
};
const list: Statement = { name: "list", text: "SELECT n FROM t ORDER BY n" };

it("statements that are sent together answer in turn, prepared or not", async () => {
  const results = await database.use(({ send }) =>
    send(
      [begin],
      [insert, [1, 2]],
      [unnamed("SELECT 7 AS seven")],
      [insert, [3]],
      [list],
      [commit],
    ),
  );
  expect(results.map(({ command, count }) => [command, count])).toEqual([
    ["BEGIN", 0],
    ["INSERT", 2],
    ["SELECT", 1],
    ["INSERT", 1],
    ["SELECT", 3],
    ["COMMIT", 0],
  ]);
  expect(results[4]?.rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
});

it("a statement that fails ends the transaction, those behind it are not done, and all can be sent again", async () => {
  await expect(
    database.use(({ send }) =>
      send([begin], [insert, [1]], [divide, 0], [insert, [2]], [commit]),
    ),
  ).rejects.toThrow(DatabaseError);
  // The same connection: the pool gives what came back last.
  const results = await database.use(({ send }) =>
    send([begin], [divide, 4], [insert, [3]], [list], [commit]),
  );
  expect(results[1]?.rows).toEqual([{ quotient: 3 }]);
  expect(results[3]?.rows).toEqual([{ n: 3 }]);
  expect(results.at(-1)?.command).toBe("COMMIT");
});

it("what is thrown inside a transaction undoes it", async () => {
  await expect(
    database.use(async ({ send }) => {
      await send([begin], [insert, [1]]);
      throw new RangeError("no");
    }),
  ).rejects.toThrow(RangeError);
  expect((await database.query(list)).rows).toEqual([]);
});

it("values come back as they were given", async () => {
  const texts = ["", "NULL", 'a "b" \\c', "{,}", "x\0y\u{10ffff}", "ü😀\n"];
  const bytes = Buffer.of(0, 34, 92, 255);
  const echo: Statement = {
    name: "echo",
    text: `SELECT t.text, t.bytes, $3::text AS text_alone, $4::bytea AS bytes_alone, $5::boolean AS truth, $6::bigint AS number
      FROM unnest($1::text[], $2::bytea[]) AS t (text, bytes)`,
  };
  for (const text of texts) {
    const { rows } = await database.query(
      ...[echo, [text, null], [null, bytes]],
      ...([text, bytes, true, 2 ** 52] as const),
    );
    const alone = {
      ...{ text_alone: text, bytes_alone: bytes },
      ...{ truth: true, number: 2 ** 52 },
    };
    expect(rows).toEqual([
      { text, bytes: null, ...alone },
      { text: null, bytes, ...alone },
    ]);
  }
});
