import { toJson } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Option } from "commander";
import type { Command } from "commander";
import {
  LockoutSchema,
  LockReason,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions } from "../transport/connection.ts";
import { UsageError } from "../terminal/failure.ts";
import { reportDone } from "../users/lock-report.ts";
import type { LockOptions } from "../users/lock-report.ts";
import { withOrg } from "../calls/org-clients.ts";
import type { OrgClients } from "../calls/org-clients.ts";
import { userOrgOption } from "../calls/orgs.ts";
import { outputOption, toJsonText } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { exitCodeOption, tellUnchanged } from "../terminal/unchanged.ts";
import { everyPage, unlockAll, unlockOld } from "../users/unlocking.ts";
import type { UnlockNotes, UnlockRequest } from "../users/unlocking.ts";
import { lockTable } from "../users/user-text.ts";
import { parseNetwork, parsePast } from "../options/values.ts";
import { addWho, findWho, requireWho } from "../users/who.ts";

interface UnlockOptions extends LockOptions, UnlockNotes {
  readonly lockedSince?: number;
  readonly reason?: keyof typeof reasons;
  readonly address?: string;
  readonly prefix?: string;
  readonly ifLockedAt?: number;
}

const reasons = {
  "password-attempts": LockReason.PASSWORD_ATTEMPTS,
  "otp-attempts": LockReason.OTP_ATTEMPTS,
  administrator: LockReason.ADMINISTRATOR,
} as const;

/** So many of those whom a filter finds are shown before they are unlocked. */
const previewed = 10;

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
      .addOption(
        new Option(
          "--address <address>",
          "all whom a failure from this address or network locked, such as 203.0.113.0/24",
        ).argParser(parseNetwork),
      )
      .option("--prefix <text>", "all whose id or an alias begins with this")
      .addOption(
        new Option(
          "--if-locked-at <time>",
          "the time of the lock that is meant, as user show prints it: who was locked anew after it is left locked",
        ).argParser(parsePast),
      )
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
again. Where a lock is newer than --if-locked-at, the command ends with 1.

Examples:
  lockoutd user unlock alice@example.com --note "called" --ticket HD-1204
  lockoutd user unlock alice --if-locked-at 2030-01-31T08:15:27.104Z
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
      if (filter !== undefined && options.ifLockedAt !== undefined) {
        throw new UsageError(
          "--if-locked-at is for those who are named: it spares their newer locks",
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
  const all = await findWho(clients, texts, options);
  const { ifLockedAt } = options;
  const { locked, left } = await (ifLockedAt === undefined
    ? unlockAll(clients, all, options)
    : unlockOld(clients, all, options, ifLockedAt));
  const unchanged = all.filter((who) => !locked.has(who) && !left.has(who));
  await reportDone(
    clients,
    {
      ...{ all, unchanged, left: [...left] },
      verb: options.dryRun ? "to be unlocked" : "unlocked",
      locked: [...locked.values()],
    },
    options,
    terminal,
  );
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
        preview.totalSize === 1
          ? `1 user fits: ${ids.join("")}\n`
          : `${preview.totalSize} users fit: ${ids.join(", ")}${more}\n`,
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
    `${locked.length} ${locked.length === 1 ? "user" : "users"} ${dryRun ? "would be unlocked" : "unlocked"}\n`,
  );
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
