import { toJson } from "@bufbuild/protobuf";
import { Option } from "commander";
import type { Command } from "commander";
import { LockoutSchema } from "../../../gen/lockout/v1/attempt_service_pb.js";
import {
  UserSchema,
  UserState,
} from "../../../gen/lockout/v1/user_service_pb.js";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions } from "../transport/connection.ts";
import { OperationError, UsageError } from "../terminal/failure.ts";
import { withOrg } from "../calls/org-clients.ts";
import type { OrgClients, UserOptions } from "../calls/org-clients.ts";
import { userOrgOption } from "../calls/orgs.ts";
import { outputOption, toJsonText, toTable } from "../terminal/output.ts";
import { everyItem } from "../calls/pages.ts";
import type { ListPage } from "../calls/pages.ts";
import type { Terminal } from "../terminal/terminal.ts";
import {
  lockTable,
  readShown,
  shownJson,
  shownText,
  stateName,
} from "../users/user-text.ts";
import { parseCount } from "../options/values.ts";
import { addWho, findUser, findWho, nameOf, requireWho } from "../users/who.ts";
import type { WhoOptions } from "../users/who.ts";
import { addEraseCommand } from "./user-erase.ts";
import { addExportCommand } from "./user-export.ts";
import { addImportCommand } from "./user-import.ts";
import { addForgetDevicesCommand } from "./user-forget-devices.ts";
import { addLockCommand } from "./user-lock.ts";
import { addUnlockCommand } from "./user-unlock.ts";

interface ListOptions extends UserOptions {
  readonly locked: boolean;
  readonly filter?: string;
  readonly limit?: number;
}

interface AddOptions extends UserOptions {
  readonly alias: readonly string[];
  readonly state: keyof typeof states;
}

const states = {
  active: UserState.ACTIVE,
  initial: UserState.INITIAL,
  inactive: UserState.INACTIVE,
  locked: UserState.LOCKED,
} as const;

/** Shows, adds, removes, locks, unlocks, imports and exports the users of an organisation. */
export function addUserCommand(program: Command, terminal: Terminal): void {
  const group = addCommand(
    program,
    "user",
    "show, add, remove, lock, unlock, import and export users",
  );
  addShowCommand(group, terminal);
  addListCommand(group, terminal);
  addAddCommand(group, terminal);
  addDeleteCommand(group, terminal);
  addLockCommand(group, terminal);
  addUnlockCommand(group, terminal);
  addForgetDevicesCommand(group, terminal);
  addImportCommand(group, terminal);
  addExportCommand(group, terminal);
  addEraseCommand(group, terminal);
}

function addShowCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addWho(
      addCommand(
        group,
        "show",
        "show users, or login names that no user has: the lock and the counters",
      ).alias("get"),
    )
      .addOption(userOrgOption())
      .addOption(outputOption()),
  ).action(
    async (
      texts: readonly string[],
      options: UserOptions & WhoOptions,
      command: Command,
    ) => {
      requireWho(texts, options);
      const shown = await withOrg(command, options.org, async (clients) => {
        const all = [];
        for (const who of await findWho(clients, texts, options)) {
          all.push(await readShown(clients, who));
        }
        return all;
      });
      const [first] = shown;
      terminal.out(
        options.output === "json"
          ? toJsonText(
              shown.length === 1 && first !== undefined
                ? shownJson(first)
                : shown.map(shownJson),
            )
          : shown.map(shownText).join("\n"),
      );
    },
  );
}

function addListCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(group, "list", "list the users of an organisation")
      .option(
        "--locked",
        "only the locked ones, by the time of the lock",
        false,
      )
      .option("--filter <text>", "only those with this in the id or an alias")
      .addOption(
        new Option("--limit <number>", "so many at most").argParser((text) =>
          parseCount(text, 1),
        ),
      )
      .addOption(userOrgOption())
      .addOption(outputOption()),
  ).action(async (options: ListOptions, command: Command) => {
    await withOrg(command, options.org, async (clients) => {
      await (options.locked && options.filter === undefined
        ? listLocked(clients, options, terminal)
        : listAll(clients, options, terminal));
    });
  });
}

