import { rename, rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { serveFaulty, unavailable } from "./faulty.ts";
import type { Faulty } from "./faulty.ts";

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

describe("a file that is taken away while it is served", () => {
  it.each(["", "-wal", "-shm"])(
    "is no place for changes: lockoutd.db%s (I7, I15)",
    async (suffix) => {
      const { change, grpc, rest } = server;
      expect(await change(grpc)).toMatchObject({ ok: true });
      const file = directory.file(`lockoutd.db${suffix}`);
      await rename(file, directory.file("elsewhere"));
      expect(await change(grpc)).toEqual(unavailable);
      expect(await change(rest)).toEqual({ ...unavailable, status: 503 });
      await server.becomesReady(false);

      await rename(directory.file("elsewhere"), file);
      expect(await change(grpc)).toMatchObject({ ok: true });
      await server.becomesReady(true);
      await server.expectExactLog();
    },
  );

  it("is not served further under its name: it was replaced by a backup", async () => {
    const { change, grpc } = server;
    const backup = await serveFaulty(directory.file("backup.db"));
    await backup.stop("SIGTERM");
    expect(await change(grpc)).toMatchObject({ ok: true });
    await rename(directory.file("backup.db"), directory.file("lockoutd.db"));
    expect(await change(grpc)).toEqual(unavailable);
    await server.becomesReady(false);
  });

  it("with its directory is not lost without a word", async () => {
    const { change, grpc } = server;
    await rm(directory.path, { recursive: true });
    expect(await change(grpc)).toEqual(unavailable);
    await server.becomesReady(false);
  });
});
