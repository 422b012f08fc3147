import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { Option } from "commander";
import type { Command } from "commander";
import type { Token } from "../../../gen/lockout/v1/access_service_pb.js";
import { roles } from "../../auth/roles.ts";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { incompleteResponse, UsageError } from "../terminal/failure.ts";
import { outputOption, toJsonText, toTable } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import { findOrg, orgOption } from "../calls/orgs.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { listTokens } from "../calls/tokens.ts";
import { requiredTime } from "../terminal/times.ts";
import {
  parseExpiry,
  parseId,
  parseDuration,
  parseTokenName,
} from "../options/values.ts";

const roleNames = Object.keys(roles);

interface TokenOptions {
  readonly output: OutputFormat;
}

interface ListOptions extends TokenOptions {
  readonly revoked: boolean;
}

interface RotateOptions extends TokenOptions {
  readonly overlap?: number;
}

interface CreateOptions extends TokenOptions {
  readonly role: readonly string[];
  readonly org?: string;
  readonly name: string;
  readonly expires?: number;
}

/** Adds `lockoutd token` and its commands. */
export function addTokenCommand(program: Command, terminal: Terminal): void {
  const group = addCommand(
    program,
    "token",
    "create, list, rotate and revoke tokens",
  );
  addCreateCommand(group, terminal);
  addListCommand(group, terminal);
  addRotateCommand(group, terminal);
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
        orgOption(
          "its organisation (default: your own; at the database the first one)",
        ),
      )
      .addOption(
        new Option("--name <text>", "a name for people")
          .default("")
          .argParser(parseTokenName),
      )
      .addOption(
        new Option(
          "--expires <when>",
          "a time span such as 90d, a day such as 2030-01-31 (UTC), or a time such as 2030-01-31T00:00:00Z (default: never)",
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
    const { token, secret } = await withClients(command, async (clients) =>
      clients.access.createToken({
        name,
        roles: [...role],
        organizationId: (await findOrg(clients, org)) ?? "",
        ...(expires !== undefined && { expireTime: timestampFromMs(expires) }),
      }),
    );
    showSecret(token, secret, output, terminal);
    if (output !== "json") {
      terminal.err(
        `This is the only time that the token is shown. To end it: lockoutd token revoke ${token.tokenId}\n`,
      );
    }
  });
}

/** Shows a token that was created or rotated, by its secret alone where people read it. @throws Error where the server left it out */
function showSecret(
  token: Token | undefined,
  secret: string,
  output: OutputFormat,
  terminal: Terminal,
): asserts token is Token {
  if (token === undefined) {
    throw incompleteResponse();
  }
  terminal.out(
    output === "json"
      ? toJsonText({ ...tokenJson(token), secret })
      : `${secret}\n`,
  );
}

function addRotateCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(
      group,
      "rotate",
      "give a token another secret; prints it, once: the one before is good for a while",
    )
      .argument("<id>", 'its id, as "lockoutd token list" shows it', parseId)
      .addOption(
        new Option(
          "--overlap <time>",
          "how long the secret before is good, such as 24h, or 0s",
        )
          .default(undefined, "24h")
          .argParser(parseDuration),
      )
      .addOption(outputOption()),
  ).action(async (id: string, options: RotateOptions, command: Command) => {
    const { overlap, output } = options;
    const { token, secret } = await withClients(command, ({ access }) =>
      access.rotateToken({
        tokenId: id,
        ...(overlap !== undefined && { overlap: durationFromMs(overlap) }),
      }),
    );
    showSecret(token, secret, output, terminal);
    if (output !== "json") {
      terminal.err(
        `This is the only time that the secret is shown. The one before is good until ${requiredTime(token.oldSecretExpireTime)}.\n`,
      );
    }
  });
}

function addListCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(
      group,
      "list",
      "list the tokens without their secrets, oldest first",
    )
      .option("--revoked", "those that were revoked, too", false)
      .addOption(outputOption()),
  ).action(async ({ output, revoked }: ListOptions, command: Command) => {
    const tokens = await withClients(command, (clients) =>
      listTokens(clients, revoked),
    );
    terminal.out(
      output === "json"
        ? toJsonText(tokens.map(tokenJson))
        : tokenTable(tokens, Date.now()),
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
  const time = (value: Timestamp | undefined) =>
    value === undefined ? null : requiredTime(value);
  return {
    id: token.tokenId,
    name: token.name,
    orgId: token.organizationId,
    orgName: token.organizationName,
    roles: token.roles,
    creationDate: requiredTime(token.createTime),
    expirationDate: time(token.expireTime),
    lastUseDate: time(token.lastUseTime),
    oldSecretExpirationDate: time(token.oldSecretExpireTime),
    revokeDate: time(token.revokeTime),
  };
}

/** @param now by which it is seen who has expired */
function tokenTable(tokens: readonly Token[], now: number): string {
  return toTable(
    ["ID", "NAME", "ORGANISATION", "ROLES", "LAST USE", "EXPIRES"],
    tokens
      .map(tokenJson)
      .map((token) => [
        token.id,
        token.name,
        token.orgName === "" ? token.orgId : `${token.orgId} ${token.orgName}`,
        token.roles.join(","),
        token.lastUseDate ?? "",
        endOf(token.expirationDate, token.revokeDate, now),
      ]),
  );
}

function endOf(
  expirationDate: string | null,
  revokeDate: string | null,
  now: number,
): string {
  if (revokeDate !== null) {
    return `revoked ${revokeDate}`;
  }
  if (expirationDate === null) {
    return "never";
  }
  return Date.parse(expirationDate) <= now
    ? `expired ${expirationDate}`
    : expirationDate;
}
