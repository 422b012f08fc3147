import type { Command } from "commander";
import { printableJson } from "../../telemetry/printable.ts";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { writeJsonUser } from "../users/imported-user.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { findOrg, userOrgOption } from "../calls/orgs.ts";

const pageSize = 1000;

/** Writes users as `user import` reads them. */
export function addExportCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(
      group,
      "export",
      'write the users of an organisation as lines that "user import" reads',
    )
      .addOption(userOrgOption())
      .addHelpText(
        "after",
        `
Counters and the reasons of locks are not written: "lockoutd copy" moves an
installation with all that it holds.

Example:
  lockoutd user export > users.ndjson`,
      ),
  ).action(async ({ org }: { readonly org?: string }, command: Command) => {
    await withClients(command, async (clients) => {
      const { users } = clients;
      const on = clients.on(await findOrg(clients, org));
      let pageToken = "";
      do {
        const page = await users.listUsers({ pageSize, pageToken }, on);
        terminal.out(
          page.users
            .map(({ userId, resourceOwner, aliases, state }) =>
              writeJsonUser({
                id: userId,
                organisation: resourceOwner,
                aliases,
                state,
              }),
            )
            .map((line) => `${printableJson(line)}\n`)
            .join(""),
        );
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
    });
  });
}
