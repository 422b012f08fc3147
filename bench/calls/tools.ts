import { spawnSync } from "node:child_process";
import { findProgram } from "../support/processes.ts";
import type { Skipped } from "../support/redis-server.ts";

/** The load generators, and Debian's packages of them. */
const packages = { h2load: "nghttp2-client", wrk: "wrk" } as const;

export type Tool = keyof typeof packages;

/** Where a load generator is; one that is missing is installed, where that is possible. */
export function findTool(name: Tool): string | Skipped {
  const found = findProgram(name);
  if (found !== undefined) {
    return found;
  }
  install(packages[name]);
  return (
    findProgram(name) ?? {
      skipped: `${name} is not installed (Debian: ${packages[name]})`,
    }
  );
}

function install(name: string): void {
  const apt = findProgram("apt-get");
  if (apt === undefined || process.getuid?.() !== 0) {
    return;
  }
  process.stderr.write(`installing ${name}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  spawnSync(apt, ["update", "--quiet"], { env });
  spawnSync(apt, ["install", "--yes", "--no-install-recommends", name], {
    env,
  });
}
