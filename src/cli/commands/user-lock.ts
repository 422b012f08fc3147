import { toJson } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { Option } from "commander";
import type { Command } from "commander";
import {
  LockoutSchema,
  LockReason,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import type {
  Lockout,
  UnlockUsersRequestSchema,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import { addCommand } from "../add-command.ts";
import { addConnectionOptions } from "../connection.ts";
import { OperationError, UsageError } from "../failure.ts";
import { withOrg } from "../org-clients.ts";
import type { OrgClients, UserOptions } from "../org-clients.ts";
import { userOrgOption } from "../orgs.ts";
import { outputOption, toJsonText } from "../output.ts";
import { createProgress } from "../progress.ts";
import type { Terminal } from "../terminal.ts";
import { exitCodeOption, tellUnchanged } from "../unchanged.ts";
import { lockTable, readShown, shownJson, shownText } from "../user-text.ts";
import { parsePast } from "../values.ts";
import { addWho, findWho, nameOf, requireWho } from "../who.ts";
import type { Who, WhoOptions } from "../who.ts";

interface LockOptions extends UserOptions, WhoOptions {
  readonly exitCode: boolean;
}

interface UnlockOptions extends LockOptions {
  readonly lockedSince?: number;
  readonly reason?: keyof typeof reasons;
  readonly address?: string;
  readonly prefix?: string;
  readonly note: string;
  readonly ticket: string;
  readonly dryRun: boolean;
}

type UnlockRequest = MessageInitShape<typeof UnlockUsersRequestSchema>;

const reasons = {
  "password-attempts": LockReason.PASSWORD_ATTEMPTS,
  "otp-attempts": LockReason.OTP_ATTEMPTS,
  administrator: LockReason.ADMINISTRATOR,
} as const;

/** So many ids are in one request. */
const idsAtOnce = 500;

/** So many of those whom a filter finds are shown before they are unlocked. */
const previewed = 10;

/** Locks users. */
export function addLockCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addWho(
      addCommand(
        group,
        "lock",
        "lock users: every attempt is refused from now on",
      ),
    )
      .addOption(exitCodeOption())
      .addOption(userOrgOption())
      .addOption(outputOption()),
  ).action(
    async (
      texts: readonly string[],
      options: LockOptions,
      command: Command,
    ) => {
      requireWho(texts, options);
      await withOrg(command, options.org, async (clients) => {
        const all = await findWho(clients, texts, options);
        const name = all.find(({ kind }) => kind === "name");
        if (name !== undefined) {
          throw new OperationError(
            `no user has the ${nameOf(name)}: only users can be locked`,
          );
        }
        const unchanged: Who[] = [];
        for (const who of all) {
          if (!(await lock(clients, who))) {
            unchanged.push(who);
          }
        }
        await report(clients, { all, unchanged, verb: "locked" }, options, {
          terminal,
          locked: undefined,
        });
      });
    },
  );
}

/** Says whether the user was not locked before. */
async function lock(clients: OrgClients, who: Who): Promise<boolean> {
  const { management, attempts, on } = clients;
  const userId = who.kind === "user" ? who.userId : "";
  try {
    await management.lockUser({ id: userId }, on);
    return true;
  } catch (error) {
    const isState =
      error instanceof ConnectError && error.code === Code.FailedPrecondition;
    if (isState && (await attempts.getLockout({ userId }, on)).locked) {
      return false;
    }
    throw error;
  }
}

/** Unlocks users and login names, or all users who fit. */
export function addUnlockCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addWho(
      addCommand(
        group,
        "unlock",
        "unlock users, or login names that no user has, and clear the counters",
      ),
    )
      .addOption(
        new Option(
          "--locked-since <when>",
          "all who were locked from this time on: 2h (back from now), or 2030-01-31T00:00:00Z",
        ).argParser(parsePast),
      )
      .addOption(
        new Option("--reason <reason>", "all who are locked for this").choices(
          Object.keys(reasons),
        ),
      )
      .option(
        "--address <address>",
        "all whom a failure from this address or network locked, such as 203.0.113.0/24",
      )
      .option("--prefix <text>", "all whose id or an alias begins with this")
      .option("--note <text>", "why; recorded with the events", "")
      .option("--ticket <text>", "where that is written down; recorded too", "")
      .option("--dry-run", "only show who would be unlocked", false)
      .addOption(exitCodeOption())
      .addOption(userOrgOption())
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
What is given of --locked-since, --reason, --address and --prefix is what all
who are unlocked fit. Users whom an administrator locked stay locked, unless
the reason is administrator. What was broken off does the rest when it is run
again.