async function listAll(
  { users, on }: OrgClients,
  { output, filter = "", locked, limit }: ListOptions,
  terminal: Terminal,
): Promise<void> {
  const state = locked ? UserState.LOCKED : UserState.UNSPECIFIED;
  const all = await someItems(limit, terminal, async (pageToken) => {
    const page = await users.listUsers(
      { pageSize: pageSizeOf(limit), pageToken, filter, state },
      on,
    );
    return { items: page.users, next: page.nextPageToken };
  });
  terminal.out(
    output === "json"
      ? toJsonText(all.map((user) => toJson(UserSchema, user)))
      : toTable(
          ["ID", "STATE", "ALIASES"],
          all.map((user) => [
            user.userId,
            stateName(user.state),
            user.aliases.join(", "),
          ]),
        ),
  );
}

async function listLocked(
  { attempts, on }: OrgClients,
  { output, limit }: ListOptions,
  terminal: Terminal,
): Promise<void> {
  let unknownNames = 0;
  const all = await someItems(limit, terminal, async (pageToken) => {
    const page = await attempts.listLockedUsers(
      { pageSize: pageSizeOf(limit), pageToken },
      on,
    );
    ({ unknownNames } = page);
    return { items: page.users, next: page.nextPageToken };
  });
  terminal.out(
    output === "json"
      ? toJsonText(all.map((lockout) => toJson(LockoutSchema, lockout)))
      : lockTable(all),
  );
  if (unknownNames > 0) {
    terminal.err(
      `${unknownNames} login names that no user has are locked too: lockoutd user show --login-name NAME\n`,
    );
  }
}

/** The items of a list, up to a limit, with a hint where there are more. */
async function someItems<Item>(
  limit: number | undefined,
  terminal: Terminal,
  read: (pageToken: string) => Promise<ListPage<Item>>,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const item of everyItem(read)) {
    if (all.length === limit) {
      terminal.err(`there are more: raise --limit ${limit}\n`);
      break;
    }
    all.push(item);
  }
  return all;
}

/** One more than the limit says that there are more. */
function pageSizeOf(limit: number | undefined): number {
  return Math.min(limit === undefined ? 1000 : limit + 1, 1000);
}

function addAddCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(group, "add", "register a user")
      .argument("<id>", "the user's id")
      .addOption(
        new Option(
          "--alias <name...>",
          "names that the user logs in with; repeatable",
        ).default([], "none"),
      )
      .addOption(
        new Option("--state <state>", "the user's state")
          .choices(Object.keys(states))
          .default("active"),
      )
      .addOption(userOrgOption())
      .addOption(outputOption()),
  ).action(async (userId: string, options: AddOptions, command: Command) => {
    const { alias, state, output, org } = options;
    const shown = await withOrg(command, org, async (clients) => {
      if ((await findUser(clients, userId)) !== undefined) {
        throw new OperationError(
          `the user ${userId} is registered already: "lockoutd user show" shows who it is`,
        );
      }
      await clients.users.putUser(
        { userId, aliases: [...alias], state: states[state] },
        clients.on,
      );
      return readShown(clients, { kind: "user", userId });
    });
    terminal.out(
      output === "json" ? toJsonText(shownJson(shown)) : shownText(shown),
    );
  });
}

function addDeleteCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addWho(
      addCommand(
        group,
        "delete",
        "remove users with their names and counters; the events stay",
      ),
    ).addOption(userOrgOption()),
  ).action(
    async (
      texts: readonly string[],
      options: Pick<UserOptions, "org"> & WhoOptions,
      command: Command,
    ) => {
      requireWho(texts, options);
      await withOrg(command, options.org, async (clients) => {
        const all = await findWho(clients, texts, options);
        for (const who of all) {
          if (who.kind === "name") {
            throw new UsageError(
              `no user has the ${nameOf(who)}: there is nobody to delete`,
            );
          }
        }
        for (const who of all) {
          if (who.kind === "user") {
            await clients.users.deleteUser({ userId: who.userId }, clients.on);
            terminal.err(`Deleted the ${nameOf(who)}.\n`);
          }
        }
      });
    },
  );
}
