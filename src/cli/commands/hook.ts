import { Option } from "commander";
import type { Command } from "commander";
import { HookState } from "../../../gen/lockout/v1/hook_service_pb.js";
import type { Hook } from "../../../gen/lockout/v1/hook_service_pb.js";
import { hookPresets } from "../../lockout/hook.ts";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions } from "../transport/connection.ts";
import { incompleteResponse, UsageError } from "../terminal/failure.ts";
import {
  addHookOwnerOptions,
  hookJson,
  withHooks,
} from "../calls/hook-calls.ts";
import type { HookOwnerOptions } from "../calls/hook-calls.ts";
import { signingOptions } from "../options/hook-options.ts";
import { masterKeyFileOption } from "../options/master-key.ts";
import { outputOption, toJsonText, toTable } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import { allItems } from "../calls/pages.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { requiredTime } from "../terminal/times.ts";
import { parseId } from "../options/values.ts";
import { addDeliveryCommands } from "./hook-deliveries.ts";

interface HookOptions extends HookOwnerOptions {
  readonly output: OutputFormat;
}

interface EventOptions extends HookOptions {
  readonly event: readonly string[];
  readonly preset: readonly string[];
}

interface UpdateOptions extends EventOptions {
  readonly url?: string;
  readonly enable: boolean;
  readonly disable: boolean;
}

/** Adds `lockoutd hook` and its commands. */
export function addHookCommand(program: Command, terminal: Terminal): void {
  const group = addCommand(
    program,
    "hook",
    "send events to web servers: docs/hooks.md",
  );
  addCreateCommand(group, terminal);
  addListCommand(group, terminal);
  addShowCommand(group, terminal);
  addUpdateCommand(group, terminal);
  addDeleteCommand(group, terminal);
  addRotateCommand(group, terminal);
  addDeliveryCommands(group, terminal);
}

/** Adds a command that works on one hook. */
function addOne(group: Command, name: string, description: string): Command {
  return addHookOwnerOptions(
    addConnectionOptions(addCommand(group, name, description)),
  ).argument("<id>", 'its id, as "lockoutd hook list" shows it', parseId);
}

function eventOptions(): readonly Option[] {
  return [
    new Option(
      "--event <type...>",
      "a type of events, as docs/reference/events.md lists them; repeatable",
    ).default([], "none"),
    new Option("--preset <name...>", "a set of events; repeatable")
      .choices(hookPresets)
      .default([], "none"),
  ];
}

/** Adds what a hook is created and changed with. */
function addSettings(command: Command): Command {
  for (const option of [...eventOptions(), ...signingOptions()]) {
    command.addOption(option);
  }
  return command.addOption(outputOption());
}

function addCreateCommand(group: Command, terminal: Terminal): void {
  addSettings(
    addHookOwnerOptions(
      addConnectionOptions(
        addCommand(
          group,
          "create",
          "send what happens from now on to a URL; prints the secret that signs it, once",
        ),
      ),
    ).argument("<url>", "where events are posted: https://…"),
  )
    .addHelpText(
      "after",
      `
Without --event and --preset all events are sent. On the database, the flags
about hooks say what a URL may be; on a server, its own do.

Examples:
  SECRET=$(lockoutd hook create https://example.com/locks --preset lock)
  lockoutd hook create https://example.com/audit --instance --preset security`,
    )
    .action(async (url: string, options: EventOptions, self: Command) => {
      const { hook, secret } = await withHooks(self, options, (calls) =>
        calls.create(
          {
            url,
            eventTypes: [...options.event],
            presets: [...options.preset],
          },
          calls.on,
        ),
      );
      const { hookId } = showSecret(hook, secret, options.output, terminal);
      if (options.output !== "json") {
        terminal.err(
          `This is the only time that the secret of hook ${hookId} is shown. To see whether it works: lockoutd hook test ${hookId}${options.instance ? " --instance" : ""}\n`,
        );
      }
    });
}

/** Shows a secret, alone where people read it. @throws OperationError where the server left the hook out */
function showSecret(
  hook: Hook | undefined,
  secret: string,
  output: OutputFormat,
  terminal: Terminal,
): Hook {
  if (hook === undefined) {
    throw incompleteResponse();
  }
  terminal.out(
    output === "json"
      ? toJsonText({ ...hookJson(hook), secret })
      : `${secret}\n`,
  );
  return hook;
}

