import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";
import { runProgram } from "./run-program.ts";

/** A tool that a test needs: there, or the reason why it is not. */
export type Tool =
  | { readonly path: string }
  | { readonly path: undefined; readonly missing: string };

/** Where foreign clients are built once, outside the checkout, to be used again by later runs. */
export const toolCache = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "lockoutd-interop",
);

/** Builds a Go program at this version, unless an earlier run did. */
export async function installGoProgram(
  program: string,
  version: string,
): Promise<Tool> {
  const name = program.split("/").at(-1) ?? program;
  const directory = join(toolCache, `${name}-${version}`);
  const path = join(directory, name);
  if (existsSync(path)) {
    return { path };
  }
  const go = findProgram("go");
  if (go === undefined) {
    return { path: undefined, missing: "there is no go on the PATH" };
  }
  await mkdir(toolCache, { recursive: true });
  const { code, stderr } = await runProgram(
    go,
    ["install", `${program}@${version}`],
    { cwd: toolCache, env: { GOBIN: directory, GOFLAGS: "" } },
  );
  if (code === 0) {
    return { path };
  }
  return {
    path: undefined,
    missing: `go install ${program}@${version} failed: ${lastLine(stderr)}`,
  };
}

export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
