import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { serveFaulty, unavailable } from "./faulty.ts";
import type { Faulty } from "./faulty.ts";

const run = promisify(execFile);

let directory: TempDir;
let server: Faulty;

beforeEach(async () => {
  directory = await makeTempDir();
  server = await serveFaulty(directory.file("lockoutd.db"));
});

afterEach(async () => {
  await server.stop("SIGKILL");
  await directory.remove();
});

/** The file may not grow: for SQLite the same as a full disk, and needs no disk of its own. */
const limitFiles = (bytes: string) =>
  run("prlimit", ["--pid", String(server.pid), `--fsize=${bytes}:unlimited`]);

it("a disk without room: changes are refused, reads are answered, and it goes on when there is room", async ({
  skip,
}) => {
  await limitFiles("unlimited").catch(() => skip("there is no prlimit here"));
  const { change, read, grpc, rest } = server;
  await server.becomesReady(true);
  expect(await change(grpc)).toMatchObject({ ok: true });
  expect(await change(rest)).toMatchObject({ ok: true });

  const { size } = statSync(directory.file("lockoutd.db-wal"));
  await limitFiles(String(size));
  for (let round = 0; round < 3; round += 1) {
    expect(await change(grpc)).toEqual(unavailable);
    expect(await change(rest)).toEqual({ ...unavailable, status: 503 });
  }
  await server.becomesReady(false);
  expect(await read(grpc)).toMatchObject({ ok: true });
  expect(await read(rest)).toMatchObject({ ok: true });
  // What shares a transaction shares its fate, and nothing of it stays.
  const together = await Promise.all(
    Array.from({ length: 20 }, (_value, index) =>
      change(index % 2 === 0 ? grpc : rest),
    ),
  );
  expect(together.map(({ ok }) => ok)).toEqual(together.map(() => false));

  await limitFiles("unlimited");
  expect(await change(grpc)).toMatchObject({ ok: true });
  expect(await change(rest)).toMatchObject({ ok: true });
  await server.becomesReady(true);
  await server.expectExactLog();
});
