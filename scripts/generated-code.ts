/**
 * Fails where the committed code is not what `npm run generate` makes of the protos: it generates into a
 * temporary directory, for each template of the repository, and compares.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** Where each template writes, by the template's own words. */
function outputsOf(template: string): readonly string[] {
  const text = readFileSync(join(root, template), "utf8");
  return [...text.matchAll(/^\s+out: (\S+)$/gm)].map(([, out = ""]) => out);
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error !== undefined) {
    throw error;
  }
  if (status !== 0) {
    throw new Error(`${command} ${args.join(" ")}:\n${stdout}${stderr}`);
  }
  return stdout;
}

/** What differs between two directories, one line a file. */
function difference(committed: string, fresh: string): string {
  const { stdout, stderr, error } = spawnSync(
    "git",
    ["diff", "--no-index", "--name-status", committed, fresh],
    { cwd: root, encoding: "utf8" },
  );
  if (error !== undefined) {
    throw error;
  }
  return stdout + stderr;
}

const templates = run("git", [
  ...["ls-files", "--cached", "--others", "--exclude-standard"],
  // What the benchmarks generate is not committed.
  ...["--", "buf.gen.yaml", "**/buf.gen.yaml", ":!bench"],
])
  .split("\n")
  .filter((path) => path !== "");
const directory = mkdtempSync(join(tmpdir(), "lockoutd-generated-"));
try {
  for (const template of templates) {
    const fresh = join(directory, template);
    run("buf", ["generate", "--template", template, "--output", fresh]);
    for (const out of outputsOf(template)) {
      const stale = difference(out, join(fresh, out));
      if (stale === "") {
        continue;
      }
      process.exitCode = 1;
      console.error(
        `${out} is not what ${template} makes: run "npm run generate", then commit it\n${stale}`,
      );
    }
  }
} finally {
  rmSync(directory, { recursive: true });
}
