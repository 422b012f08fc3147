import { Option } from "commander";
import type { Command } from "commander";
import { defaultConfig } from "../../config.ts";
import { createClients } from "./clients.ts";
import type { Clients } from "./clients.ts";
import type { OpenTransport } from "./database-transport.ts";
import { UsageError } from "../terminal/failure.ts";
import { isSecret, parseServer } from "../options/values.ts";

interface ConnectionOptions {
  readonly database: string;
  readonly server?: string;
  readonly token?: string;
  /** Of commands that may send to hooks. */
  readonly hooksAllowHttp?: boolean;
  readonly hooksAllowPrivate?: boolean;
  readonly masterkeyFile?: string;
}

/** The option `--database`. */
export function databaseOption(): Option {
  return new Option(
    "-d, --database <url>",
    "the database: sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME",
  )
    .env("LOCKOUTD_DATABASE")
    .default(defaultConfig.database);
}

/** The option `--server`. */
export function serverOption(): Option {
  return new Option(
    "-s, --server <url>",
    "a server: http://HOST:PORT or https://HOST:PORT",
  )
    .env("LOCKOUTD_SERVER")
    .argParser(parseServer);
}

const explanation = `
Where it works:
  On the database, also while it is served; or, where a server is named, on that
  server with your token. A flag counts before a variable, and LOCKOUTD_SERVER
  before LOCKOUTD_DATABASE. Keep a token in LOCKOUTD_TOKEN rather than write it
  in a command, which other users of the machine can see. For certificates of an
  authority of your own set NODE_EXTRA_CA_CERTS to its file.`;

/** Gives a command the flags that say what it works on. */
export function addConnectionOptions(command: Command): Command {
  return command
    .addOption(databaseOption())
    .addOption(serverOption())
    .addOption(
      new Option("--token <secret>", "the token for the server").env(
        "LOCKOUTD_TOKEN",
      ),
    )
    .addHelpText("after", explanation);
}

/** Runs an action on what the command's flags and the environment name, and lets go of it afterwards. */
export async function withClients<Result>(
  command: Command,
  action: (clients: Clients) => Promise<Result>,
): Promise<Result> {
  const { transport, close } = await openTransport(command);
  try {
    return await action(createClients(transport));
  } finally {
    await close();
  }
}

async function openTransport(command: Command): Promise<OpenTransport> {
  const options = command.opts<ConnectionOptions>();
  const { database, server, token } = options;
  const isFlag = (name: keyof ConnectionOptions) =>
    command.getOptionValueSource(name) === "cli";
  if (isFlag("server") && isFlag("database")) {
    throw new UsageError(
      "--server and --database exclude each other: name one of them",
    );
  }
  // Loaded when needed: a command on a server needs no SQLite, and one on the database no gRPC.
  if (server === undefined || isFlag("database")) {
    if (isFlag("token")) {
      throw new UsageError("--token is for a server: add --server URL");
    }
    const { openDatabaseTransport } = await import("./database-transport.ts");
    const { hooksAllowHttp: allowHttp = false } = options;
    const { hooksAllowPrivate: allowPrivate = false } = options;
    return openDatabaseTransport(
      database,
      { allowHttp, allowPrivate },
      options.masterkeyFile,
    );
  }
  if (token === undefined) {
    throw new UsageError(
      `the server ${server} wants a token: set LOCKOUTD_TOKEN, or add --token`,
    );
  }
  if (!isSecret(token)) {
    throw new UsageError(
      "the value of --token or LOCKOUTD_TOKEN is not a token: copy all of it and nothing else, without blanks",
    );
  }
  const { openServerTransport } = await import("./server-transport.ts");
  return openServerTransport(server, token);
}
