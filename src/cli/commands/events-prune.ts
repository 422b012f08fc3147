import { Option } from "commander";
import type { Command } from "commander";
import { addCommand } from "../options/add-command.ts";
import { databaseOption } from "../transport/connection.ts";
import { outputOption, toJsonText } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import { createProgress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { parseRetention } from "../options/values.ts";

interface PruneOptions {
  readonly database: string;
  readonly olderThan: number;
  readonly output: OutputFormat;
}

/** Adds `lockoutd events prune`, which works on the database alone, also while it is served. */
export function addPruneCommand(events: Command, terminal: Terminal): void {
  addCommand(events, "prune", "remove old events of attempts")
    .addOption(
      new Option(
        "--older-than <span>",
        "remove those that are older, such as 90d",
      )
        .makeOptionMandatory()
        .argParser(parseRetention),
    )
    .addOption(databaseOption())
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Only failed and successful checks of passwords and codes are removed, with the
addresses and devices that they name. Events of locks, unlocks, users, policies,
tokens and organisations stay. The last event of a user stays too, without its
payload, until another one comes. "lockoutd serve --retention 90d" does the same
all the time.

Example:
  lockoutd events prune --older-than 90d`,
    )
    .action(async (_: unknown, command: Command) => {
      // The options that `events` has too are its own where they stand before "prune".
      const { database, olderThan, output } =
        command.optsWithGlobals<PruneOptions>();
      const { openStore } = await import("../../store/open.ts");
      const { pruneOld } = await import("../../store/pruning.ts");
      const store = await openStore(database, { exclusive: false });
      const progress = createProgress("events", undefined);
      let pruned = 0;
      try {
        await pruneOld(store, olderThan, (count) => {
          pruned = count;
          progress.show(count, count);
        });
      } finally {
        progress.clear();
        await store.close();
      }
      terminal.out(
        output === "json"
          ? toJsonText({ events: pruned })
          : `${pruned} events of attempts were removed\n`,
      );
    });
}
