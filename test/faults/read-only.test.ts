import { execFile } from "node:child_process";
import { chmod, chown } from "node:fs/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runProcess } from "../cli/process.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { serveFaulty } from "./faulty.ts";
import { mainProgram } from "../support/main-program.ts";

const run = promisify(execFile);
const nobody = 65_534;

let directory: TempDir;
let path: string;

beforeEach(async () => {
  directory = await makeTempDir();
  path = directory.file("lockoutd.db");
  await (await serveFaulty(path)).stop("SIGTERM");
});

afterEach(async () => {
  await chmod(directory.path, 0o700);
  await directory.remove();
});

/** Modes say nothing to the superuser: the server runs as somebody else then. */
async function serveAsOwner() {
  const user =
    process.getuid?.() === 0
      ? (["setpriv", `--reuid=${nobody}`, "--clear-groups"] as const)
      : (["env"] as const);
  return runProcess(
    [
      ...["serve", "--listen", "127.0.0.1:0"],
      ...["--database", `sqlite:${path}`],
    ],
    { cwd: "/", program: [...user, process.execPath, mainProgram] },
  );
}

async function giveAway(skip: (reason: string) => void): Promise<void> {
  if (process.getuid?.() !== 0) {
    return;
  }
  const asNobody = [`--reuid=${nobody}`, "--clear-groups"];
  await run("setpriv", [...asNobody, "test", "-r", mainProgram]).catch(() => {
    skip("another user cannot run this lockoutd");
  });
  for (const file of [directory.path, path, `${path}.lock`]) {
    await chown(file, nobody, -1);
  }
}

it("a file that may not be written is refused at start, with what to do", async ({
  skip,
}) => {
  await giveAway(skip);
  await chmod(path, 0o400);
  const { code, stdout, stderr } = await serveAsOwner();
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(
    /^lockoutd: the database .* cannot be opened \(EACCES.*\): check the owner and mode of the file.*\n$/,
  );

  // The fault goes, and nothing was done to the file.
  await chmod(path, 0o600);
  const server = await serveFaulty(path);
  expect(await server.change(server.rest)).toMatchObject({ ok: true });
  await server.expectExactLog();
  await server.stop("SIGTERM");
});

it("a directory that may not be written is refused at start, with what to do", async ({
  skip,
}) => {
  await giveAway(skip);
  await chmod(directory.path, 0o500);
  const { code, stdout, stderr } = await serveAsOwner();
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^lockoutd: .*check .* directory.*\n$/);
});
