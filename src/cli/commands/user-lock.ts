import { Code, ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions } from "../transport/connection.ts";
import { OperationError } from "../terminal/failure.ts";
import { reportDone } from "../users/lock-report.ts";
import type { LockOptions } from "../users/lock-report.ts";
import { withOrg } from "../calls/org-clients.ts";
import type { OrgClients } from "../calls/org-clients.ts";
import { userOrgOption } from "../calls/orgs.ts";
import { outputOption } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { exitCodeOption } from "../terminal/unchanged.ts";
import { addWho, findWho, nameOf, requireWho } from "../users/who.ts";
import type { Who } from "../users/who.ts";

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
        await reportDone(
          clients,
          { all, unchanged, left: [], verb: "locked", locked: undefined },
          options,
          terminal,
        );
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
