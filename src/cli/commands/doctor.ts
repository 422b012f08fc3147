import { existsSync } from "node:fs";
import { Option } from "commander";
import type { Command } from "commander";
import { databasePath, isPostgres } from "../../store/open.ts";
import { printable } from "../../telemetry/printable.ts";
import { readVersion } from "../../telemetry/version.ts";
import { addCommand } from "../options/add-command.ts";
import type { Clients } from "../transport/clients.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { lookAtCertificate } from "../doctor/certificate.ts";
import { lookAtConnection } from "../doctor/connection.ts";
import { lookAtDisk } from "../doctor/disk.ts";
import { look, skipped } from "../doctor/finding.ts";
import type { Finding } from "../doctor/finding.ts";
import {
  lookAtClock,
  lookAtPolicy,
  lookAtTokens,
} from "../doctor/installation.ts";
import {
  describeFailure,
  exitCodeOf,
  OperationError,
} from "../terminal/failure.ts";
import { outputOption, toJsonText } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import { style } from "../terminal/style.ts";
import type { Style } from "../terminal/style.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { withoutPassword } from "../terminal/welcome.ts";

interface DoctorOptions {
  readonly database: string;
  readonly server?: string;
  readonly token?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly output: OutputFormat;
}

/** Each login waits for several reads. */
const slowReadMs = 10;
const reads = 5;
/** How long all reads may take together. */
const installationMs = 5000;

type Found = Omit<Finding, "about">;

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
  const between = isOnServer ? await lookAtConnection(server, Date.now) : [];
  const broken = between.find(({ level }) => level === "problem");
  const missing = isOnServer ? undefined : findMissing(database);
  return [
    {
      about: "version",
      level: "ok",
      text: `lockoutd ${readVersion()} (Node ${process.versions.node}, ${process.platform} ${process.arch})`,
    },
    ...between,
    ...(isOnServer || missing !== undefined
      ? []
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
    ...(missing !== undefined
      ? [missing, ...withoutInstallation("needs a database")]
      : broken !== undefined
        ? withoutInstallation(`mend this first: ${broken.about}`)
        : isOnServer && token === undefined
          ? withoutInstallation("needs a token: set LOCKOUTD_TOKEN")
          : await lookAtInstallation(command, {
              name: isOnServer ? server : withoutPassword(database),
              isLocal: !isOnServer && !isPostgres(database),
            })),
  ];
}

function withoutInstallation(text: string): readonly Finding[] {
  return skipped(["policy", "tokens", "clock"], text);
}

/** What there is to say of a file that is not there. */
function findMissing(database: string): Finding | undefined {
  return isPostgres(database) || existsSync(databasePath(database))
    ? undefined
    : {
        about: "database",
        level: "problem",
        text: `there is no ${database}`,
        advice:
          "lockoutd serve makes it; or name another one by --database, or a server by --server",
      };
}

async function lookAtDatabase(database: string): Promise<readonly Finding[]> {
  return isPostgres(database)
    ? []
    : [
        await look(
          "disk",
          () => lookAtDisk(databasePath(database)),
          describeFailure,
        ),
      ];
}

/** What the command works on. */
interface Reached {
  readonly name: string;
  /** Whether no network lies between. */
  readonly isLocal: boolean;
}

async function lookAtInstallation(
  command: Command,
  reached: Reached,
): Promise<readonly Finding[]> {
  // All together: what is looked at in turn would each wait for the same silence.
  const timeout = new Promise<never>((_resolve, reject) => {
    AbortSignal.timeout(installationMs).addEventListener("abort", () => {
      reject(
        new OperationError(`no response within ${installationMs / 1000} s`),
      );
    });
  });
  timeout.catch(() => undefined);
  const lookInTime = (about: string, find: () => Promise<Found>) =>
    look(about, () => Promise.race([find(), timeout]), describeFailure);
  try {
    return await withClients(command, async (clients) => {
      const database = await lookInTime("database", () =>
        lookAtReads(clients, reached),
      );
      return database.level === "problem"
        ? [database, ...withoutInstallation("mend this first: database")]
        : [
            database,
            await lookInTime("policy", () => lookAtPolicy(clients)),
            await lookInTime("tokens", () => lookAtTokens(clients, Date.now())),
            await lookInTime("clock", () => lookAtClock(clients, Date.now())),
          ];
    });
  } catch (error) {
    if (exitCodeOf(error) === 2) {
      throw error;
    }
    return [
      { about: "database", level: "problem", text: describeFailure(error) },
      ...withoutInstallation("mend this first: database"),
    ];
  }
}

async function lookAtReads(
  { admin }: Clients,
  { name, isLocal }: Reached,
): Promise<Found> {
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
        advice: isLocal
          ? "this machine does much else, or its disk is slow: give lockoutd more of both"
          : "put lockoutd and its database into the same data centre",
      }
    : { level: "ok", text };
}

const levelStyles: Readonly<Record<Finding["level"], Style>> = {
  ok: "good",
  warning: "warning",
  problem: "bad",
  skipped: "faint",
};

function findingText({ about, level, text, advice }: Finding): string {
  const head = `${style(levelStyles[level], level.padEnd(8))} ${about.padEnd(12)}`;
  return [
    `${head} ${printable(text)}\n`,
    ...(advice === undefined ? [] : [`${" ".repeat(9)}to do: ${advice}\n`]),
  ].join("");
}
