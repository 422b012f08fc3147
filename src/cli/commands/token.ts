import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Option } from "commander";
import type { Command } from "commander";
import type { Token } from "../../../gen/lockout/v1/access_service_pb.js";
import { roles } from "../../auth/roles.ts";
import { addCommand } from "../add-command.ts";
import { addConnectionOptions, withClients } from "../connection.ts";
import { incompleteResponse, UsageError } from "../failure.ts";
import { outputOption, toJsonText, toTable } from "../output.ts";
import type { OutputFormat } from "../output.ts";
import type { Terminal } from "../terminal.ts";
import { requiredTime } from "../times.ts";
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

/** Adds `lockoutd token` and its commands. */
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
        new Option("-r, --role <role...>", "its role; at least one, repeatable")
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
        new Option("--name <text>", "a name for people")
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
        `name at least one role by --role: ${roleNames.join(", ")}`,
      );
    }
    const { token, secret } = await withClients(command, ({ access }) =>
      access.createToken({
        name,
        roles: [...role],
        ...(org !== undefined && { organizationId: org }),
        ...(expires !== undefined && { expireTime: timestampFromMs(expires) }),
      }),
    );
    if (token === undefined) {
      throw incompleteResponse();
    }
    if (output === "json") {
      terminal.out(toJsonText({ ...tokenJson(token), secret }));
      return;
    }
    terminal.out(`${secret}\n`);
    terminal.err(
      `This is the only time that the token is shown. To end it: lockoutd token revoke ${token.tokenId}\n`,
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
    const { tokens } = await withClients(command, ({ access }) =>
      access.listTokens({}),
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
    await withClients(command, ({ access }) =>
      access.revokeToken({ tokenId: id }),
    );
    terminal.err(`Revoked ${id}.\n`);
  });
}

function tokenJson(token: Token) {
  const { tokenId, name, organizationId, roles, createTime, expireTime } =
    token;
  return {
    id: tokenId,
    name,
    orgId: organizationId,
    roles,
    creationDate: requiredTime(createTime),
    expirationDate: expireTime === undefined ? null : requiredTime(expireTime),
  };
}

function tokenTable(tokens: readonly Token[]): string {
  return toTable(
    ["ID", "ORGANISATION", "EXPIRES", "ROLES", "NAME"],
    tokens
      .map(tokenJson)
      .map(({ id, orgId, expirationDate, roles, name }) => [
        id,
        orgId,
        expirationDate ?? "never",
        roles.join(","),
        name,
      ]),
  );
}
