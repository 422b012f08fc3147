import { printableLines } from "../../telemetry/printable.ts";
import { renderStyles, style } from "./style.ts";

/** Where a command writes. */
export interface Terminal {
  /** What was asked for: for people and for scripts to read. */
  readonly out: (text: string) => void;
  /** Hints and errors. */
  readonly err: (text: string) => void;
}

/**
 * Standard output and standard error of the process. Nothing in a text steers the terminal, whoever wrote it; styles that a command has marked
 * are shown.
 */
export const processTerminal: Terminal = {
  out: (text) => process.stdout.write(renderStyles(printableLines(text))),
  err: (text) => process.stderr.write(renderStyles(printableLines(text))),
};

/** What a message on standard error begins with that says what may be wrong. */
export function warningPrefix(): string {
  return style("warning", "lockoutd: warning:", process.stderr);
}

/** What a message on standard error begins with that says what went wrong. */
export function failurePrefix(): string {
  return style("bad", "lockoutd:", process.stderr);
}
