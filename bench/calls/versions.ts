import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { findProgram } from "../support/processes.ts";

/** Packages of npm that are measured. */
const packages = ["@connectrpc/connect-node", "@grpc/grpc-js", "fastify"];
/** And modules of Go. */
const modules = [
  "connectrpc.com/connect",
  "connectrpc.com/vanguard",
  "google.golang.org/grpc",
  "github.com/grpc-ecosystem/grpc-gateway/v2",
];

/** The versions of all that is measured, as people read them. */
export function versions(): readonly string[] {
  return [
    `Node ${process.versions.node}`,
    ...packages.map((name) => `${name} ${packageVersion(name)}`),
    ...goVersions(),
  ];
}

function packageVersion(name: string): string {
  const file = new URL(
    `../../node_modules/${name}/package.json`,
    import.meta.url,
  );
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string })
    .version;
}

function goVersions(): readonly string[] {
  const go = findProgram("go");
  if (go === undefined) {
    return [];
  }
  const directory = new URL("go/", import.meta.url);
  const { stdout } = spawnSync(go, ["env", "GOVERSION"], {
    cwd: directory,
    encoding: "utf8",
  });
  const requirements = readFileSync(new URL("go.mod", directory), "utf8");
  return [
    stdout.trim().replace("go", "Go "),
    ...modules.map((name) => {
      const version = new RegExp(`\\s${name} v(\\S+)`).exec(requirements)?.[1];
      return `${name} ${version ?? "unknown"}`;
    }),
  ];
}
