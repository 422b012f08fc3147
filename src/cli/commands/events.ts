import { Option } from "commander";
import type { Command } from "commander";
import { eventTypes } from "../../lockout/event.ts";
import type { AggregateType } from "../../lockout/event.ts";
import { addCommand } from "../add-command.ts";
import type { EventView } from "../backend.ts";
import { addConnectionOptions, withBackend } from "../connection.ts";
import { UsageError } from "../failure.ts";
import { outputOption, toJsonText, toTable, toTime } from "../output.ts";
import type { OutputFormat } from "../output.ts";
import type { Terminal } from "../terminal.ts";
import { parseEventCount, parseId, parsePast } from "../values.ts";

interface EventsOptions {
  readonly asc: boolean;
  readonly limit: number;
  readonly type: readonly string[];
  readonly aggregateType: readonly string[];
  readonly aggregate?: string;
  readonly org?: string;
  readonly editor?: string;
  readonly since?: number;
  readonly until?: number;
  readonly output: OutputFormat;
}

const aggregateTypes = ["instance", "org", "user"] satisfies AggregateType[];

export function addEventsCommand(program: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(program, "events", "list what happened, newest first")
      .addOption(
        new Option("-n, --limit <number>", "at most so many, 1 to 1000")
          .default(100)
          .argParser(parseEventCount),
      )
      .option("--asc", "oldest first", false)
      .addOption(
        new Option("--type <type...>", "only of these types; repeatable")
          .choices(eventTypes)
          .default([], "all"),
      )
      .addOption(
        new Option("--aggregate-type <type...>", "only about these; repeatable")
          .choices(aggregateTypes)
          .default([], "all"),
      )
      .option(
        "--aggregate <id>",
        "only about the user, organisation or instance with this id",
      )
      .addOption(
        new Option(
          "--org <id>",
          "only what belongs to this organisation (or to the instance, by its id)",
        ).argParser(parseId),
      )
      .addOption(
        new Option(
          "--editor <id>",
          "only what this token did, or SYSTEM",
        ).argParser(parseId),
      )
      .addOption(
        new Option(
          "--since <when>",
          "only from this time on: 24h (back from now), or 2030-01-31T00:00:00Z",
        ).argParser(parsePast),
      )
      .addOption(
        new Option("--until <when>", "only before this time").argParser(
          parsePast,
        ),
      )
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
Examples:
  lockoutd events --since 24h --type user.locked
  lockoutd events --asc --limit 1000 --output json | jq -r '.[].type'`,
      ),
  ).action(async (options: EventsOptions, command: Command) => {
    const { since, until } = options;
    if (since !== undefined && until !== undefined && since > until) {
      throw new UsageError("--since is later than --until: exchange them");
    }
    const events = await withBackend(command, (backend) =>
      backend.listEvents({
        ascending: options.asc,
        limit: options.limit,
        types: options.type,
        aggregateTypes: options.aggregateType,
        aggregateId: options.aggregate,
        resourceOwner: options.org,
        editor: options.editor,
        since,
        until,
      }),
    );
    terminal.out(
      options.output === "json"
        ? toJsonText(events.map(eventJson))
        : eventTable(events),
    );
  });
}

function eventJson(event: EventView) {
  return {
    creationDate: toTime(event.creationDate),
    type: event.type,
    aggregate: { type: event.aggregateType, id: event.aggregateId },
    sequence: event.sequence,
    resourceOwner: event.resourceOwner,
    editor: event.editor,
    payload: event.payload ?? null,
  };
}

function eventTable(events: readonly EventView[]): string {
  return toTable(
    ["TIME", "TYPE", "ABOUT", "SEQUENCE", "OWNER", "EDITOR", "PAYLOAD"],
    events.map((event) => [
      toTime(event.creationDate),
      event.type,
      `${event.aggregateType} ${event.aggregateId}`,
      String(event.sequence),
      event.resourceOwner,
      event.editor,
      event.payload === undefined ? "" : JSON.stringify(event.payload),
    ]),
  );
}
