import { setTimeout as delay } from "node:timers/promises";
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { UsageError } from "../terminal/failure.ts";
import { outputOption, toJsonText } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { readMetrics } from "../top/metrics-source.ts";
import { lastEvents, runLive } from "../top/run-live.ts";
import { initialState } from "../top/state.ts";
import { summarize } from "../top/summary.ts";
import { viewLines } from "../top/view.ts";
import { parseTimeout } from "../options/values.ts";

interface TopOptions {
  readonly metrics?: string;
  readonly interval: number;
  readonly once: boolean;
  readonly output: OutputFormat;
  readonly server?: string;
  readonly token?: string;
}

/** With --once: so many events, and the time between two looks, in milliseconds. */
const onceEvents = 10;
const onceMs = 1000;

/** What a page without a terminal is as wide and high as. */
const usual = { width: 80, height: 24 };

const explanation = `
Attempts and locks a second, locked users, the slowest calls and the last
events, of one node: from its page of metrics, and from the events. The page
of a server needs a token of the role IAM_OWNER or IAM_OWNER_VIEWER; the one
of its --metrics-listen needs none.

Keys: p pauses, f filters the events, u unlocks a user, ? shows all keys.

Examples:
  lockoutd top --server https://lockout.example.com
  lockoutd top --metrics http://127.0.0.1:9464
  lockoutd top --server http://127.0.0.1:8080 --once --output json`;

/** Adds `lockoutd top`. */
export function addTopCommand(program: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(program, "top", "watch what a server does, in the terminal")
      .addOption(
        new Option(
          "--metrics <url>",
          "the page of metrics, such as http://127.0.0.1:9464; else that of --server",
        )
          .env("LOCKOUTD_METRICS")
          .argParser(parseMetricsUrl),
      )
      .addOption(
        new Option("--interval <span>", "how often it looks")
          .default(2000, "2s")
          .argParser(parseTimeout),
      )
      .option("--once", "look for a second, print it, and end", false)
      .addOption(outputOption())
      .addHelpText("after", explanation),
  ).action(async (options: TopOptions, command: Command) => {
    const { once, output, interval } = options;
    const { url, token } = pageOf(options);
    if (!once && (output === "json" || !isTerminal())) {
      throw new UsageError(
        "the live view needs a terminal, and prints no JSON: add --once",
      );
    }
    const look = () => readMetrics(url, token);
    await withClients(command, async (clients) => {
      if (!once) {
        await runLive({ source: url, look, clients, everyMs: interval });
        return;
      }
      const before = await look();
      await delay(onceMs);
      const after = await look();
      const events = await lastEvents(clients, onceEvents);
      const summary = summarize(before, after, events);
      if (output === "json") {
        terminal.out(toJsonText(summary));
        return;
      }
      const state = { ...initialState(url), summary };
      const width = process.stdout.isTTY ? process.stdout.columns : usual.width;
      const lines = viewLines(state, width, usual.height).slice(0, -1);
      terminal.out(`${lines.join("\n").trimEnd()}\n`);
    });
  });
}

function isTerminal(): boolean {
  return process.stdout.isTTY && process.stdin.isTTY;
}

/** The page, and the token that it gets: that of the server, and no other's. */
function pageOf({ metrics, server, token }: TopOptions): {
  readonly url: string;
  readonly token: string | undefined;
} {
  if (metrics === undefined && server === undefined) {
    throw new UsageError(
      "say which server it is: by --server, or by its page of metrics with --metrics",
    );
  }
  const url = metrics ?? `${server ?? ""}/metrics`;
  const isServers = new URL(url).origin === server;
  return { url, token: isServers ? token : undefined };
}

/** The URL of a page of metrics; its path may be left out. @throws InvalidArgumentError */
function parseMetricsUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    (url?.protocol !== "http:" && url?.protocol !== "https:") ||
    url.username + url.password !== ""
  ) {
    throw new InvalidArgumentError(
      "Write http://HOST:PORT, or https://HOST:PORT where it has TLS.",
    );
  }
  if (url.pathname === "/") {
    url.pathname = "/metrics";
  }
  return url.href;
}
