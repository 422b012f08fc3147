/**
 * Fails where a message, field, call or route of the protos that callers may use by now is gone or means
 * something else. It compares with the last release (tag), or, before the first one, with where this branch left
 * the main branch; on the main branch itself with the commit before. A clone without history still has what is
 * committed, which the files as they stand are compared with.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

function git(...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync("git", args, {
    cwd: root,
    encoding: "utf8",
  });
  return status === 0 && stdout.trim() !== "" ? stdout.trim() : undefined;
}

/** What to compare with: a commit, and what it is to us. */
function findBaseline(): { readonly commit: string; readonly name: string } {
  const release = git("describe", "--tags", "--abbrev=0", "--match", "v*");
  if (release !== undefined) {
    return { commit: release, name: `the release ${release}` };
  }
  const head = git("rev-parse", "HEAD");
  if (head === undefined) {
    throw new Error("there is no commit yet");
  }
  for (const main of ["origin/main", "main"]) {
    const fork = git("merge-base", main, head);
    if (fork !== undefined && fork !== head) {
      return { commit: fork, name: `where the branch left ${main}` };
    }
  }
  const parent = git("rev-parse", "--verify", "--quiet", `${head}^1`);
  return parent === undefined
    ? { commit: head, name: "what is committed, since there is no history" }
    : { commit: parent, name: "the commit before" };
}

const { commit, name } = findBaseline();
const directory = mkdtempSync(join(tmpdir(), "lockoutd-baseline-"));
try {
  // An archive, since buf cannot clone from every shallow clone.
  const archive = execFileSync(
    "git",
    ["archive", commit, "buf.yaml", "proto"],
    {
      cwd: root,
      maxBuffer: 1 << 28,
    },
  );
  execFileSync("tar", ["--extract", "--directory", directory], {
    input: archive,
  });
  const { status, error } = spawnSync(
    "buf",
    ["breaking", "--against", directory],
    {
      cwd: root,
      stdio: "inherit",
    },
  );
  if (error !== undefined) {
    throw error;
  }
  console.log(`compared the protos with ${name} (${commit.slice(0, 12)})`);
  if (status !== 0) {
    process.exitCode = 1;
  }
} finally {
  rmSync(directory, { recursive: true });
}
