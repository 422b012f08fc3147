import { Option } from "commander";
import type { Command } from "commander";
import { roles } from "../../auth/roles.ts";
import type { TokenRecord } from "../../store/store.ts";
import { addCommand } from "../add-command.ts";
import { addConnectionOptions, withBackend } from "../connection.ts";
import { UsageError } from "../failure.ts";
import { outputOption, toJsonText, toTable, toTime } from "../output.ts";
import type { OutputFormat } from "../output.ts";
import type { Terminal } from "../terminal.ts";
import { parseExpiry, parseId, parseTokenName } from "../values.ts";

const roleNames = Object.keys(roles);

interface TokenOptions {
  readonly output: OutputFormat;
}

interface CreateOptions extends TokenOptions {
  readonly role: readonly string[];
  readonly org?: string;
  readonly name: string;
  readonly expires?: number;
}

export function addTokenCommand(program: Command, terminal: Terminal): void {
  const group = addCommand(program, "token", "create, list and revoke tokens");
  addCreateCommand(group, terminal);
  addListCommand(group, terminal);
  addRevokeCommand(group, terminal);
}

function addCreateCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(
      group,
      "create",
      "create a token; prints it, once: only its hash is stored",
    )
      .addOption(
        new Option(
          "-r, --role <role...>",
          "what it may do; at least one, repeatable",
        )
          .choices(roleNames)
          .default([], "none"),
      )
      .addOption(
        new Option(
          "--org <id>",
          "its organisation (default: your own; at the database the first one)",
        ).argParser(parseId),
      )
      .addOption(
        new Option("--name <text>", "what people call it")
          .default("")
          .argParser(parseTokenName),
      )
      .addOption(
        new Option(
          "--expires <when>",
          "a time span such as 90d, or a time such as 2030-01-31T00:00:00Z (default: never)",
        ).argParser(parseExpiry),
      )
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
Roles:
  Those named IAM_ hold on every organisation, those named ORG_ on the token's
  own. IAM_OWNER may do everything; IAM_LOGIN_CLIENT is for the login page;
  ORG_OWNER is for the administrators of one organisation.

Examples:
  TOKEN=$(lockoutd token create --role IAM_LOGIN_CLIENT --expires 90d)
  lockoutd token create --role ORG_SETTINGS_MANAGER --role ORG_USER_MANAGER \\
    --org 397114861402619904 --name "Ann's script"`,
      ),
  ).action(async (options: CreateOptions, command: Command) => {
    const { role, org, name, expires, output } = options;
    if (role.length === 0) {
      throw new UsageError(
        `say what the token may do by --role: ${roleNames.join(", ")}`,
      );
    }
    const { token, secret } = await withBackend(command, (backend) =>
      backend.createToken({
        name,
        roles: role,
        orgId: org,
        expirationDate: expires,
      }),
    );
    if (output === "json") {
      terminal.out(toJsonText({ ...tokenJson(token), secret }));
      return;
    }
    terminal.out(`${secret}\n`);
    terminal.err(
      `This is the only time that the token is shown. To end it: lockoutd token revoke ${token.id}\n`,
    );
  });
}

function addListCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(
      group,
      "list",
      "list the tokens without their secrets, oldest first",
    ).addOption(outputOption()),
  ).action(async ({ output }: TokenOptions, command: Command) => {
    const tokens = await withBackend(command, (backend) =>
      backend.listTokens(),
    );
    terminal.out(
      output === "json"
        ? toJsonText(tokens.map(tokenJson))
        : tokenTable(tokens),
    );
  });
}

function addRevokeCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(group, "revoke", "end a token at once").argument(
      "<id>",
      'its id, as "lockoutd token list" shows it',
      parseId,
    ),
  ).action(async (id: string, _options: unknown, command: Command) => {
    await withBackend(command, (backend) => backend.revokeToken(id));
    terminal.err(`Revoked ${id}.\n`);
  });
}

function tokenJson(token: TokenRecord) {
  const { id, name, orgId, creationDate, expirationDate } = token;
  return {
    id,
    name,
    orgId,
    roles: token.roles,
    creationDate: toTime(creationDate),
    expirationDate:
      expirationDate === undefined ? null : toTime(expirationDate),
  };
}

function tokenTable(tokens: readonly TokenRecord[]): string {
  return toTable(
    ["ID", "ORGANISATION", "EXPIRES", "ROLES", "NAME"],
    tokens.map((token) => [
      token.id,
      token.orgId,
      token.expirationDate === undefined
        ? "never"
        : toTime(token.expirationDate),
      token.roles.join(","),
      token.name,
    ]),
  );
}
