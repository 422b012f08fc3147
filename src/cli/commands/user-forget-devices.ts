import type { Command } from "commander";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions } from "../transport/connection.ts";
import { OperationError } from "../terminal/failure.ts";
import { withOrg } from "../calls/org-clients.ts";
import type { UserOptions } from "../calls/org-clients.ts";
import { userOrgOption } from "../calls/orgs.ts";
import { outputOption, toJsonText } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { addWho, findWho, idOf, nameOf, requireWho } from "../users/who.ts";
import type { WhoOptions } from "../users/who.ts";

/** Forgets the devices that users have logged in with. */
export function addForgetDevicesCommand(
  group: Command,
  terminal: Terminal,
): void {
  addConnectionOptions(
    addWho(
      addCommand(
        group,
        "forget-devices",
        "forget all devices that users have logged in with: none is known any more",
      ),
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
      await withOrg(command, options.org, async (clients) => {
        const all = await findWho(clients, texts, options);
        const { attempts, on } = clients;
        for (const who of all) {
          if (who.kind === "name") {
            throw new OperationError(
              `no user has the ${nameOf(who)}: only users have known devices`,
            );
          }
        }
        for (const who of all) {
          const userId = who.kind === "user" ? who.userId : "";
          await attempts.forgetDevices({ userId }, on);
        }
        terminal.out(
          options.output === "json"
            ? toJsonText({ changed: all.map(idOf) })
            : all.map((who) => `${nameOf(who)}: devices forgotten\n`).join(""),
        );
      });
    },
  );
}
