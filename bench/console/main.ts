import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Figure } from "../../test/console/figures-of-time.ts";

// The tests of the console with everything in it (10,000 locked users, an hour of events), and their figures against the bounds of time and
// memory: npm run bench:console. `npm test` runs the same with less, and holds no time against a bound.

const directory = mkdtempSync(join(tmpdir(), "bench-console-"));
const file = join(directory, "figures.jsonl");
const files = ["help-desk", "officer", "live", "many", "overview", "events"];
const { status } = spawnSync(
  "npx",
  [
    ...["vitest", "run", "--project", "all", "--maxWorkers", "1"],
    ...[...files, "security"].map((name) => `test/console/${name}.test.ts`),
    // What is not measured is not run.
    ...["--testNamePattern", "^(?!.*axe)"],
    ...process.argv.slice(2),
  ],
  { env: { ...process.env, CONSOLE_BENCH: file }, stdio: "inherit" },
);
const figures = existsSync(file)
  ? readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Figure)
  : [];
console.table(
  figures.map(({ name, value, bound, unit }) => ({
    figure: name,
    value: Number(value.toFixed(1)),
    "must be below": bound,
    unit,
  })),
);
rmSync(directory, { recursive: true });
process.exitCode = figures.length === 0 ? 1 : (status ?? 1);
