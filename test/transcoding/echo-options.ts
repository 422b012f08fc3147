import type { TranscodingBehaviour } from "../../src/transcoding/index.ts";
import type { HttpLimits } from "../../src/http/limits.ts";

/** All that `--option` can set. */
export interface EchoOptions {
  behaviour: Mutable<TranscodingBehaviour>;
  limits: Mutable<Partial<HttpLimits>>;
  handler: { compressMinBytes?: number; maxTimeoutMs?: number };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface NamedOption {
  readonly values: string;
  /** The value without the option. */
  readonly standard: string;
  readonly help: string;
  /** Gives false for a value that it does not take. */
  readonly set: (options: EchoOptions, value: string) => boolean;
}

/** A text that `--option` does not take. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

function flag(
  help: string,
  set: (options: EchoOptions, on: boolean) => void,
  standard = false,
): NamedOption {
  return {
    values: "true|false",
    standard: String(standard),
    help,
    set(options, value) {
      if (value !== "true" && value !== "false") {
        return false;
      }
      set(options, value === "true");
      return true;
    },
  };
}

/** The first of the values is the standard. */
function choice<Value extends string>(
  values: readonly [Value, ...Value[]],
  help: string,
  set: (options: EchoOptions, value: Value) => void,
): NamedOption {
  return {
    values: values.join("|"),
    standard: values[0],
    help,
    set(options, text) {
      const value = values.find((candidate) => candidate === text);
      if (value === undefined) {
        return false;
      }
      set(options, value);
      return true;
    },
  };
}

function count(
  standard: string,
  help: string,
  set: (options: EchoOptions, value: number) => void,
): NamedOption {
  return {
    values: "NUMBER",
    standard,
    help,
    set(options, text) {
      if (!/^[0-9]{1,10}$/.test(text)) {
        return false;
      }
      set(options, Number(text));
      return true;
    },
  };
}

const namedOptions: Readonly<Record<string, NamedOption>> = {
  "ignore-unknown-fields": flag(
    "skip unknown names of fields in a JSON body instead of 400",
    (options, on) => {
      options.behaviour.ignoreUnknownFields = on;
    },
  ),
  "ignore-unknown-query-parameters": flag(
    "skip unknown query parameters instead of 400",
    (options, on) => {
      options.behaviour.ignoreUnknownQueryParameters = on;
    },
  ),
  "ignore-trailing-slash": flag(
    "ignore a trailing slash: take /a/ for /a",
    (options, on) => {
      options.behaviour.ignoreTrailingSlash = on;
    },
  ),
  "any-content-type": flag(
    "take a body of any Content-Type for JSON instead of 415",
    (options, on) => {
      options.behaviour.anyContentType = on;
    },
  ),
  "multi-segment-decoding": choice(
    ["keep-slash", "keep-reserved", "all"],
    "how variables that span segments are decoded: all but %2F, all but reserved characters, all",
    (options, value) => {
      options.behaviour.multiSegmentDecoding = value;
    },
  ),
  "patch-masks": flag(
    "fill the FieldMask that a PATCH did not send, from its body",
    (options, on) => {
      options.behaviour.patchMasks = on;
    },
    true,
  ),
  "error-shape": choice(
    ["status", "aip-193"],
    "errors as google.rpc.Status, or as AIP-193 has them",
    (options, value) => {
      options.behaviour.errorShape = value;
    },
  ),
  "proto-names": flag(
    "write names as in the proto file instead of lowerCamelCase",
    (options, on) => {
      options.behaviour.output = {
        ...options.behaviour.output,
        protoNames: on,
      };
    },
  ),
  defaults: flag(
    "write fields that have their default value, too",
    (options, on) => {
      options.behaviour.output = { ...options.behaviour.output, defaults: on };
    },
  ),
  "enum-numbers": flag(
    "write enums as numbers instead of names",
    (options, on) => {
      options.behaviour.output = {
        ...options.behaviour.output,
        enumNumbers: on,
      };
    },
  ),
  "max-target-bytes": count(
    "8192",
    "longest request target in bytes; above it 414",
    (options, value) => {
      options.behaviour.maxTargetBytes = value;
    },
  ),
  "max-message-bytes": count(
    "4194304",
    "largest message in bytes; above it 413",
    (options, value) => {
      options.limits.maxRequestSize = value;
    },
  ),
  "compress-min-bytes": count(
    "0",
    "smallest answer that is compressed, in bytes",
    (options, value) => {
      options.handler.compressMinBytes = value;
    },
  ),
  "max-timeout-ms": count(
    "2147483647",
    "longest timeout that a client may ask for; above it 400",
    (options, value) => {
      options.handler.maxTimeoutMs = value;
    },
  ),
};

/** Reads `NAME=VALUE` texts. @throws OptionError */
export function parseEchoOptions(texts: readonly string[]): EchoOptions {
  const options: EchoOptions = {
    behaviour: {},
    limits: {},
    handler: {},
  };
  for (const text of texts) {
    const equals = text.indexOf("=");
    const name = kebabCase(equals < 0 ? text : text.slice(0, equals));
    const value = equals < 0 ? "true" : text.slice(equals + 1);
    const option = Object.hasOwn(namedOptions, name)
      ? namedOptions[name]
      : undefined;
    if (option === undefined) {
      throw new OptionError(`unknown option ${name}; --help lists them`);
    }
    if (!option.set(options, value)) {
      throw new OptionError(`option ${name} takes ${option.values}`);
    }
  }
  return options;
}

/** Names may be written as the transcoder's options are, too. */
function kebabCase(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, "$1-$2")
    .replaceAll("_", "-")
    .toLowerCase();
}

/** One line for each option. */
export function describeEchoOptions(): string {
  return Object.entries(namedOptions)
    .map(
      ([name, option]) =>
        `  ${`${name}=${option.values}`.padEnd(52)} ${option.help} (default ${option.standard})`,
    )
    .join("\n");
}
