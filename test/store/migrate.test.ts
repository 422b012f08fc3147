import { firstPage } from "../support/first-page.ts";
import { writeFile } from "node:fs/promises";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createIds } from "../../src/store/ids.ts";
import { migrate, pendingMigrations } from "../../src/store/sqlite/migrate.ts";
import type { Migration } from "../../src/store/sqlite/migrate.ts";
import { migrations } from "../../src/store/sqlite/migrations/all.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { StoreRefusedError } from "../../src/store/store.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";

const first: Migration = { number: 1, name: "one", sql: "CREATE TABLE a (x)" };
const second: Migration = {
  number: 2,
  name: "two",
  sql: "CREATE TABLE b (x); INSERT INTO b VALUES (7)",
};

describe("migrations", () => {
  let dir: TempDir;
  let database: Database.Database;

  beforeEach(async () => {
    dir = await makeTempDir();
    database = new Database(dir.file("m.db"));
  });
  afterEach(async () => {
    database.close();
    await dir.remove();
  });

  const schema = () =>
    database.prepare("SELECT sql FROM sqlite_schema ORDER BY name").all();

  it("are numbered from 1 without a gap", () => {
    expect(migrations.map(({ number }) => number)).toEqual(
      migrations.map((_, index) => index + 1),
    );
  });

  it("run once each, in order, and again only what is new", () => {
    migrate(database, [first]);
    expect(pendingMigrations(database, [first, second])).toEqual([second]);
    migrate(database, [first, second]);
    migrate(database, [first, second]);

    expect(database.prepare("SELECT x FROM b").pluck().all()).toEqual([7]);
    expect(
      database.prepare("SELECT number, name FROM lockoutd_migrations").all(),
    ).toEqual([
      { number: 1, name: "one" },
      { number: 2, name: "two" },
    ]);
  });

  it("leave everything as it was when one fails", () => {
    migrate(database, [first]);
    const before = schema();
    const broken = { number: 3, name: "three", sql: "CREATE TABLE a (y)" };

    expect(() => {
      migrate(database, [first, second, broken]);
    }).toThrow(/already exists/);
    expect(schema()).toEqual(before);
  });

  it("refuse a database from a newer version, and name both versions", () => {
    migrate(database, [first, second]);
    const open = () => pendingMigrations(database, [first]);
    expect(open).toThrow(StoreRefusedError);
    expect(open).toThrow(
      /schema version 2 \(two\).*up to 1 only.*run the newer lockoutd/,
    );
  });

  it("refuse a database that an edited migration made", () => {
    migrate(database, [first, second]);
    const edited = { ...first, sql: `${first.sql} -- edited` };
    const open = () => {
      migrate(database, [edited, second]);
    };
    expect(open).toThrow(StoreRefusedError);
    expect(open).toThrow(/migration 1 \(one\) is not the one of this build/);
  });

  it("refuse a database of another program", () => {
    database.exec("CREATE TABLE theirs (x)");
    const before = schema();
    const open = () => {
      migrate(database, [first]);
    };
    expect(open).toThrow(StoreRefusedError);
    expect(open).toThrow(/another program/);
    expect(schema()).toEqual(before);
  });
});

describe("opening an SQLite store", () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await makeTempDir();
  });
  afterEach(() => dir.remove());

  const open = (path: string, exclusive = true) =>
    openSqliteStore({
      path,
      exclusive,
      now: Date.now,
      newId: createIds(Date.now),
    });
  const refusal = async (path: string, exclusive = true) => {
    const error: unknown = await open(path, exclusive).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(StoreRefusedError);
    return error instanceof Error ? error.message : "";
  };

  it("migrates a new file and an empty one", async () => {
    await writeFile(dir.file("empty.db"), "");
    for (const name of ["new.db", "empty.db"]) {
      const store = await open(dir.file(name));
      await store.createOrg("a", "e");
      await store.close();
      const again = await open(dir.file(name));
      expect((await again.listOrgs(firstPage)).items).toHaveLength(1);
      await again.close();
    }
  });

  it("gives the durability that it promises", async () => {
    const store = await open(dir.file("a.db"));
    const other = new Database(dir.file("a.db"), { readonly: true });
    expect(other.pragma("journal_mode", { simple: true })).toBe("wal");
    other.close();
    await store.close();
  });

  it("refuses a file from a newer version", async () => {
    await (await open(dir.file("a.db"))).close();
    const database = new Database(dir.file("a.db"));
    database.exec(
      "INSERT INTO lockoutd_migrations VALUES (99, 'from the future', '')",
    );
    database.close();
    expect(await refusal(dir.file("a.db"))).toMatch(
      /schema version 99 \(from the future\)/,
    );
    expect(await refusal(dir.file("a.db"), false)).toMatch(/version 99/);
  });

  it.each(["text", "a longer text that is no database\n".repeat(100)])(
    "refuses a file that is not SQLite",
    async (text) => {
      await writeFile(dir.file("a.txt"), text);
      expect(await refusal(dir.file("a.txt"))).toMatch(
        /a\.txt is not an SQLite database/,
      );
    },
  );

  it("refuses a database of another program", async () => {
    const database = new Database(dir.file("a.db"));
    database.exec("CREATE TABLE theirs (x)");
    database.close();
    expect(await refusal(dir.file("a.db"))).toMatch(/another program/);
  });

  it("refuses a directory that does not exist, and a path that is a directory", async () => {
    expect(await refusal(dir.file("no/such/a.db"))).toMatch(
      /directory .*no\/such .*does not exist: create it/,
    );
    // Before it is opened: a pipe, which is no file either, would not come back.
    expect(await refusal(dir.path)).toMatch(/is not a file/);
    expect(await refusal(dir.path, false)).toMatch(/is not a file/);
  });

  it("refuses a tool where there is no database, and creates none", async () => {
    expect(await refusal(dir.file("a.db"), false)).toMatch(
      /no database .*a\.db.*serve/,
    );
    expect(await refusal(dir.file("a.db"), false)).toMatch(/no database/);
  });
});