Examples:
  lockoutd user unlock alice@example.com --note "called" --ticket HD-1204
  lockoutd user unlock --locked-since 2h --address 203.0.113.0/24 --dry-run
  lockoutd user unlock - < ids.txt`,
      ),
  ).action(
    async (
      texts: readonly string[],
      options: UnlockOptions,
      command: Command,
    ) => {
      const filter = readFilter(options);
      const named =
        texts.length + options.userId.length + options.loginName.length;
      if (filter !== undefined && named > 0) {
        throw new UsageError(
          "name whom to unlock, or say it by --locked-since, --reason, --address and --prefix, and not both",
        );
      }
      if (filter === undefined) {
        requireWho(texts, options);
      }
      await withOrg(command, options.org, (clients) =>
        filter === undefined
          ? unlockNamed(clients, texts, options, terminal)
          : unlockFitting(clients, filter, options, terminal),
      );
    },
  );
}

async function unlockNamed(
  clients: OrgClients,
  texts: readonly string[],
  options: UnlockOptions,
  terminal: Terminal,
): Promise<void> {
  const { note, ticket, dryRun } = options;
  const all = await findWho(clients, texts, options);
  const ids = all.flatMap((who) => (who.kind === "user" ? [who.userId] : []));
  const locked: Lockout[] = [];
  const progress = createProgress("users", ids.length);
  for (let start = 0; start < ids.length; start += idsAtOnce) {
    const userIds = ids.slice(start, start + idsAtOnce);
    locked.push(
      ...(await everyPage(clients, { userIds, note, ticket, dryRun })),
    );
    progress.show(start + userIds.length, start + userIds.length);
  }
  progress.clear();
  const changed = new Set(locked.map(({ userId }) => `user ${userId}`));
  for (const who of all) {
    if (who.kind === "name" && (await unlockName(clients, who, options))) {
      changed.add(nameOf(who));
    }
  }
  const unchanged = all.filter((who) => !changed.has(nameOf(who)));
  await report(
    clients,
    { all, unchanged, verb: dryRun ? "to be unlocked" : "unlocked" },
    options,
    { terminal, locked },
  );
}

/** Says whether the name was locked. */
async function unlockName(
  { attempts, on }: OrgClients,
  { loginName }: Extract<Who, { kind: "name" }>,
  { note, ticket, dryRun }: UnlockOptions,
): Promise<boolean> {
  const { locked } = await attempts.getLockout({ loginName }, on);
  if (locked && !dryRun) {
    const subject = { case: "loginName", value: loginName } as const;
    await attempts.unlock({ subject, note, ticket }, on);
  }
  return locked;
}

async function unlockFitting(
  clients: OrgClients,
  filter: UnlockRequest,
  options: UnlockOptions,
  terminal: Terminal,
): Promise<void> {
  const { note, ticket, dryRun, output } = options;
  const request = { ...filter, note, ticket };
  const { attempts, on } = clients;
  if (!dryRun) {
    const preview = await attempts.unlockUsers(
      { ...request, dryRun: true, pageSize: previewed },
      on,
    );
    const ids = preview.users.map(({ userId }) => userId);
    const more = preview.totalSize > ids.length ? ", …" : "";
    if (preview.totalSize > 0) {
      terminal.err(
        `${preview.totalSize} users fit: ${ids.join(", ")}${more}\n`,
      );
    }
  }
  const locked = await everyPage(clients, { ...request, dryRun });
  terminal.out(
    output === "json"
      ? toJsonText(locked.map((lockout) => toJson(LockoutSchema, lockout)))
      : lockTable(locked),
  );
  if (locked.length === 0) {
    tellUnchanged("no locked user fits", options.exitCode, terminal);
    return;
  }
  terminal.err(
    `${locked.length} users ${dryRun ? "would be unlocked" : "unlocked"}\n`,
  );
}

/** Unlocks all pages of a request, and shows how far it is. */
async function everyPage(
  { attempts, on }: OrgClients,
  request: UnlockRequest,
): Promise<readonly Lockout[]> {
  const done: Lockout[] = [];
  let progress: ReturnType<typeof createProgress> | undefined;
  let pageToken = "";
  do {
    const page = await attempts.unlockUsers({ ...request, pageToken }, on);
    done.push(...page.users);
    progress ??= createProgress("users", page.totalSize);
    progress.show(done.length, done.length);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  progress.clear();
  return done;
}

interface Done {
  readonly all: readonly Who[];
  readonly unchanged: readonly Who[];
  /** What the others are now. */
  readonly verb: string;
}

/** Shows one as it is then, and of several who was changed. */
async function report(
  clients: OrgClients,
  { all, unchanged, verb }: Done,
  { output, exitCode }: LockOptions,
  {
    terminal,
    locked,
  }: {
    readonly terminal: Terminal;
    readonly locked: readonly Lockout[] | undefined;
  },
): Promise<void> {
  const [only] = all;
  const changed = all.filter((who) => !unchanged.includes(who));
  if (only !== undefined && all.length === 1) {
    const shown = await readShown(clients, only);
    terminal.out(
      output === "json" ? toJsonText(shownJson(shown)) : shownText(shown),
    );
  } else {
    const json = {
      changed: changed.map(whoJson),
      unchanged: unchanged.map(whoJson),
      ...(locked !== undefined && {
        lockouts: locked.map((lockout) => toJson(LockoutSchema, lockout)),
      }),
    };
    terminal.out(
      output === "json"
        ? toJsonText(json)
        : changed.map((who) => `${nameOf(who)}: ${verb}\n`).join(""),
    );
  }
  if (changed.length === 0) {
    const [first] = unchanged;
    const what =
      first !== undefined && unchanged.length === 1
        ? nameOf(first)
        : "all who are named";
    const state = verb === "locked" ? "locked already" : "not locked";
    tellUnchanged(`${what}: ${state}`, exitCode, terminal);
  } else if (all.length > 1) {
    terminal.err(`${changed.length} ${verb}, ${unchanged.length} unchanged\n`);
  }
}

function whoJson(who: Who) {
  return who.kind === "user"
    ? { userId: who.userId }
    : { loginName: who.loginName };
}

/** Undefined where nothing is said of whom. */
function readFilter({
  lockedSince,
  reason,
  address,
  prefix,
}: UnlockOptions): UnlockRequest | undefined {
  const filter = {
    ...(lockedSince !== undefined && { since: timestampFromMs(lockedSince) }),
    ...(reason !== undefined && { reason: reasons[reason] }),
    ...(address !== undefined && { address }),
    ...(prefix !== undefined && { namePrefix: prefix }),
  };
  return Object.keys(filter).length === 0 ? undefined : filter;
}
