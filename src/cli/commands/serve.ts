import { Option } from "commander";
import type { Command } from "commander";
import { defaultConfig, logLevels } from "../../config.ts";
import type { LogLevel, ServerConfig } from "../../config.ts";
import { findAdminTokenFault } from "../../auth/admin-token.ts";
import type { CreatedInstance } from "../../first-start.ts";
import { startServer } from "../../server.ts";
import type { RunningServer } from "../../server.ts";
import { addCommand } from "../options/add-command.ts";
import { setUpCollector } from "../terminal/collector.ts";
import { databaseOption } from "../transport/connection.ts";
import { exitCodeOf, OperationError, UsageError } from "../terminal/failure.ts";
import { masterKeyFileOption, readMasterKey } from "../options/master-key.ts";
import { hookOptions, readHooks } from "../options/hook-options.ts";
import type { HookOptionValues } from "../options/hook-options.ts";
import { limitOptions, readLimits } from "../options/limit-options.ts";
import { readSignIn, signInOptions } from "../options/sign-in-options.ts";
import type { SignInFlags } from "../options/sign-in-options.ts";
import { quotaOptions, readQuotas } from "../options/quota-options.ts";
import {
  readTelemetry,
  telemetryOptions,
} from "../options/telemetry-options.ts";
import type { TelemetryOptions } from "../options/telemetry-options.ts";
import { describeStartFailure } from "../terminal/start-failure.ts";
import { createLogger } from "../../telemetry/log.ts";
import { nextStopSignal } from "../terminal/stop-signal.ts";
import type { Terminal } from "../terminal/terminal.ts";
import {
  parseAttempts,
  parseBoolean,
  parseListen,
  parseOrigins,
  parseRetention,
  parseTimeout,
  parseTrustedProxies,
  parseWait,
} from "../options/values.ts";
import { warnOfVariables } from "../options/unknown-variables.ts";
import { failedFirstStart, welcome } from "../terminal/welcome.ts";

interface ServeOptions extends TelemetryOptions, SignInFlags, HookOptionValues {
  readonly listen: ServerConfig["listen"];
  readonly database: string;
  readonly corsOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly masterkeyFile?: string;
  readonly resetKeys?: true;
  readonly firstKeyFile?: string;
  readonly firstTokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsReload: number;
  readonly ignoreUnknownFields: boolean;
  readonly attemptTtl: number;
  readonly retention?: number;
  readonly defaultMaxPasswordAttempts?: number;
  readonly defaultMaxOtpAttempts?: number;
  readonly logLevel: LogLevel;
  readonly logProbes: boolean;
  readonly console: boolean;
  readonly shutdownGrace: number;
}

const explanation = `
The administrator's token:
  The first start creates one with the role IAM_OWNER and prints it, once, on
  standard output; the log on standard error never has it. Where
  LOCKOUTD_ADMIN_TOKEN is set, that is the administrator's token from then on,
  and nothing is printed. It needs 32 characters or more, chosen at random.
  There is no flag for it, since other users of the machine can see flags.

The master key:
  It seals the keys of the installation, and with them what is kept in the
  database but must not be readable there. It has 32 characters, in
  LOCKOUTD_MASTERKEY or in a file that --masterkey-file names. Where none is
  given, SQLite has one beside the database, in a file that ends in .key and is
  in no copy or backup; on PostgreSQL the keys are not sealed. The first start
  with a master key seals what was there. A start with another one is refused.

Certificates:
  SIGHUP has certificate and key read again, and --tls-reload does so at
  intervals. Open connections stay as they are. Files that cannot be used are
  logged, and those before stay.

Stopping:
  On SIGTERM or SIGINT (Ctrl+C) the server finishes running calls and refuses
  new ones; on a second signal it ends at once. A change that was confirmed is
  never lost.

Examples:
  lockoutd serve
  lockoutd serve --listen 0.0.0.0:8080 --database sqlite:/var/lib/lockoutd.db
  lockoutd serve --tls-cert cert.pem --tls-key key.pem
  lockoutd serve --cors-origins https://login.example.com
  LOCKOUTD_LISTEN=[::1]:9000 lockoutd serve`;

