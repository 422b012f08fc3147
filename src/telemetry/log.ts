import { pino } from "pino";
import type { DestinationStream, Logger } from "pino";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "silent";

export interface LogOptions {
  readonly level: LogLevel;
  /** Lines for people, or JSON; default: for people where standard error is a terminal. */
  readonly format?: "text" | "json";
  /** Where the lines go instead of standard error. */
  readonly write?: (line: string) => void;
}

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
 * A logger beside the given one, for lines whose fields are all known and never secret: looking for secrets in a line costs more
 * than writing it.
 */
export function createPlainLogger(log: Logger): Logger {
  return log.child({}, { redact: [] });
}

function destination(
  format: "text" | "json",
  write: LogOptions["write"],
): DestinationStream {
  if (write !== undefined)
    return {
      write:
        format === "json"
          ? write
          : (line) => {
              write(toText(line));
            },
    };
  const stderr = onceAnEventLoopTurn(pino.destination({ dest: 2, sync: true }));
  return format === "json"
    ? stderr
    : {
        write: (line) => {
          stderr.write(toText(line));
        },
      };
}

/** Joins the lines of one turn of the event loop into one write: a system call each would cost more than all else about them. */
function onceAnEventLoopTurn(target: DestinationStream): DestinationStream {
  let lines = "";
  const flush = () => {
    if (lines === "") return;
    const written = lines;
    lines = "";
    target.write(written);
  };
  process.on("exit", flush);
  return {
    write: (line) => {
      if (lines === "") setImmediate(flush);
      lines += line;
    },
  };
}

/** Turns a line of JSON into one for people: time, level, message, then the rest as `name=value`. */
export function toText(line: string): string {
  const { time, level, msg, err, ...rest } = JSON.parse(line) as Record<
    string,
    unknown
  >;
  const words = [
    String(time).slice(11, 23),
    String(level).toUpperCase().padEnd(5),
  ];
  if (typeof msg === "string") words.push(msg);
  for (const [name, value] of Object.entries(rest))
    words.push(`${name}=${toWord(value)}`);
  const stack =
    err instanceof Object && "stack" in err ? `\n${String(err.stack)}` : "";
  return `${words.join(" ")}${stack}\n`;
}

function toWord(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
