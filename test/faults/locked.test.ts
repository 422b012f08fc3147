import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runProcess } from "../cli/process.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { serveFaulty, unavailable } from "./faulty.ts";

let directory: TempDir;
let path: string;

beforeEach(async () => {
  directory = await makeTempDir();
  path = directory.file("lockoutd.db");
});

afterEach(() => directory.remove());

describe("a database that another process keeps locked", () => {
  it("refuses changes after a while, answers reads, and goes on when it is free", async () => {
    const server = await serveFaulty(path);
    const { change, read, grpc, rest, isReady } = server;
    expect(await change(grpc)).toMatchObject({ ok: true });
    const other = new Database(path);
    other.exec("BEGIN IMMEDIATE");

    const [first, second, ready] = await Promise.all([
      change(grpc),
      change(rest),
      isReady(),
      // Nobody waits for those who wait for the lock.
      expect(read(grpc)).resolves.toMatchObject({ ok: true }),
      expect(read(rest)).resolves.toMatchObject({ ok: true }),
    ]);
    expect(first).toEqual(unavailable);
    expect(second).toEqual({ ...unavailable, status: 503 });
    expect(ready).toBe(false);

    const patient = [change(grpc), change(rest)];
    await read(grpc);
    other.exec("ROLLBACK");
    expect(await Promise.all(patient)).toMatchObject([
      { ok: true },
      { ok: true },
    ]);
    await server.becomesReady(true);
    other.close();
    await server.expectExactLog();
    await server.stop("SIGTERM");
  });

  it("is not lost or doubled by those who wait", async () => {
    const server = await serveFaulty(path);
    const { change, read, grpc, rest } = server;
    const other = new Database(path);
    for (let round = 0; round < 5; round += 1) {
      other.exec("BEGIN IMMEDIATE");
      const waiting = change(round % 2 === 0 ? grpc : rest);
      await read(grpc);
      other.exec("ROLLBACK");
      expect(await waiting).toMatchObject({ ok: true });
    }
    other.close();
    await server.expectExactLog();
    await server.stop("SIGTERM");
  });

  it("is refused at start, with what to do", async () => {
    await (await serveFaulty(path)).stop("SIGTERM");
    const other = new Database(path);
    other.pragma("locking_mode = EXCLUSIVE");
    other.exec("BEGIN EXCLUSIVE");
    const { code, stdout, stderr } = await runProcess(
      [
        ...["serve", "--listen", "127.0.0.1:0"],
        ...["--database", `sqlite:${path}`],
      ],
      { cwd: directory.path },
    );
    other.close();
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^lockoutd: .*SQLITE_BUSY.*another program keeps the database locked: end it, then try again\n$/,
    );
    const server = await serveFaulty(path);
    expect(await server.change(server.grpc)).toMatchObject({ ok: true });
    await server.stop("SIGTERM");
  });
});
