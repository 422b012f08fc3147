/**
 * Installs Connect's conformance suite and runs it against our server. Ends
 * with 0 when every case of the configuration has passed, and also where there
 * is no Go to install it with, which is then said.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";

const version = "v1.0.5";
/** Cases that the configuration has: fewer would mean that some did not run. */
const expectedCases = 5266;

const root = path.resolve(import.meta.dirname, "../..");
const cache = path.join(root, "node_modules/.cache/conformance", version);
const runner = path.join(cache, "connectconformance");

if (spawnSync("go", ["version"]).status !== 0) {
  console.log("conformance: skipped, since Go is not installed");
} else {
  await install();
  process.exitCode = judge(await runSuite());
}

async function install(): Promise<void> {
  await mkdir(cache, { recursive: true });
  const module = `connectrpc.com/conformance/cmd/connectconformance@${version}`;
  const { status } = spawnSync("go", ["install", module], {
    env: { ...process.env, GOBIN: cache },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new Error(`go install ${module} failed`);
}

function runSuite(): Promise<string> {
  const configuration = path.join(import.meta.dirname, "config.yaml");
  const server = path.join(import.meta.dirname, "server.ts");
  const suite = spawn(
    runner,
    [
      ...["--mode", "server", "--conf", configuration, "--max-servers", "2"],
      ...process.argv.slice(2),
      ...["--", process.execPath, server],
    ],
    { cwd: root, stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  suite.stdout.setEncoding("utf8");
  suite.stdout.on("data", (text: string) => {
    output += text;
    process.stdout.write(text);
  });
  return new Promise((resolve, reject) => {
    suite.once("error", reject);
    suite.once("close", () => {
      resolve(output);
    });
  });
}

function judge(output: string): number {
  const counts = /Total cases: (\d+)\s+(\d+) passed, (\d+) failed/.exec(output);
  const [, total, passed, failed] = counts ?? [];
  if (total === undefined || failed !== "0" || total !== passed) return 1;
  const selected = process.argv.length > 2;
  if (!selected && Number(total) !== expectedCases) {
    console.error(`conformance: ${expectedCases} cases were expected`);
    return 1;
  }
  return 0;
}
