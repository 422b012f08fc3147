import type { Command } from "commander";
import { addCommand } from "../options/add-command.ts";
import { databaseOption } from "../transport/connection.ts";
import { OperationError } from "../terminal/failure.ts";
import { collect } from "../calls/pages.ts";
import { outputOption, toJsonText } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printable } from "../../telemetry/printable.ts";
import { everyItem } from "../../store/pages.ts";
import { chooseOrg, userOrgOption } from "../calls/orgs.ts";

interface EraseOptions {
  readonly database: string;
  readonly org?: string;
  readonly output: OutputFormat;
}

/** Adds `lockoutd user erase`, which works on the database alone, also while it is served. */
export function addEraseCommand(group: Command, terminal: Terminal): void {
  addCommand(
    group,
    "erase",
    "forget a person: remove a user, and names, addresses and devices from the events",
  )
    .argument("<id>", "the user's id")
    .addOption(userOrgOption())
    .addOption(databaseOption())
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Removes the user, and takes addresses, user agents, devices and login names out
of the user's events, for good. The events stay with the id, their types and
dates. What backups, logs and other systems have of them is left as it is.

Example:
  lockoutd user erase 397114861402619904`,
    )
    .action(async (userId: string, { database, org, output }: EraseOptions) => {
      const { openStore } = await import("../../store/open.ts");
      const { eraseUser } = await import("../../store/erasure.ts");
      const store = await openStore(database, { exclusive: false });
      try {
        const named = await chooseOrg(org, () =>
          collect(everyItem((page) => store.listOrgs(page))),
        );
        const orgId = named ?? (await store.findInstance())?.firstOrgId ?? "";
        const erased = await eraseUser(store, { orgId, userId });
        if (erased === undefined) {
          throw new OperationError(
            `organisation ${orgId} has no user ${printable(userId)}, and no events of one: name another with --org`,
          );
        }
        terminal.out(
          output === "json"
            ? toJsonText(erased)
            : `${erased.removed ? "the user was removed" : "there was no such user any more"}; ${erased.events} events told of the person\n`,
        );
      } finally {
        await store.close();
      }
    });
}
