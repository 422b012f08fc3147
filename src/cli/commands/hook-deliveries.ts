import { Option } from "commander";
import type { Command } from "commander";
import type { Delivery } from "../../../gen/lockout/v1/hook_service_pb.js";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions } from "../transport/connection.ts";
import { OperationError } from "../terminal/failure.ts";
import {
  addHookOwnerOptions,
  deliveryJson,
  outcomeText,
  withHooks,
} from "../calls/hook-calls.ts";
import type { HookOwnerOptions } from "../calls/hook-calls.ts";
import { signingOptions } from "../options/hook-options.ts";
import { outputOption, toJsonText, toTable } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { parseCount, parseId } from "../options/values.ts";

interface DeliveryOptions extends HookOwnerOptions {
  readonly output: OutputFormat;
}

interface ListOptions extends DeliveryOptions {
  readonly limit: number;
}

/** As many as are kept. */
const maxListed = 1000;

/** Adds the commands that are about what was sent, and send something. */
export function addDeliveryCommands(group: Command, terminal: Terminal): void {
  addTestCommand(group, terminal);
  addListCommand(group, terminal);
  addRedeliverCommand(group, terminal);
}

function addOne(group: Command, name: string, description: string): Command {
  return addHookOwnerOptions(
    addConnectionOptions(addCommand(group, name, description)),
  ).argument("<id>", "the id of the hook", parseId);
}

function withReceivers(command: Command): Command {
  for (const option of signingOptions()) {
    command.addOption(option);
  }
  return command.addOption(outputOption()).addHelpText(
    "after",
    `
Ends with 1 where the receiver does not accept it. On the database this machine
sends, and the flags about hooks say to whom it may.`,
  );
}

function addTestCommand(group: Command, terminal: Terminal): void {
  withReceivers(
    addOne(group, "test", "send an event of the type hook.test now"),
  ).action(
    async (hookId: string, options: DeliveryOptions, command: Command) => {
      const delivery = await withHooks(command, options, (calls) =>
        calls.test({ hookId }, calls.on),
      );
      showDelivery(delivery, options.output, terminal);
    },
  );
}

function addRedeliverCommand(group: Command, terminal: Terminal): void {
  withReceivers(
    addOne(group, "redeliver", "send an event again, now").argument(
      "<delivery>",
      'the id of one of its deliveries, as "lockoutd hook deliveries" shows it',
      parseId,
    ),
  ).action(
    async (
      hookId: string,
      deliveryId: string,
      options: DeliveryOptions,
      command: Command,
    ) => {
      const delivery = await withHooks(command, options, (calls) =>
        calls.redeliver({ hookId, deliveryId }, calls.on),
      );
      showDelivery(delivery, options.output, terminal);
    },
  );
}

/** @throws OperationError where it was not accepted */
function showDelivery(
  delivery: Delivery,
  output: OutputFormat,
  terminal: Terminal,
): void {
  const shown = deliveryJson(delivery);
  terminal.out(
    output === "json" ? toJsonText(shown) : `${outcomeText(shown)}\n`,
  );
  if (shown.outcome !== "delivered") {
    throw new OperationError(
      `the receiver has not accepted the event: ${outcomeText(shown)}`,
    );
  }
}

function addListCommand(group: Command, terminal: Terminal): void {
  addOne(
    group,
    "deliveries",
    "list the tries of the last 7 days, 1,000 at most, newest first",
  )
    .addOption(
      new Option("-n, --limit <number>", "how many")
        .default(100)
        .argParser((text) => parseCount(text, 1, maxListed)),
    )
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
NEXT is how long after a try the event is tried again, about. The time, the id
of the event (webhook-id) and what was responded are in --output json.`,
    )
    .action(async (hookId: string, options: ListOptions, command: Command) => {
      const { limit, output } = options;
      const found = await withHooks(command, options, async (calls) => {
        const all: Delivery[] = [];
        let pageToken = "";
        do {
          const page = await calls.listDeliveries(
            { hookId, pageSize: limit - all.length, pageToken },
            calls.on,
          );
          all.push(...page.deliveries);
          pageToken = page.nextPageToken;
        } while (pageToken !== "" && all.length < limit);
        return all;
      });
      const shown = found.map(deliveryJson);
      terminal.out(
        output === "json"
          ? toJsonText(shown)
          : toTable(
              ["ID", "TIME", "TRY", "NEXT", "OUTCOME"],
              shown.map((delivery) => [
                ...[delivery.id, delivery.date, String(delivery.attempt)],
                ...[waitText(delivery), outcomeText(delivery)],
              ]),
            ),
      );
    });
}

/** How long after a try the next one begins, about; nothing where there is none. */
function waitText({
  date,
  nextAttemptDate,
}: ReturnType<typeof deliveryJson>): string {
  if (nextAttemptDate === null) {
    return "";
  }
  const seconds = (Date.parse(nextAttemptDate) - Date.parse(date)) / 1000;
  const [size, unit] =
    seconds < 60 ? [1, "s"] : seconds < 3600 ? [60, "min"] : [3600, "h"];
  return `after ${Math.round(seconds / size)} ${unit}`;
}
