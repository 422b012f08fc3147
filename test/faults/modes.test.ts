import { chmod, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runProcess, startProcess } from "../cli/process.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { serveFaulty, unavailable } from "./faulty.ts";
import { mainProgram } from "../support/main-program.ts";

// Who may read the files of a database, and who may keep a server from starting by them.

let directory: TempDir;
let path: string;

beforeEach(async () => {
  directory = await makeTempDir();
  path = directory.file("lockoutd.db");
});

afterEach(() => directory.remove());

const modeOf = async (file: string) =>
  ((await stat(file)).mode & 0o777).toString(8);

/** Runs the command line under a umask. */
const under = (umask: string) =>
  ({
    cwd: directory.path,
    program: [
      ...(["sh", "-c", `umask ${umask}; exec "$@"`, "sh"] as const),
      ...[process.execPath, mainProgram],
    ],
  }) as const;

const serveArgs = [
  ...["serve", "--listen", "127.0.0.1:0"],
  ...["--database", "sqlite:lockoutd.db"],
];

async function serveUnder(umask: string) {
  const server = startProcess(serveArgs, under(umask));
  await server.printed(/listens on/);
  return async () => {
    server.child.kill("SIGTERM");
    await server.ended;
  };
}

describe("the files of a database", () => {
  it.each(["000", "277"])(
    "are for their owner alone under the umask %s",
    async (umask) => {
      const stop = await serveUnder(umask);
      for (const suffix of ["", "-wal", "-shm", ".lock"]) {
        expect(await modeOf(path + suffix), suffix).toBe("600");
      }
      const { code } = await runProcess(
        ["backup", "backup.db", "--database", "sqlite:lockoutd.db"],
        under(umask),
      );
      expect(code).toBe(0);
      await stop();
      expect(await modeOf(directory.file("backup.db"))).toBe("600");
      const copied = await runProcess(
        [
          ...["copy", "--from", "sqlite:lockoutd.db"],
          ...["--to", "sqlite:copy.db"],
        ],
        under(umask),
      );
      expect(copied.code).toBe(0);
      for (const file of ["copy.db", "copy.db.lock"]) {
        expect(await modeOf(directory.file(file))).toBe("600");
      }
    },
  );

  it("that others may read are closed to them by the next server; the group is the operator's matter", async () => {
    await (
      await serveUnder("022")
    )();
    await chmod(path, 0o644);
    await chmod(`${path}.lock`, 0o666);
    await (
      await serveUnder("022")
    )();
    expect(await modeOf(path)).toBe("640");
    expect(await modeOf(`${path}.lock`)).toBe("600");
  });

  it("include no lock that is somebody else's file", async () => {
    await writeFile(directory.file("other"), "text");
    await symlink(directory.file("other"), `${path}.lock`);
    const { code, stderr } = await runProcess(serveArgs, under("022"));
    expect(code).toBe(1);
    expect(stderr).toContain("is not a lock of lockoutd");
    expect(await modeOf(directory.file("other"))).toBe("644");
  });
});

describe("a lock that is deleted while the database is served", () => {
  it("is made and held anew at the next change", async () => {
    const server = await serveFaulty(path);
    await rm(`${path}.lock`);
    expect(await server.change(server.rest)).toMatchObject({ ok: true });
    expect(await modeOf(`${path}.lock`)).toBe("600");
    const { code, stderr } = await runProcess(serveArgs, under("022"));
    expect(code).toBe(1);
    expect(stderr).toContain("another lockoutd serves");
    await server.stop("SIGTERM");
  });

  it("ends the changes while somebody else holds the new one", async () => {
    const server = await serveFaulty(path);
    const other = new Database(directory.file("other.lock"));
    other.exec("BEGIN EXCLUSIVE");
    await rename(directory.file("other.lock"), `${path}.lock`);
    expect(await server.change(server.grpc)).toEqual(unavailable);
    await server.becomesReady(false);

    other.close();
    expect(await server.change(server.grpc)).toMatchObject({ ok: true });
    await server.becomesReady(true);
    await server.expectExactLog();
    await server.stop("SIGTERM");
  });
});
