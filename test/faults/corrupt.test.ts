import { closeSync, copyFileSync, openSync, rmSync, writeSync } from "node:fs";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runProcess } from "../cli/process.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { serveFaulty, unavailable } from "./faulty.ts";

let directory: TempDir;
let path: string;
let backup: string;

beforeEach(async () => {
  directory = await makeTempDir();
  path = directory.file("lockoutd.db");
  backup = directory.file("backup.db");
  const server = await serveFaulty(path);
  for (let batch = 0; batch < 10; batch += 1) {
    await Promise.all(
      Array.from({ length: 25 }, () => server.change(server.grpc)),
    );
  }
  await server.stop("SIGTERM");
  copyFileSync(path, backup);
});

afterEach(() => directory.remove());

function damage(page: number, from = 0): void {
  const file = openSync(path, "r+");
  writeSync(
    file,
    Buffer.alloc(4096 - from, 0xa5),
    0,
    4096 - from,
    (page - 1) * 4096 + from,
  );
  closeSync(file);
}

function restore(): void {
  for (const suffix of ["-wal", "-shm"]) {
    rmSync(`${path}${suffix}`, { force: true });
  }
  copyFileSync(backup, path);
}

describe("a damaged file", () => {
  it("is served as far as it goes: what needs the damaged part is UNAVAILABLE, and a backup mends it", async () => {
    const database = new Database(path, { readonly: true });
    const page = database
      .prepare<[], { pageno: number }>(
        "SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'leaf' ORDER BY path LIMIT 1",
      )
      .get()?.pageno;
    database.close();
    damage(page ?? 0);

    // The log of the file itself cannot be read: its copy's is.
    const server = await serveFaulty(path, backup);
    expect(await server.read(server.grpc)).toMatchObject({ ok: true });
    expect(await server.read(server.rest)).toMatchObject({ ok: true });
    for (let round = 0; round < 2; round += 1) {
      expect(await server.listEvents(server.grpc)).toEqual(unavailable);
      expect(await server.listEvents(server.rest)).toEqual({
        ...unavailable,
        status: 503,
      });
    }
    await server.stop("SIGTERM");

    restore();
    const mended = await serveFaulty(path);
    expect(await mended.listEvents(mended.grpc)).toMatchObject({ ok: true });
    expect(await mended.change(mended.rest)).toMatchObject({ ok: true });
    await mended.expectExactLog();
    await mended.stop("SIGTERM");
  });

  it("whose first page is damaged is refused at start, with what to do", async () => {
    damage(1, 100);
    const { code, stdout, stderr } = await runProcess(
      [
        ...["serve", "--listen", "127.0.0.1:0"],
        ...["--database", `sqlite:${path}`],
      ],
      { cwd: directory.path },
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^lockoutd: .*SQLITE_CORRUPT.*restore a backup\n$/);
  });
});
