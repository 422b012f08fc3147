/**
 * Installs Connect's conformance suite and runs it against our server. Ends
 * with 0 when every case of the configuration has passed, and also where there
 * is no Go to install it with, which is then said.
 *
 * usage: node test/conformance/run.ts [--install | FLAG…]
 *
 * `--install` installs alone. Other flags are the suite's own, and select cases.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import path from "node:path";

const version = "v1.0.5";
/** Cases that the configuration has: fewer would mean that some did not run. */
const expectedCases = 5266;

const root = path.resolve(import.meta.dirname, "../..");
const cache = path.join(root, "node_modules/.cache/conformance", version);
const runner = path.join(cache, "connectconformance");

/**
 * Suites that measure time: on a busy machine a call can come too late. They run after the others, and fewer of their calls at once.
 */
const timed = ["Timeouts/**", "Deadline Propagation/**"];

if (spawnSync("go", ["version"]).status !== 0) {
  console.log("conformance: skipped, since Go is not installed");
} else {
  await install();
  const selection = process.argv.slice(2);
  if (selection[0] !== "--install") {
    process.exitCode = (await (selection.length > 0
      ? report(await runSuite(selection))
      : runAll()))
      ? 0
      : 1;
  }
}

async function install(): Promise<void> {
  await mkdir(cache, { recursive: true });
  const module = `connectrpc.com/conformance/cmd/connectconformance@${version}`;
  const { status } = spawnSync("go", ["install", module], {
    env: { ...process.env, GOBIN: cache },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) {
    throw new Error(`go install ${module} failed`);
  }
}

/** Runs every case of the configuration, and prints the count. */
async function runAll(): Promise<boolean> {
  const others = await runSuite([
    ...timed.flatMap((pattern) => ["--skip", pattern]),
    ...["--max-servers", "4"],
  ]);
  const late = await runSuite([
    ...timed.flatMap((pattern) => ["--run", pattern]),
    ...["--max-servers", "1", "--parallel", "4"],
  ]);
  const total = others.total + late.total;
  const good = report({
    ended: others.ended && late.ended,
    total,
    passed: others.passed + late.passed,
  });
  if (total !== expectedCases) {
    console.error(`conformance: ${expectedCases} cases were expected`);
  }
  return good && total === expectedCases;
}

interface Outcome {
  /** Whether the runner came to its end and found nothing wrong. */
  readonly ended: boolean;
  readonly total: number;
  readonly passed: number;
}

/** Prints the count as the runner does; answers whether every case has passed. */
function report({ ended, total, passed }: Outcome): boolean {
  console.log(
    `Total cases: ${total}\n${passed} passed, ${total - passed} failed`,
  );
  return ended && total > 0 && passed === total;
}

async function runSuite(flags: readonly string[]): Promise<Outcome> {
  const configuration = path.join(import.meta.dirname, "config.yaml");
  const server = path.join(import.meta.dirname, "server.ts");
  const suite = spawn(
    runner,
    [
      ...["--mode", "server", "--conf", configuration],
      ...flags,
      ...["--", process.execPath, server],
    ],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
      // The runner gives a server ten seconds to start: compiled before, it needs the fewest.
      env: { ...process.env, NODE_COMPILE_CACHE: path.join(cache, "node") },
    },
  );
  let output = "";
  suite.stdout.setEncoding("utf8");
  suite.stdout.on("data", (text: string) => {
    output += text;
  });
  const [status] = (await once(suite, "close")) as [number | null];
  // The parts' own counts would be taken for the whole.
  const count = /Total cases: (\d+)\s+(\d+) passed, \d+ failed\s*/;
  const [, total = 0, passed = 0] = count.exec(output) ?? [];
  process.stdout.write(output.replace(count, ""));
  return { ended: status === 0, total: Number(total), passed: Number(passed) };
}