/** Adds `lockoutd serve`. */
export function addServeCommand(program: Command, terminal: Terminal): void {
  const command = addCommand(program, "serve", "start the server")
    .addOption(
      new Option(
        "-l, --listen <host:port>",
        "where to listen; port 0 takes a free one",
      )
        .env("LOCKOUTD_LISTEN")
        .default(defaultConfig.listen, "127.0.0.1:8080")
        .argParser(parseListen),
    )
    .addOption(databaseOption())
    .addOption(masterKeyFileOption())
    .addOption(
      new Option(
        "--reset-keys",
        "make new keys, where the master key is lost: access tokens end, and hooks are disabled until their secrets are rotated",
      ),
    )
    .addOption(
      new Option(
        "--first-key-file <file>",
        "where the first start writes the key file of a service account with the role IAM_OWNER",
      ).env("LOCKOUTD_FIRST_KEY_FILE"),
    )
    .addOption(
      new Option(
        "--first-token-file <file>",
        "where the first start writes the administrator's token, instead of printing it",
      ).env("LOCKOUTD_FIRST_TOKEN_FILE"),
    )
    .addOption(
      new Option(
        "--cors-origins <origins>",
        "origins whose web pages may call the API: separated by commas, or *",
      )
        .env("LOCKOUTD_CORS_ORIGINS")
        .default(defaultConfig.corsOrigins, "none")
        .argParser(parseOrigins),
    )
    .addOption(
      new Option(
        "--trusted-proxies <networks>",
        "proxies that say whom a request comes from, by Forwarded or X-Forwarded-For: addresses and networks, separated by commas",
      )
        .env("LOCKOUTD_TRUSTED_PROXIES")
        .default(defaultConfig.trustedProxies, "none")
        .argParser(parseTrustedProxies),
    )
    .addOption(
      new Option(
        "--tls-cert <file>",
        "PEM file of the certificate, followed by its intermediate certificates",
      ).env("LOCKOUTD_TLS_CERT"),
    )
    .addOption(
      new Option("--tls-key <file>", "PEM file of the certificate's key").env(
        "LOCKOUTD_TLS_KEY",
      ),
    )
    .addOption(
      new Option(
        "--tls-reload <span>",
        "how often both files are read again, such as 1h; 0s: on SIGHUP only",
      )
        .env("LOCKOUTD_TLS_RELOAD")
        .default(defaultConfig.tlsReloadMs, "0s")
        .argParser(parseWait),
    )
    .addOption(
      new Option(
        "--default-max-password-attempts <number>",
        "wrong passwords that lock a user, in the default policy that the first start creates (later starts keep the one in the database); 0 never locks",
      )
        .env("LOCKOUTD_DEFAULT_MAX_PASSWORD_ATTEMPTS")
        .default(undefined, "0")
        .argParser(parseAttempts),
    )
    .addOption(
      new Option(
        "--default-max-otp-attempts <number>",
        "the same for one-time codes and recovery codes",
      )
        .env("LOCKOUTD_DEFAULT_MAX_OTP_ATTEMPTS")
        .default(undefined, "0")
        .argParser(parseAttempts),
    )
    .addOption(
      new Option(
        "--attempt-ttl <span>",
        "how long an attempt may stay open before it counts as failed",
      )
        .env("LOCKOUTD_ATTEMPT_TTL")
        .default(defaultConfig.attemptTtlMs, "60s")
        .argParser(parseTimeout),
    )
    .addOption(
      new Option(
        "--retention <span>",
        "how long events of attempts are kept, such as 90d; events of locks, policies, users and tokens stay",
      )
        .env("LOCKOUTD_RETENTION")
        .default(undefined, "for ever")
        .argParser(parseRetention),
    )
    .addOption(
      new Option(
        "--ignore-unknown-fields [true|false]",
        "ignore unknown JSON fields and query parameters, as ZITADEL does, instead of refusing them",
      )
        .env("LOCKOUTD_IGNORE_UNKNOWN_FIELDS")
        .preset("true")
        .default(defaultConfig.ignoreUnknownFields)
        .argParser(parseBoolean),
    )
    .addOption(
      new Option(
        "--log-level <level>",
        "what to log on standard error: text on a terminal, else JSON",
      )
        .env("LOCKOUTD_LOG_LEVEL")
        .choices(logLevels)
        .default(defaultConfig.logLevel),
    )
    .addOption(
      new Option(
        "--log-probes [true|false]",
        "log successful requests for health and readiness too",
      )
        .env("LOCKOUTD_LOG_PROBES")
        .preset("true")
        .default(defaultConfig.logProbes)
        .argParser(parseBoolean),
    )
    .addOption(
      new Option(
        "--console [true|false]",
        "serve the page of the help desk at /ui/console",
      )
        .env("LOCKOUTD_CONSOLE")
        .preset("true")
        .default(defaultConfig.console)
        .argParser(parseBoolean),
    )
    .addOption(
      new Option(
        "--shutdown-grace <span>",
        "how long the server waits for running calls when it is stopped",
      )
        .env("LOCKOUTD_SHUTDOWN_GRACE")
        .default(defaultConfig.shutdownGraceMs, "20s")
        .argParser(parseWait),
    );
  for (const option of [
    ...telemetryOptions(),
    ...signInOptions(),
    ...hookOptions(),
    ...quotaOptions(),
    ...limitOptions(),
  ]) {
    command.addOption(option);
  }
  command
    .addHelpText("after", explanation)
    .action(async (options: ServeOptions) => {
      const warnings = warnOfVariables(program, process.env);
      await serve(readConfig(options), terminal, warnings);
    });
}

