import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { quantile } from "../support/statistics.ts";

const samples = 200;
const pageBytes = 4096;

/** The median time, in milliseconds, of a sync to disk after a page was appended: what every commit costs at least. */
export function measureSync(directory: string): number {
  const file = openSync(join(directory, "sync"), "w");
  const page = Buffer.alloc(pageBytes, 1);
  const times = Array.from({ length: samples }, () => {
    const began = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    return performance.now() - began;
  });
  closeSync(file);
  return quantile(
    times.sort((one, other) => one - other),
    0.5,
  );
}
