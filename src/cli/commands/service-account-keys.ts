import { readFileSync } from "node:fs";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Option } from "commander";
import type { Command } from "commander";
import { KeyFileType } from "../../../gen/lockout/v1/access_service_pb.js";
import type { Key } from "../../../gen/lockout/v1/access_service_pb.js";
import { accountArgument, findAccountId } from "../calls/accounts.ts";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import {
  incompleteResponse,
  OperationError,
  UsageError,
} from "../terminal/failure.ts";
import { intoNewFile } from "../options/key-file.ts";
import { outputOption, toJsonText, toTable } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { requiredTime } from "../terminal/times.ts";
import { parseExpiry, parseId } from "../options/values.ts";

interface KeyOptions {
  readonly output: OutputFormat;
}

interface AddOptions extends KeyOptions {
  readonly keyFile?: string;
  readonly publicKeyFile?: string;
  readonly type: keyof typeof fileTypes;
  readonly expires?: number;
}

const fileTypes = {
  serviceaccount: KeyFileType.SERVICE_ACCOUNT,
  application: KeyFileType.APPLICATION,
} as const;

/** More is no public key; the server says so of less. */
const maxKeyBytes = 10_000;

/** Adds `lockoutd service-account key` and its commands. */
export function addAccountKeyCommands(
  parent: Command,
  terminal: Terminal,
): void {
  const group = addCommand(
    parent,
    "key",
    "add, list and remove keys of a service account",
  );
  addAddCommand(group, terminal);
  addConnectionOptions(
    addCommand(group, "list", "list the keys of a service account")
      .argument(...accountArgument)
      .addOption(outputOption()),
  ).action(async (text: string, { output }: KeyOptions, command: Command) => {
    const { keys } = await withClients(command, async (clients) =>
      clients.access.listKeys({ userId: await findAccountId(clients, text) }),
    );
    terminal.out(
      output === "json"
        ? toJsonText(keys.map(keyJson))
        : toTable(
            ["ID", "ALGORITHM", "CREATED", "EXPIRES"],
            keys
              .map(keyJson)
              .map(({ id, algorithm, creationDate, expirationDate }) => [
                ...[id, algorithm, creationDate, expirationDate ?? "never"],
              ]),
          ),
    );
  });
  addConnectionOptions(
    addCommand(
      group,
      "remove",
      "remove a key of a service account: what was got by it ends at once",
    )
      .argument(...accountArgument)
      .argument("<key>", 'its id, as "key list" shows it', parseId),
  ).action(
    async (
      text: string,
      keyId: string,
      _options: unknown,
      command: Command,
    ) => {
      await withClients(command, async (clients) =>
        clients.access.removeKey({
          userId: await findAccountId(clients, text),
          keyId,
        }),
      );
      terminal.err(`Removed ${keyId}.\n`);
    },
  );
}

function addAddCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(group, "add", "add a key to a service account; prints its id")
      .argument(...accountArgument)
      .option(
        "--key-file <file>",
        "makes a key, and writes it to this new file, for its owner alone",
      )
      .option(
        "--public-key-file <file>",
        "takes this key instead: PEM, RSA of 2048 to 4096 bits, P-256 or Ed25519",
      )
      .addOption(
        new Option("--type <type>", "what the key file is for")
          .choices(Object.keys(fileTypes))
          .default("serviceaccount"),
      )
      .addOption(
        new Option(
          "--expires <when>",
          "a time span such as 90d, a day, or a time such as 2030-01-31T00:00:00Z (default: never)",
        ).argParser(parseExpiry),
      )
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
Types:
  serviceaccount is for programs that sign in, application for those that
  introspect the tokens of others.`,
      ),
  ).action(async (text: string, options: AddOptions, command: Command) => {
    const { keyFile, publicKeyFile, type, expires, output } = options;
    if ((keyFile === undefined) === (publicKeyFile === undefined)) {
      throw new UsageError(
        "name one of two files: --key-file for a key that is made, --public-key-file for your own",
      );
    }
    const publicKey =
      publicKeyFile === undefined ? undefined : readPublicKey(publicKeyFile);
    const add = () =>
      withClients(command, async (clients) =>
        clients.access.addKey({
          userId: await findAccountId(clients, text),
          type: fileTypes[type],
          ...(publicKey !== undefined && { publicKey }),
          ...(expires !== undefined && {
            expireTime: timestampFromMs(expires),
          }),
        }),
      );
    const { key } =
      keyFile === undefined
        ? await add()
        : await intoNewFile(keyFile, add, (made) => `${made.keyFile}\n`);
    if (key === undefined) {
      throw incompleteResponse();
    }
    terminal.out(
      output === "json" ? toJsonText(keyJson(key)) : `${key.keyId}\n`,
    );
  });
}

/** Adds `lockoutd service-account secret` and its commands. */
export function addAccountSecretCommands(
  parent: Command,
  terminal: Terminal,
): void {
  const group = addCommand(
    parent,
    "secret",
    "set and remove the secret of a service account",
  );
  addConnectionOptions(
    addCommand(
      group,
      "set",
      "give a service account a secret; prints it, once: one that it had ends at once",
    )
      .argument(...accountArgument)
      .addOption(outputOption()),
  ).action(async (text: string, { output }: KeyOptions, command: Command) => {
    const { clientId, clientSecret } = await withClients(
      command,
      async (clients) =>
        clients.access.setSecret({
          userId: await findAccountId(clients, text),
        }),
    );
    if (output === "json") {
      terminal.out(toJsonText({ clientId, clientSecret }));
      return;
    }
    terminal.out(`${clientSecret}\n`);
    terminal.err(
      `This is the only time that the secret is shown. The client id is ${clientId}.\n`,
    );
  });
  addConnectionOptions(
    addCommand(
      group,
      "remove",
      "remove the secret of a service account: what was got by it ends at once",
    ).argument(...accountArgument),
  ).action(async (text: string, _options: unknown, command: Command) => {
    await withClients(command, async (clients) =>
      clients.access.removeSecret({
        userId: await findAccountId(clients, text),
      }),
    );
    terminal.err(`Removed the secret of ${text}.\n`);
  });
}

function readPublicKey(path: string): Uint8Array {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > maxKeyBytes) {
      throw new Error(`it has ${bytes.length} bytes, which no key has`);
    }
    return bytes;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperationError(
      `the public key ${path} cannot be read (${reason}): check the path`,
      { cause: error },
    );
  }
}

function keyJson(key: Key) {
  return {
    id: key.keyId,
    algorithm: key.algorithm,
    creationDate: requiredTime(key.createTime),
    expirationDate:
      key.expireTime === undefined ? null : requiredTime(key.expireTime),
  };
}
