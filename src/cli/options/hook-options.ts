import { InvalidArgumentError, Option } from "commander";
import { defaultConfig } from "../../config.ts";
import type { HooksConfig } from "../../config.ts";
import { masterKeyFileOption } from "./master-key.ts";
import { parseBoolean, parseWait } from "./values.ts";

const group = "Hooks:";

/** More tries than anybody needs. */
const maxTries = 100;

/** What receivers may be: of a server, and of commands that send from the database. */
function receiverOptions(): readonly Option[] {
  return [
    new Option(
      "--hooks-allow-http [true|false]",
      "allow hooks whose URL begins with http://",
    )
      .env("LOCKOUTD_HOOKS_ALLOW_HTTP")
      .preset("true")
      .default(defaultConfig.hooks.allowHttp)
      .argParser(parseBoolean)
      .helpGroup(group),
    new Option(
      "--hooks-allow-private [true|false]",
      "allow hooks on this machine and in private networks",
    )
      .env("LOCKOUTD_HOOKS_ALLOW_PRIVATE")
      .preset("true")
      .default(defaultConfig.hooks.allowPrivate)
      .argParser(parseBoolean)
      .helpGroup(group),
  ];
}

/** The flags of commands that sign, or make a secret, on the database. */
export function signingOptions(): readonly Option[] {
  return [masterKeyFileOption(), ...receiverOptions()];
}

/** The flags of a server that are about hooks. */
export function hookOptions(): readonly Option[] {
  return [
    ...receiverOptions(),
    new Option(
      "--hooks-retry-schedule <spans>",
      "how long each try to send an event waits after the one before, separated by commas; behind the last one the event is given up",
    )
      .env("LOCKOUTD_HOOKS_RETRY_SCHEDULE")
      .default(
        defaultConfig.hooks.retrySchedule,
        "0s,5s,5m,30m,2h,5h,10h,14h,20h,24h",
      )
      .argParser(parseSchedule)
      .helpGroup(group),
  ];
}

/** The options as a command line was read into them. */
export interface HookOptionValues {
  readonly hooksAllowHttp: boolean;
  readonly hooksAllowPrivate: boolean;
  readonly hooksRetrySchedule: readonly number[];
}

/** What a server is told of hooks. */
export function readHooks(options: HookOptionValues): HooksConfig {
  return {
    allowHttp: options.hooksAllowHttp,
    allowPrivate: options.hooksAllowPrivate,
    retrySchedule: options.hooksRetrySchedule,
  };
}

function parseSchedule(text: string): readonly number[] {
  const spans = text.split(",").map((span) => parseWait(span.trim()));
  if (spans.length > maxTries) {
    throw new InvalidArgumentError(`Write at most ${maxTries} time spans.`);
  }
  return spans;
}
