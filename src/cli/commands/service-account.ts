import { Option } from "commander";
import type { Command } from "commander";
import { roles } from "../../auth/roles.ts";
import {
  accountArgument,
  accountJson,
  findAccountId,
  listAccounts,
} from "../calls/accounts.ts";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { UsageError } from "../terminal/failure.ts";
import { intoNewFile } from "../options/key-file.ts";
import { findOrg, orgOption } from "../calls/orgs.ts";
import { outputOption, toJsonText, toTable } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { parseAccount, parseTokenName } from "../options/values.ts";
import {
  addAccountKeyCommands,
  addAccountSecretCommands,
} from "./service-account-keys.ts";

interface AccountOptions {
  readonly output: OutputFormat;
}

interface ChangeOptions extends AccountOptions {
  readonly role: readonly string[];
  readonly name: string;
}

interface CreateOptions extends ChangeOptions {
  readonly org?: string;
  readonly keyFile?: string;
}

const roleNames = Object.keys(roles);

/** Adds `lockoutd service-account` and its commands. */
export function addServiceAccountCommand(
  program: Command,
  terminal: Terminal,
): void {
  const group = addCommand(
    program,
    "service-account",
    "create and manage service accounts, which sign in by keys or secrets",
  );
  addCreateCommand(group, terminal);
  addUpdateCommand(group, terminal);
  addListCommand(group, terminal);
  addDeleteCommand(group, terminal);
  addAccountKeyCommands(group, terminal);
  addAccountSecretCommands(group, terminal);
}

function roleOption(description: string): Option {
  return new Option("-r, --role <role...>", description)
    .choices(roleNames)
    .default([], "none");
}

function nameOption(): Option {
  return new Option("--name <text>", "a name for people")
    .default("")
    .argParser(parseTokenName);
}

function addCreateCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(group, "create", "create a service account; prints its id")
      .argument("<login name>", "its login name, the client id", parseAccount)
      .addOption(roleOption("its role, repeatable"))
      .addOption(
        orgOption(
          "its organisation (default: your own; at the database the first one)",
        ),
      )
      .addOption(nameOption())
      .option(
        "--key-file <file>",
        "makes a key, and writes it to this new file, for its owner alone",
      )
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
Example:
  lockoutd service-account create login-page --role IAM_LOGIN_CLIENT \\
    --key-file login-page.json`,
      ),
  ).action(
    async (loginName: string, options: CreateOptions, command: Command) => {
      const { role, org, name, keyFile, output } = options;
      const create = () =>
        withClients(command, async (clients) => {
          const account = await clients.access.createServiceAccount({
            ...{ loginName, name, roles: [...role] },
            organizationId: (await findOrg(clients, org)) ?? "",
          });
          const key =
            keyFile === undefined
              ? undefined
              : await clients.access.addKey({ userId: account.userId });
          return { account, keyFile: key?.keyFile ?? "" };
        });
      const { account } =
        keyFile === undefined
          ? await create()
          : await intoNewFile(keyFile, create, (made) => `${made.keyFile}\n`);
      terminal.out(
        output === "json"
          ? toJsonText(accountJson(account))
          : `${account.userId}\n`,
      );
      if (output !== "json" && keyFile !== undefined) {
        terminal.err(`Its key is in ${keyFile}, and nowhere else.\n`);
      }
    },
  );
}

function addUpdateCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(
      group,
      "update",
      "give a service account another name, or other roles in the place of those that it has",
    )
      .argument(...accountArgument)
      .addOption(roleOption("a role that it has from now on, repeatable"))
      .addOption(nameOption())
      .addOption(outputOption()),
  ).action(async (text: string, options: ChangeOptions, command: Command) => {
    const { role, name, output } = options;
    if (role.length === 0 && name === "") {
      throw new UsageError("say what changes: --role, --name, or both");
    }
    const account = await withClients(command, async (clients) =>
      clients.access.updateServiceAccount({
        userId: await findAccountId(clients, text),
        ...{ name, roles: [...role] },
      }),
    );
    if (output === "json") {
      terminal.out(toJsonText(accountJson(account)));
    } else {
      terminal.err(
        `${account.loginName} has the roles ${account.roles.join(", ")}.\n`,
      );
    }
  });
}

function addListCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(
      group,
      "list",
      "list the service accounts, oldest first",
    ).addOption(outputOption()),
  ).action(async ({ output }: AccountOptions, command: Command) => {
    const accounts = (await withClients(command, listAccounts)).map(
      accountJson,
    );
    terminal.out(
      output === "json"
        ? toJsonText(accounts)
        : toTable(
            ["ID", "LOGIN NAME", "NAME", "ORGANISATION", "ROLES", "SECRET"],
            accounts.map((account) => [
              ...[account.id, account.loginName, account.name, account.orgId],
              ...[account.roles.join(","), account.hasSecret ? "yes" : "no"],
            ]),
          ),
    );
  });
}

function addDeleteCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(
      group,
      "delete",
      "delete a service account with its keys and its secret: all that it signed in by ends at once",
    ).argument(...accountArgument),
  ).action(async (text: string, _options: unknown, command: Command) => {
    await withClients(command, async (clients) =>
      clients.access.deleteServiceAccount({
        userId: await findAccountId(clients, text),
      }),
    );
    terminal.err(`Deleted ${text}.\n`);
  });
}
