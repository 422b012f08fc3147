/**
 * Runs scripts of package.json side by side, as many at a time as there are cores, and prints what each has said when it ends. Ends
 * with 1 as soon as one has failed; the others are stopped. Name what takes longest first.
 *
 * usage: node scripts/side-by-side.ts SCRIPT…
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";

const waiting = process.argv.slice(2);
const running = new Set<ChildProcess>();

/** Runs one script to its end; answers whether it has succeeded. */
async function run(script: string): Promise<boolean> {
  const child = spawn("npm", ["run", "--silent", script], {
    // A group of its own: npm does not pass a signal on to what its script has started.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const began = performance.now();
  const [code] = (await once(child, "close")) as [number | null];
  running.delete(child);
  if (process.exitCode !== 1) {
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(
      `-- ${script}: ${code === 0 ? "passed" : "failed"} in ${seconds} s`,
    );
    process.stdout.write(output);
  }
  return code === 0;
}

function stopAll(): void {
  for (const { pid } of running) {
    if (pid === undefined) {
      continue;
    }
    try {
      process.kill(-pid, "SIGTERM");
    } catch {
      // It has just ended.
    }
  }
}

/** One script after the other, until none waits. */
async function work(): Promise<void> {
  for (let script = waiting.shift(); script !== undefined;) {
    if (!(await run(script))) {
      process.exitCode = 1;
      waiting.length = 0;
      stopAll();
    }
    script = waiting.shift();
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    process.exitCode = 1;
    waiting.length = 0;
    stopAll();
  });
}
await Promise.all(Array.from({ length: availableParallelism() }, work));
