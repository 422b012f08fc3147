import { existsSync } from "node:fs";
import { Option } from "commander";
import type { Command } from "commander";
import { databasePath, isPostgres } from "../../store/open.ts";
import { printable } from "../../telemetry/printable.ts";
import { readVersion } from "../../telemetry/version.ts";
import { addCommand } from "../add-command.ts";
import type { Clients } from "../clients.ts";
import { addConnectionOptions, withClients } from "../connection.ts";
import { lookAtCertificate } from "../doctor/certificate.ts";
import { lookAtConnection } from "../doctor/connection.ts";
import { lookAtDisk } from "../doctor/disk.ts";
import { look } from "../doctor/finding.ts";
import type { Finding } from "../doctor/finding.ts";
import {
  lookAtClock,
  lookAtPolicy,
  lookAtTokens,
} from "../doctor/installation.ts";
import { describeFailure, exitCodeOf, OperationError } from "../failure.ts";
import { outputOption, toJsonText } from "../output.ts";
import type { OutputFormat } from "../output.ts";
import type { Terminal } from "../terminal.ts";
import { withoutPassword } from "../welcome.ts";

interface DoctorOptions {
  readonly database: string;
  readonly server?: string;
  readonly token?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly output: OutputFormat;
}

/** A database further away makes each login slow, which waits for several round trips. */
const slowReadMs = 10;
const reads = 5;

/** Looks at all that goes wrong in practice, and says what to do. */
export function addDoctorCommand(program: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(
      program,
      "doctor",
      "look for what is wrong, or will be, and say what to do",
    )
      .addOption(
        new Option("--tls-cert <file>", "the certificate of serve").env(
          "LOCKOUTD_TLS_CERT",
        ),
      )
      .addOption(
        new Option("--tls-key <file>", "its key").env("LOCKOUTD_TLS_KEY"),
      )
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
Looks at the version, the certificate, the default policy, tokens that end soon
and the clock; on a database also at its disk: room, and the time of a sync; on
a server also at what lies between: HTTP/2, trailers and streams, as gRPC needs
them. Without a token it looks at the connection alone. Ends with exit code 1
where there is a problem; a warning is none.

Examples:
  lockoutd doctor
  lockoutd doctor --server https://lockout.example.com`,
      ),
  ).action(async (options: DoctorOptions, command: Command) => {
    const findings = await examine(options, command);
    terminal.out(
      options.output === "json"
        ? toJsonText(findings)
        : findings.map(findingText).join(""),
    );
    const problems = findings.filter(({ level }) => level === "problem").length;
    if (problems > 0) {
      throw new OperationError(
        problems === 1
          ? "there is a problem: see above"
          : `there are ${problems} problems: see above`,
      );
    }
  });
}

async function examine(
  options: DoctorOptions,
  command: Command,
): Promise<readonly Finding[]> {
  const { database, server, token, tlsCert, tlsKey } = options;
  const isOnServer =
    server !== undefined && command.getOptionValueSource("database") !== "cli";
  return [
    {
      about: "version",
      level: "ok",
      text: `lockoutd ${readVersion()} (Node ${process.versions.node}, ${process.platform} ${process.arch})`,
    },
    ...(isOnServer
      ? await lookAtConnection(server, Date.now)
      : await lookAtDatabase(database)),
    ...(tlsCert === undefined
      ? []
      : [
          await look(
            "certificate",
            () => lookAtCertificate(tlsCert, tlsKey, Date.now()),
            describeFailure,
          ),
        ]),
    ...(isOnServer && token === undefined
      ? [
          {
            about: "policy, tokens, clock",
            level: "skipped",
            text: "they need a token: set LOCKOUTD_TOKEN",
          } satisfies Finding,
        ]
      : await lookAtInstallation(command)),
  ];
}

async function lookAtDatabase(database: string): Promise<readonly Finding[]> {
  if (isPostgres(database)) {
    return [];
  }
  const path = databasePath(database);
  return existsSync(path)
    ? [await look("disk", () => lookAtDisk(path), describeFailure)]
    : [];
}

async function lookAtInstallation(
  command: Command,
): Promise<readonly Finding[]> {
  const { database, server } = command.opts<DoctorOptions>();
  if (
    server === undefined &&
    !isPostgres(database) &&
    !existsSync(databasePath(database))
  ) {
    return [
      {
        about: "database",
        level: "problem",
        text: `there is no ${database}`,
        advice:
          "lockoutd serve makes it; or name another one by --database, or a server by --server",
      },
    ];
  }
  try {
    return await withClients(command, async (clients) => [
      await look(
        "database",
        () => lookAtReads(clients, server ?? withoutPassword(database)),
        describeFailure,
      ),
      await look("policy", () => lookAtPolicy(clients), describeFailure),
      await look(
        "tokens",
        () => lookAtTokens(clients, Date.now()),
        describeFailure,
      ),
      await look(
        "clock",
        () => lookAtClock(clients, Date.now()),
        describeFailure,
      ),
    ]);
  } catch (error) {
    if (exitCodeOf(error) === 2) {
      throw error;
    }
    return [
      { about: "database", level: "problem", text: describeFailure(error) },
    ];
  }
}

async function lookAtReads(
  { admin }: Clients,
  name: string,
): Promise<Omit<Finding, "about">> {
  const times: number[] = [];
  while (times.length < reads) {
    const from = performance.now();
    await admin.getLockoutPolicy({});
    times.push(performance.now() - from);
  }
  const ms = times.sort((a, b) => a - b)[Math.floor(reads / 2)] ?? 0;
  const text = `a read takes ${ms.toFixed(1)} ms (${name})`;
  return ms > slowReadMs
    ? {
        level: "warning",
        text,
        advice: "put lockoutd and its database into the same data centre",
      }
    : { level: "ok", text };
}

function findingText({ about, level, text, advice }: Finding): string {
  const head = `${level.padEnd(8)} ${about.padEnd(12)}`;
  return [
    `${head} ${printable(text)}\n`,
    ...(advice === undefined ? [] : [`${" ".repeat(9)}to do: ${advice}\n`]),
  ].join("");
}
