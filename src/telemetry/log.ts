import { writeSync } from "node:fs";
import { pino } from "pino";
import type { DestinationStream, Logger } from "pino";
import { createLineSink } from "./line-sink.ts";
import type { LineSink } from "./line-sink.ts";
import { printable, printableJsonBytes } from "./printable.ts";

/** Which lines are written: those of this level and the levels after it; `silent` writes none. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "silent";

/** How a log is written. */
export interface LogOptions {
  readonly level: LogLevel;
  /** Lines for people, or JSON; default: for people where standard error is a terminal. */
  readonly format?: "text" | "json";
  /** Where the lines go instead of standard error. */
  readonly write?: (line: string) => void;
}

/** What may wait for a log that takes nothing: some thousand lines. */
const maxWaitingBytes = 1024 * 1024;

/** Never written, wherever an object with headers gets into a line. */
const secrets = [
  "authorization",
  "*.authorization",
  "headers.authorization",
  "*.headers.authorization",
  "token",
  "*.token",
];

/**
 * Makes the logger of the process. It writes at the end of each turn of the event loop and before the process exits, so that the
 * last line before a crash is there.
 */
export function createLogger(options: LogOptions): Logger {
  const format = options.format ?? (process.stderr.isTTY ? "text" : "json");
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets, censor: "[redacted]" },
    },
    destination(format, options.write),
  );
}

/**
 * Writes lines of level `info` with one message, whose fields are known and never secret, where the given logger writes its own:
 * a line for each request, for which looking for secrets in any object would cost several times as much.
 *
 * @param fieldsOf the fields of a record as they stand in a JSON object, without the braces
 */
export function createRecordLog<Rec>(
  log: Logger,
  message: string,
  fieldsOf: (record: Rec) => string,
): (record: Rec) => void {
  const { [pino.symbols.streamSym]: stream } = log as unknown as {
    readonly [pino.symbols.streamSym]: DestinationStream;
  };
  const end = `,"msg":${JSON.stringify(message)}}\n`;
  const start = createLineStart();
  return (record) => {
    if (!log.isLevelEnabled("info")) {
      return;
    }
    stream.write(`${start()}${fieldsOf(record)}${end}`);
  };
}

/** Begins a line of level `info`: written anew only when the time has changed. */
function createLineStart(): () => string {
  let last = NaN;
  let text = "";
  return () => {
    const now = Date.now();
    if (now !== last) {
      last = now;
      text = [
        '{"level":"info","time":"',
        new Date(now).toISOString(),
        '",',
      ].join("");
    }
    return text;
  };
}

function destination(
  format: "text" | "json",
  write: LogOptions["write"],
): DestinationStream {
  const form =
    format === "json"
      ? printableJsonBytes
      : (lines: string) => Buffer.from(linesToText(lines));
  if (write !== undefined) {
    return {
      write: (line) => {
        write(form(line).toString());
      },
    };
  }
  const stderr = createLineSink(
    (bytes) => writeSync(2, bytes),
    maxWaitingBytes,
    (lost) => form(lostLines(lost)),
  );
  return onceAnEventLoopTurn({
    write: (lines) => {
      stderr.write(form(lines));
    },
    flush: stderr.flush,
  });
}

function lostLines(lost: number): string {
  const time = new Date().toISOString();
  const msg = "lines of the log could not be written";
  return `${JSON.stringify({ level: "warn", time, lost, msg })}\n`;
}

const exitTasks: (() => void)[] = [];

/** Runs a task when the process ends, with one listener for all: Node takes more than ten of them for a leak. */
function atExit(task: () => void): void {
  if (exitTasks.length === 0) {
    process.on("exit", () => {
      for (const each of exitTasks) {
        each();
      }
    });
  }
  exitTasks.push(task);
}

/** Joins the lines of one turn of the event loop into one write: a system call each would cost more than all else about them. */
function onceAnEventLoopTurn(
  target: DestinationStream & Pick<LineSink, "flush">,
): DestinationStream {
  let lines = "";
  const flush = () => {
    if (lines === "") {
      return;
    }
    const written = lines;
    lines = "";
    target.write(written);
  };
  atExit(() => {
    flush();
    target.flush();
  });
  return {
    write: (line) => {
      if (lines === "") {
        setImmediate(flush);
      }
      lines += line;
    },
  };
}

function linesToText(lines: string): string {
  return lines
    .split("\n")
    .map((line) => (line === "" ? "" : toText(line)))
    .join("");
}

/**
 * Turns a line of JSON into one for people: time, level, message, then the rest as `name=value`. Only the stack of an error has lines
 * of its own, which are indented: none of them can pass for a line of the log.
 */
export function toText(line: string): string {
  const { time, level, msg, err, ...rest } = JSON.parse(line) as Record<
    string,
    unknown
  >;
  const words = [
    String(time).slice(11, 23),
    String(level).toUpperCase().padEnd(5),
  ];
  if (typeof msg === "string") {
    words.push(msg);
  }
  for (const [name, value] of Object.entries(rest)) {
    words.push(`${name}=${toWord(value)}`);
  }
  const stack =
    err instanceof Object && "stack" in err
      ? String(err.stack).split("\n")
      : [];
  return [words.join(" "), ...stack.map((frame) => `  ${frame}`)]
    .map((part) => `${printable(part)}\n`)
    .join("");
}

function toWord(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
