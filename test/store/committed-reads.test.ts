import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createCommitMark,
  lookOnceAMoment,
} from "../../src/store/sqlite/commit-mark.ts";
import { rememberUntilCommit } from "../../src/store/sqlite/committed-reads.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";

let dir: TempDir;
let database: Database.Database;
let other: Database.Database;

beforeEach(async () => {
  dir = await makeTempDir();
  database = new Database(dir.file("m.db"));
  database.pragma("journal_mode = WAL");
  database.exec("CREATE TABLE t (value INTEGER)");
  other = new Database(dir.file("m.db"));
});

afterEach(async () => {
  other.close();
  database.close();
  await dir.remove();
});

const count = () =>
  database.prepare<[], number>("SELECT count(*) FROM t").pluck().get() ?? 0;

describe.runIf(process.platform === "linux")("the mark of commits", () => {
  function createMark() {
    const mark = createCommitMark(database.name);
    if (mark === undefined) {
      throw new Error("there is no mark on Linux");
    }
    return mark;
  }

  it("stays while nobody commits", () => {
    const mark = createMark();
    const before = mark();
    count();
    other.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
    expect(mark()).toBe(before);
    other.exec("ROLLBACK");
    expect(mark()).toBe(before);
  });

  it("is another after every commit, also across checkpoints", () => {
    const mark = createMark();
    const marks = new Set([mark()]);
    for (let round = 0; round < 300; round += 1) {
      const writer = round % 2 === 0 ? database : other;
      writer.exec("INSERT INTO t VALUES (1)");
      marks.add(mark());
      if (round % 7 === 0) {
        other.pragma("wal_checkpoint(TRUNCATE)");
      }
      if (round % 11 === 0) {
        database.exec("DELETE FROM t");
      }
      marks.add(mark());
    }
    expect(marks.size).toBeGreaterThan(300);
  });

  it("leaves SQLite its locks: a process that comes last does not take itself for the first", () => {
    createMark()();
    other.close();
    other = new Database(dir.file("m.db"));
    other.exec("INSERT INTO t VALUES (1)");
    database.exec("INSERT INTO t VALUES (2)");
    expect(count()).toBe(2);
    expect(other.pragma("integrity_check", { simple: true })).toBe("ok");
  });

  it("is not to be had of a file that has no write-ahead log", () => {
    const plain = new Database(dir.file("plain.db"));
    expect(createCommitMark(plain.name)).toBeUndefined();
    plain.close();
  });
});

it("looks at a mark once a moment, and after one's own commit at once", () => {
  let commits = 0;
  let looks = 0;
  let now = 5;
  const { mark, forget } = lookOnceAMoment(
    () => {
      looks += 1;
      return commits;
    },
    0.1,
    () => now,
  );
  expect([mark(), mark()]).toEqual([0, 0]);
  commits = 1;
  now += 0.09;
  expect(mark()).toBe(0);
  expect(looks).toBe(1);
  now += 0.02;
  expect(mark()).toBe(1);
  expect(looks).toBe(2);
  commits = 2;
  forget();
  expect(mark()).toBe(2);
});

describe("what is remembered until a commit", () => {
  /** A look-up whose finds are counted, behind a mark that the test sets. */
  function createLookUp(max: number) {
    const state = { mark: 1, finds: 0 };
    const find = rememberUntilCommit(
      () => state.mark,
      max,
      (wanted: number) => {
        state.finds += 1;
        return wanted < 0 ? undefined : wanted;
      },
    );
    return { state, find: (wanted: number) => find(`${wanted}`, wanted) };
  }

  it("is found once, and again after the next", () => {
    const { state, find } = createLookUp(10);
    expect([find(1), find(1), find(2)]).toEqual([1, 1, 2]);
    expect(state.finds).toBe(2);
    state.mark += 1;
    expect([find(1), find(1)]).toEqual([1, 1]);
    expect(state.finds).toBe(3);
  });

  it("may be that there is nothing", () => {
    const { state, find } = createLookUp(10);
    expect([find(-1), find(-1)]).toEqual([undefined, undefined]);
    expect(state.finds).toBe(1);
  });

  it("is bounded", () => {
    const { state, find } = createLookUp(2);
    for (const wanted of [1, 2, 3]) {
      find(wanted);
    }
    expect(state.finds).toBe(3);
    find(3);
    expect(state.finds).toBe(3);
    find(1);
    expect(state.finds).toBe(4);
  });

  it("is not what a long key asks for, which would be kept with it", () => {
    const state = { finds: 0 };
    const find = rememberUntilCommit(
      () => 1,
      10,
      () => (state.finds += 1),
    );
    const key = `org ${"1".repeat(200)}`;
    expect([find(key, undefined), find(key, undefined)]).toEqual([1, 2]);
  });

  it("is nothing without a mark", () => {
    let finds = 0;
    const find = rememberUntilCommit(undefined, 10, () => (finds += 1));
    expect([find("a", undefined), find("a", undefined)]).toEqual([1, 2]);
  });
});
