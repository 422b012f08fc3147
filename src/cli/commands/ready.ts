import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Option } from "commander";
import type { Command } from "commander";
import { defaultConfig } from "../../config.ts";
import { addCommand } from "../add-command.ts";
import { serverOption } from "../connection.ts";
import { OperationError } from "../failure.ts";
import type { Terminal } from "../terminal.ts";
import { parseListen, parseTimeout } from "../values.ts";

interface ReadyOptions {
  readonly server?: string;
  readonly timeout: number;
  readonly listen: ReturnType<typeof parseListen>;
  readonly tlsCert?: string;
}

/** Adds `lockoutd ready`. */
export function addReadyCommand(program: Command, terminal: Terminal): void {
  addCommand(
    program,
    "ready",
    "ask a server whether it can do its work, for health checks of containers",
  )
    .addOption(serverOption())
    .addOption(
      new Option("--timeout <span>", "how long to wait")
        .default(5000, "5s")
        .argParser(parseTimeout),
    )
    // Those of serve: inside its container they say where it listens.
    .addOption(
      new Option("--listen <host:port>")
        .env("LOCKOUTD_LISTEN")
        .default(defaultConfig.listen)
        .argParser(parseListen)
        .hideHelp(),
    )
    .addOption(
      new Option("--tls-cert <file>").env("LOCKOUTD_TLS_CERT").hideHelp(),
    )
    .addHelpText(
      "after",
      `
Without --server it asks the server of this machine or container: where
LOCKOUTD_LISTEN says, else on port ${defaultConfig.listen.port}. It needs no token, and does not verify
certificates, since it sends no secret.

Example, for a Dockerfile:
  HEALTHCHECK CMD ["lockoutd", "ready"]`,
    )
    .action(async (options: ReadyOptions) => {
      const server = options.server ?? localServer(options);
      const status = await askReady(server, options.timeout);
      if (status !== 200) {
        throw new OperationError(`${server} is not ready (status ${status})`);
      }
      terminal.out("ready\n");
    });
}

/** Where the server of this machine is to be found, as its own settings say. */
function localServer({ listen, tlsCert }: ReadyOptions): string {
  const { host, port } = listen;
  const isAny = ["0.0.0.0", "::"].includes(host);
  const name = isAny ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `${tlsCert === undefined ? "http" : "https"}://${name}:${port}`;
}

/** The status of the page for probes. @throws OperationError where no response comes in time */
async function askReady(server: string, timeoutMs: number): Promise<number> {
  const url = new URL("/debug/ready", server);
  const signal = AbortSignal.timeout(timeoutMs);
  const options = { signal, agent: false, headers: { connection: "close" } };
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === "https:"
        ? requestHttps(url, { ...options, rejectUnauthorized: false })
        : requestHttp(url, options);
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on("error", (error) => {
      const reason = signal.aborted
        ? `no response within ${timeoutMs} ms`
        : error.message || "the connection was refused";
      reject(
        new OperationError(`${server} is not ready: ${reason}`, {
          cause: error,
        }),
      );
    });
    request.end();
  });
}
