import { appendFileSync } from "node:fs";
import { expect } from "vitest";

/** Where `npm run bench:console` wants the figures; unset in `npm test`, which does the same with less, and holds no time against a bound. */
const benchFile = process.env["CONSOLE_BENCH"];

/** Whether bounds are held, with everything in the console that they are about. */
export const isBench = benchFile !== undefined;

/** Something that was measured, and its bound. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly bound: number;
  readonly unit: "ms" | "s" | "MB" | "key presses" | "bytes";
}

/** Notes a figure for the table, and fails where it is not below its bound; neither in `npm test`. */
export function note(figure: Figure): void {
  if (benchFile !== undefined) {
    appendFileSync(benchFile, `${JSON.stringify(figure)}\n`);
    expect(figure.value, figure.name).toBeLessThan(figure.bound);
  }
}
