import { printableLines } from "../telemetry/printable.ts";

/** Where a command writes. */
export interface Terminal {
  /** What was asked for: for people and for scripts to read. */
  readonly out: (text: string) => void;
  /** Hints and errors. */
  readonly err: (text: string) => void;
}

/** Standard output and standard error of the process. Nothing in a text steers the terminal, whoever wrote it. */
export const processTerminal: Terminal = {
  out: (text) => process.stdout.write(printableLines(text)),
  err: (text) => process.stderr.write(printableLines(text)),
};