/** Serves until a signal says to stop. */
async function serve(
  config: ServerConfig,
  terminal: Terminal,
  warnings: readonly string[],
): Promise<void> {
  setUpCollector();
  const log = createLogger({ level: config.logLevel });
  for (const warning of warnings) {
    log.warn(warning);
  }
  // Before the start: a signal that comes meanwhile stops the server once it has started.
  const stopped = nextStopSignal();
  let created: CreatedInstance | undefined;
  const started = startServer(config, {
    log,
    onCreated: (instance) => {
      created = instance;
    },
  }).catch((error: unknown) => {
    if (exitCodeOf(error) === 2) {
      throw error;
    }
    throw new OperationError(describeStartFailure(error, config), {
      cause: error,
      // Later starts do not show the token again.
      ...(created !== undefined && { output: failedFirstStart(created) }),
    });
  });
  process.on("SIGHUP", () => {
    void reloadTls(started);
  });
  const server = await started;
  // In a checkout, and where it is a dependency, there is no `lockoutd` on the path.
  const isRunByNpm = (process.env["npm_execpath"] ?? "") !== "";
  terminal.out(
    welcome(server, config, isRunByNpm ? "npx lockoutd" : "lockoutd"),
  );
  const signal = await stopped;
  terminal.out(
    `${signal}: finishing running calls; a second signal ends at once\n`,
  );
  await server.close();
}

async function reloadTls(started: Promise<RunningServer>): Promise<void> {
  // One that does not start has said so, and reads nothing again.
  const server = await started.catch(() => undefined);
  await server?.reloadTls();
}

function readConfig(options: ServeOptions): ServerConfig {
  return {
    listen: options.listen,
    database: options.database,
    adminToken: readAdminToken(),
    masterKey: readMasterKey(options.masterkeyFile),
    resetKeys: options.resetKeys === true,
    ...readSignIn(options),
    firstKeyFile: options.firstKeyFile,
    firstTokenFile: options.firstTokenFile,
    defaultPolicy: readDefaultPolicy(options),
    corsOrigins: options.corsOrigins,
    trustedProxies: options.trustedProxies,
    tls: readTls(options),
    tlsReloadMs: options.tlsReload,
    ignoreUnknownFields: options.ignoreUnknownFields,
    attemptTtlMs: options.attemptTtl,
    retentionMs: options.retention,
    ...readTelemetry(options),
    hooks: readHooks(options),
    logLevel: options.logLevel,
    logProbes: options.logProbes,
    console: options.console,
    shutdownGraceMs: options.shutdownGrace,
    quotas: readQuotas({ ...options }),
    limits: readLimits({ ...options }),
  };
}

function readDefaultPolicy({
  defaultMaxPasswordAttempts,
  defaultMaxOtpAttempts,
}: ServeOptions): ServerConfig["defaultPolicy"] {
  return {
    ...(defaultMaxPasswordAttempts !== undefined && {
      maxPasswordAttempts: defaultMaxPasswordAttempts,
    }),
    ...(defaultMaxOtpAttempts !== undefined && {
      maxOtpAttempts: defaultMaxOtpAttempts,
    }),
  };
}

function readTls({
  tlsCert,
  tlsKey,
  tlsReload,
}: ServeOptions): ServerConfig["tls"] {
  if (tlsCert === undefined && tlsKey === undefined && tlsReload === 0) {
    return undefined;
  }
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new UsageError(
      "TLS needs both files: give --tls-cert and --tls-key, or LOCKOUTD_TLS_CERT and LOCKOUTD_TLS_KEY",
    );
  }
  return { cert: tlsCert, key: tlsKey };
}

function readAdminToken(): string | undefined {
  const secret = process.env["LOCKOUTD_ADMIN_TOKEN"];
  const fault = secret === undefined ? undefined : findAdminTokenFault(secret);
  if (fault !== undefined) {
    throw new UsageError(`LOCKOUTD_ADMIN_TOKEN ${fault}`);
  }
  return secret;
}
