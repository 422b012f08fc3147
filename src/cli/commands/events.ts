import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Option } from "commander";
import type { Command } from "commander";
import type { Event } from "../../../gen/zitadel/event_pb.js";
import { eventTypes } from "../../lockout/events/event.ts";
import type { AggregateType } from "../../lockout/events/event.ts";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { eventJson } from "../terminal/event-json.ts";
import { followEvents } from "../calls/events-follow.ts";
import { addPruneCommand } from "./events-prune.ts";
import { OperationError, UsageError } from "../terminal/failure.ts";
import type { Clients } from "../transport/clients.ts";
import { findOrg, orgOption } from "../calls/orgs.ts";
import { outputOption, toJsonText, toTable } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import { nextStopSignal } from "../terminal/stop-signal.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { justBefore } from "../terminal/times.ts";
import { parseEventCount, parseId, parsePast } from "../options/values.ts";
import { printable, printableJson } from "../../telemetry/printable.ts";

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
  readonly follow: boolean;
  readonly output: OutputFormat;
}

const aggregateTypes = ["instance", "org", "user"] satisfies AggregateType[];

/** Adds `lockoutd events`. */
export function addEventsCommand(program: Command, terminal: Terminal): void {
  const events = addCommand(
    program,
    "events",
    "list what happened, newest first",
  );
  addPruneCommand(events, terminal);
  addConnectionOptions(
    events
      .addOption(
        new Option("-n, --limit <number>", "how many events at most, 1 to 1000")
          .default(100)
          .argParser(parseEventCount),
      )
      .option("--asc", "oldest first", false)
      .addOption(
        new Option("--type <type...>", "only events of these types; repeatable")
          .choices(eventTypes)
          .default([], "all"),
      )
      .addOption(
        new Option(
          "--aggregate-type <type...>",
          "only events about these; repeatable",
        )
          .choices(aggregateTypes)
          .default([], "all"),
      )
      .option(
        "--aggregate <id>",
        "only events about the user, organisation or instance with this id",
      )
      .addOption(
        orgOption(
          "only events of this organisation (or of the instance, by its id)",
        ),
      )
      .addOption(
        new Option(
          "--editor <id>",
          "only changes made by this token, by its id, or by SYSTEM",
        ).argParser(parseId),
      )
      .addOption(
        new Option(
          "--since <when>",
          "only from this time on: 24h (back from now), 2030-01-31 (UTC), or 2030-01-31T00:00:00Z",
        ).argParser(parsePast),
      )
      .addOption(
        new Option("--until <when>", "only before this time").argParser(
          parsePast,
        ),
      )
      .option(
        "-f, --follow",
        "print events as they come, oldest first, until it is stopped; with --since those from then on before",
        false,
      )
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
Examples:
  lockoutd events --since 24h --type user.locked
  lockoutd events --asc --limit 1000 --output json | jq -r '.[].type'
  lockoutd events --follow --since 2h --output json

With --follow, --output json prints a line of JSON for each event.`,
      ),
  ).action(async (options: EventsOptions, command: Command) => {
    const { since, until } = options;
    if (since !== undefined && until !== undefined && since > until) {
      throw new UsageError("--since is later than --until: exchange them");
    }
    const wanted = {
      eventTypes: [...options.type],
      aggregateTypes: [...options.aggregateType],
      aggregateId: options.aggregate ?? "",
      editorUserId: options.editor ?? "",
    };
    const ofOrg = async (clients: Clients) => ({
      ...wanted,
      resourceOwner: (await findOrg(clients, options.org)) ?? "",
    });
    if (options.follow) {
      for (const name of ["until", "limit", "asc"] as const) {
        if (command.getOptionValueSource(name) === "cli") {
          throw new UsageError(
            `--follow goes on without an end, oldest first: leave out --${name}`,
          );
        }
      }
      const stopped = new AbortController();
      void nextStopSignal().then(() => {
        stopped.abort();
      });
      // Without a reader nothing is left to be done: who restarts what follows the events is to see it.
      process.stdout.once("error", () => {
        stopped.abort(new OperationError("nobody reads the output any more"));
      });
      await withClients(command, async (clients) =>
        followEvents(
          ...([clients, await ofOrg(clients), since] as const),
          (found) => {
            terminal.out(eventLines(found, options.output));
          },
          stopped.signal,
        ),
      );
      const { reason } = stopped.signal as { readonly reason: unknown };
      if (reason instanceof OperationError) {
        throw reason;
      }
      return;
    }
    const { events } = await withClients(command, async (clients) =>
      clients.admin.listEvents({
        ...(await ofOrg(clients)),
        asc: options.asc,
        limit: options.limit,
        creationDateFilter: {
          case: "range",
          value: {
            // Bounds leave out the event that they name, and this one is the first that is wanted.
            ...(since !== undefined && { since: justBefore(since) }),
            ...(until !== undefined && { until: timestampFromMs(until) }),
          },
        },
      }),
    );
    terminal.out(
      options.output === "json"
        ? toJsonText(events.map(eventJson))
        : eventTable(events),
    );
  });
}

function eventTable(events: readonly Event[]): string {
  return toTable(
    ["TIME", "TYPE", "ABOUT", "SEQUENCE", "OWNER", "EDITOR", "PAYLOAD"],
    events.map(eventCells),
  );
}

function eventCells(message: Event): string[] {
  const event = eventJson(message);
  return [
    event.creationDate,
    event.type,
    `${event.aggregate.type} ${event.aggregate.id}`,
    String(event.sequence),
    event.resourceOwner,
    event.editorName === ""
      ? event.editor
      : `${event.editor} (${event.editorName})`,
    event.payload === null ? "" : JSON.stringify(event.payload),
  ];
}

/** A line for each event: of those that are still to come no table can be as wide. */
function eventLines(events: readonly Event[], output: OutputFormat): string {
  return events
    .map((event) =>
      output === "json"
        ? `${printableJson(JSON.stringify(eventJson(event)))}\n`
        : `${eventCells(event).map(printable).join("  ").trimEnd()}\n`,
    )
    .join("");
}
