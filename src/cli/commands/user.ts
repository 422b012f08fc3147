import { toJson } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Command } from "commander";
import {
  Factor,
  LockoutSchema,
  LockReason,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import {
  UserSchema,
  UserState,
} from "../../../gen/lockout/v1/user_service_pb.js";
import type { User } from "../../../gen/lockout/v1/user_service_pb.js";
import { printable } from "../../telemetry/printable.ts";
import { addCommand } from "../add-command.ts";
import { addConnectionOptions, withClients } from "../connection.ts";
import { outputOption, toJsonText, toTable, toTime } from "../output.ts";
import type { OutputFormat } from "../output.ts";
import type { Terminal } from "../terminal.ts";
import type { Clients } from "../clients.ts";
import { userOrgOption } from "../user-org-option.ts";
import { addEraseCommand } from "./user-erase.ts";
import { addExportCommand } from "./user-export.ts";
import { addImportCommand } from "./user-import.ts";

interface UserOptions {
  readonly org?: string;
  readonly output: OutputFormat;
}

interface ListOptions extends UserOptions {
  readonly locked: boolean;
}

/** Shows, locks, unlocks and imports the users of an organisation. */
export function addUserCommand(program: Command, terminal: Terminal): void {
  const group = addCommand(program, "user", "show, lock and unlock users");
  addShowCommand(group, terminal);
  addListCommand(group, terminal);
  addLockCommands(group, terminal);
  addImportCommand(group, terminal);
  addExportCommand(group, terminal);
  addEraseCommand(group, terminal);
}

function addShowCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(group, "show", "show a user, the lock and the counters")
      .alias("get")
      .argument("<id>", "the user's id")
      .addOption(userOrgOption())
      .addOption(outputOption()),
  ).action(async (userId: string, options: UserOptions, command: Command) => {
    await withClients(command, async (clients) => {
      await show(clients, userId, options, terminal);
    });
  });
}

async function show(
  { users, attempts, on }: Clients,
  userId: string,
  { org, output }: UserOptions,
  terminal: Terminal,
): Promise<void> {
  const user = await users.getUser({ userId }, on(org));
  const lockout = await attempts.getLockout({ userId }, on(org));
  terminal.out(
    output === "json"
      ? toJsonText({
          user: toJson(UserSchema, user),
          lockout: toJson(LockoutSchema, lockout),
        })
      : userText(user, lockout),
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
      .addOption(userOrgOption())
      .addOption(outputOption()),
  ).action(async (options: ListOptions, command: Command) => {
    await withClients(command, async (clients) => {
      await (options.locked
        ? listLocked(clients, options, terminal)
        : listAll(clients, options, terminal));
    });
  });
}

async function listAll(
  { users, on }: Clients,
  { org, output }: UserOptions,
  terminal: Terminal,
): Promise<void> {
  const all = await pages(async (pageToken) => {
    const page = await users.listUsers({ pageSize: 1000, pageToken }, on(org));
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
  { attempts, on }: Clients,
  { org, output }: UserOptions,
  terminal: Terminal,
): Promise<void> {
  const all = await pages(async (pageToken) => {
    const page = await attempts.listLockedUsers(
      { pageSize: 1000, pageToken },
      on(org),
    );
    return { items: page.users, next: page.nextPageToken };
  });
  terminal.out(
    output === "json"
      ? toJsonText(all.map((lockout) => toJson(LockoutSchema, lockout)))
      : toTable(
          ["ID", "LOCKED", "REASON", "BY"],
          all.map((lockout) => [
            lockout.userId,
            lockTime(lockout),
            reasonName(lockout.reason),
            lockout.lockedBy,
          ]),
        ),
  );
}

async function pages<Item>(
  read: (pageToken: string) => Promise<{ items: Item[]; next: string }>,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  let pageToken = "";
  do {
    const { items, next } = await read(pageToken);
    all.push(...items);
    pageToken = next;
  } while (pageToken !== "");
  return all;
}

function addLockCommands(group: Command, terminal: Terminal): void {
  const names = {
    lock: "lock a user: every attempt is refused from now on",
    unlock: "unlock a user, and clear the counters",
  } as const;
  for (const name of ["lock", "unlock"] as const) {
    addConnectionOptions(
      addCommand(group, name, names[name])
        .argument("<id>", "the user's id")
        .addOption(userOrgOption())
        .addOption(outputOption()),
    ).action(async (userId: string, options: UserOptions, command: Command) => {
      await withClients(command, async (clients) => {
        const { management, on } = clients;
        await (name === "lock"
          ? management.lockUser({ id: userId }, on(options.org))
          : management.unlockUser({ id: userId }, on(options.org)));
        await show(clients, userId, options, terminal);
      });
    });
  }
}

function userText(user: User, lockout: Lockout): string {
  const lines = [
    `User:     ${printable(user.userId)}, of the organisation ${user.resourceOwner}`,
    `State:    ${stateName(user.state)}`,
    ...(user.aliases.length === 0
      ? []
      : [`Aliases:  ${user.aliases.map(printable).join(", ")}`]),
    ...(lockout.locked
      ? [
          `Locked:   ${lockTime(lockout)}, ${reasonName(lockout.reason)}, by ${lockout.lockedBy}`,
        ]
      : []),
  ];
  const counters = toTable(
    ["FACTOR", "FAILED", "OPEN", "LIMIT", "LAST FAILURE"],
    lockout.factors.map((state) => [
      Factor[state.factor].toLowerCase(),
      String(state.failedAttempts),
      String(state.openAttempts),
      state.limit === 0 ? "never locks" : String(state.limit),
      state.lastFailureTime === undefined
        ? ""
        : toTime(timestampMs(state.lastFailureTime)),
    ]),
  );
  return `${lines.join("\n")}\n\n${counters}`;
}

function lockTime({ lockTime }: Lockout): string {
  return lockTime === undefined ? "" : toTime(timestampMs(lockTime));
}

function stateName(state: UserState): string {
  return UserState[state].toLowerCase();
}

function reasonName(reason: LockReason): string {
  return LockReason[reason].toLowerCase().replaceAll("_", " ");
}