function addListCommand(group: Command, terminal: Terminal): void {
  addHookOwnerOptions(
    addConnectionOptions(addCommand(group, "list", "list hooks, oldest first")),
  )
    .addOption(outputOption())
    .action(async (options: HookOptions, command: Command) => {
      const hooks = await withHooks(command, options, (calls) =>
        allItems(async (pageToken) => {
          const page = await calls.list(
            { pageSize: 1000, pageToken },
            calls.on,
          );
          return { items: page.hooks, next: page.nextPageToken };
        }),
      );
      terminal.out(
        options.output === "json"
          ? toJsonText(hooks.map(hookJson))
          : hookTable(hooks),
      );
    });
}

function addShowCommand(group: Command, terminal: Terminal): void {
  addOne(group, "show", "show a hook")
    .addOption(outputOption())
    .action(async (hookId: string, options: HookOptions, command: Command) => {
      const hook = await withHooks(command, options, (calls) =>
        calls.get({ hookId }, calls.on),
      );
      showHook(hook, options.output, terminal);
    });
}

function addUpdateCommand(group: Command, terminal: Terminal): void {
  addSettings(
    addOne(group, "update", "change a hook; what is not named stays")
      .option("--url <url>", "where events are posted")
      .option("--enable", "send to it again, from now on", false)
      .option("--disable", "send nothing to it", false),
  )
    .addHelpText(
      "after",
      `
Types and presets are replaced together where either is named.`,
    )
    .action(async (hookId: string, options: UpdateOptions, self: Command) => {
      const { url = "", event, preset, enable, disable } = options;
      if (enable && disable) {
        throw new UsageError("--enable and --disable exclude each other");
      }
      const state = enable
        ? HookState.ENABLED
        : disable
          ? HookState.DISABLED
          : HookState.UNSPECIFIED;
      const hook = await withHooks(self, options, (calls) =>
        calls.update(
          {
            ...{ hookId, url, state },
            ...{ eventTypes: [...event], presets: [...preset] },
          },
          calls.on,
        ),
      );
      showHook(hook, options.output, terminal);
    });
}

function addDeleteCommand(group: Command, terminal: Terminal): void {
  addOne(
    group,
    "delete",
    "delete a hook with its deliveries: nothing is sent to it any more",
  ).action(
    async (hookId: string, options: HookOwnerOptions, command: Command) => {
      await withHooks(command, options, (calls) =>
        calls.delete({ hookId }, calls.on),
      );
      terminal.err(`Deleted ${hookId}.\n`);
    },
  );
}

function addRotateCommand(group: Command, terminal: Terminal): void {
  addOne(
    group,
    "rotate",
    "give a hook another secret; prints it, once: the one before signs too for 24 hours",
  )
    .addOption(masterKeyFileOption())
    .addOption(outputOption())
    .action(async (hookId: string, options: HookOptions, command: Command) => {
      const { hook, secret } = await withHooks(command, options, (calls) =>
        calls.rotate({ hookId }, calls.on),
      );
      const { oldSecretExpireTime } = showSecret(
        ...([hook, secret, options.output, terminal] as const),
      );
      if (options.output !== "json") {
        terminal.err(
          `This is the only time that the secret is shown. The one before signs too until ${requiredTime(oldSecretExpireTime)}.\n`,
        );
      }
    });
}

function showHook(hook: Hook, output: OutputFormat, terminal: Terminal): void {
  terminal.out(
    output === "json" ? toJsonText(hookJson(hook)) : hookTable([hook]),
  );
}

function hookTable(hooks: readonly Hook[]): string {
  return toTable(
    ["ID", "STATE", "EVENTS", "URL"],
    hooks.map(hookJson).map((hook) => {
      const events = [...hook.presets, ...hook.eventTypes];
      return [
        hook.id,
        hook.disableReason === null
          ? hook.state
          : `${hook.state} (${hook.disableReason})`,
        events.length === 0 ? "all" : events.join(", "),
        hook.url,
      ];
    }),
  );
}
