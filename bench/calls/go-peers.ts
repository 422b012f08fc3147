import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "../support/processes.ts";
import type { Skipped } from "../support/redis-server.ts";

/** The programs in `go/`. */
const programs = ["connect-vanguard", "grpc-gateway"] as const;

export type GoPeer = (typeof programs)[number];

/** Where each program is. */
type BuiltPeers = Readonly<Record<GoPeer, string>>;

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(root, "node_modules/.cache/bench-calls");
const module = "bench/calls/go";

let built: BuiltPeers | Skipped | undefined;

/** Generates the code of the peers in Go and builds them, once in a run; Go keeps what has not changed. */
export function buildGoPeers(): BuiltPeers | Skipped {
  built ??= build();
  return built;
}

function build(): BuiltPeers | Skipped {
  const go = findProgram("go");
  if (go === undefined) {
    return { skipped: "Go is not installed" };
  }
  mkdirSync(cache, { recursive: true });
  const failed =
    run(process.execPath, [
      join(root, "node_modules/@bufbuild/buf/bin/buf"),
      ...["generate", `${module}/proto`],
      ...["--config", `${module}/buf.yaml`],
      ...["--template", `${module}/buf.gen.yaml`],
    ]) ??
    run(go, [
      ...["-C", module, "build", "-mod=readonly", "-buildvcs=false"],
      ...["-o", `${cache}/`, ...programs.map((name) => `./${name}`)],
    ]);
  return (
    failed ?? {
      "connect-vanguard": join(cache, "connect-vanguard"),
      "grpc-gateway": join(cache, "grpc-gateway"),
    }
  );
}

function run(program: string, args: readonly string[]): Skipped | undefined {
  const { status, stderr } = spawnSync(program, args, {
    cwd: root,
    encoding: "utf8",
    // Other flags of the machine's would change what is built.
    env: { ...process.env, GOFLAGS: "" },
  });
  if (status === 0) {
    return undefined;
  }
  return {
    skipped: `${[program, ...args].join(" ")} failed: ${stderr.trim()}`,
  };
}
