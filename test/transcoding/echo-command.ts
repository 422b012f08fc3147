import { parseArgs } from "node:util";
import { RuleError } from "../../src/transcoding/index.ts";
import { loadDescriptorSet } from "./descriptor-set.ts";
import {
  describeEchoOptions,
  OptionError,
  parseEchoOptions,
} from "./echo-options.ts";
import { createEchoServer } from "./echo.ts";

const usage = `usage: transcode-echo --descriptor-set FILE --listen HOST:PORT [--option NAME=VALUE ...]

Options of the transcoder:
${describeEchoOptions()}
`;

const exitUsage = 2;
const exitBadRule = 3;

async function serve(): Promise<void> {
  const { values } = parseArgs({
    options: {
      "descriptor-set": { type: "string" },
      listen: { type: "string" },
      option: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const colon = values.listen?.lastIndexOf(":") ?? -1;
  if (
    values["descriptor-set"] === undefined ||
    values.listen === undefined ||
    colon < 0
  ) {
    throw new OptionError("--descriptor-set and --listen HOST:PORT are needed");
  }
  const options = parseEchoOptions(values.option);
  const server = createEchoServer(
    loadDescriptorSet(values["descriptor-set"]),
    options,
    console.error,
  );
  const host = values.listen.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  await server.listen({ host, port: Number(values.listen.slice(colon + 1)) });
  const stop = (): void => {
    void server.close();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.stdout.write("ready\n");
}

/** Runs the command line; what is wrong with it or with the rules goes to standard error, and into the exit code. */
export async function run(): Promise<void> {
  try {
    await serve();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${message.replaceAll("\n", " ")}\n`);
    process.exitCode = error instanceof RuleError ? exitBadRule : exitUsage;
  }
}
