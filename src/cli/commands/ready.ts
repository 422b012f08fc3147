import { request as requestHttp } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { request as requestHttps } from "node:https";
import { Option } from "commander";
import type { Command } from "commander";
import { defaultConfig } from "../../config.ts";
import { addCommand } from "../options/add-command.ts";
import { serverOption } from "../transport/connection.ts";
import { oneLine, OperationError } from "../terminal/failure.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { parseListen, parseTimeout } from "../options/values.ts";

const readyPath = "/debug/ready";

/** So much is shown of a response that is not lockoutd's. */
const shownCharacters = 60;

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
      const response = await askReady(server, options.timeout);
      if (isLockoutd(response, 200, "ok")) {
        terminal.out("ready\n");
        return;
      }
      throw new OperationError(
        isLockoutd(response, 412, "not ready")
          ? `${server} is not ready: it cannot write to its database, or is about to stop; its log says why`
          : `${server} is not ready: it responds to ${readyPath} with ${describeResponse(response)}, as lockoutd never does: check the address`,
      );
    });
}

/** Where the server of this machine is to be found, as its own settings say. */
function localServer({ listen, tlsCert }: ReadyOptions): string {
  const { host, port } = listen;
  const isAny = ["0.0.0.0", "::"].includes(host);
  const name = isAny ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `${tlsCert === undefined ? "http" : "https"}://${name}:${port}`;
}

interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The beginning of its body. */
  readonly text: string;
}

/** Whether it is what lockoutd sends; any other server may respond with 200 to any path. */
function isLockoutd(
  { status, headers, text }: Response,
  wantedStatus: number,
  wantedText: string,
): boolean {
  return (
    status === wantedStatus &&
    text === wantedText &&
    headers["content-type"]?.startsWith("text/plain") === true &&
    headers["x-request-id"] !== undefined
  );
}

function describeResponse({ status, headers, text }: Response): string {
  const type = headers["content-type"] ?? "no type";
  const start = text === "" ? "nothing in it" : `"${oneLine(text)}"`;
  return `status ${status}, ${type}, and ${start}`;
}

/** The response of the page for probes. @throws OperationError where none comes in time */
async function askReady(server: string, timeoutMs: number): Promise<Response> {
  const url = new URL(readyPath, server);
  const signal = AbortSignal.timeout(timeoutMs);
  const options = { signal, agent: false, headers: { connection: "close" } };
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      const reason = signal.aborted
        ? `no response within ${timeoutMs} ms`
        : error.message || "the connection was refused";
      reject(
        new OperationError(`${server} is not ready: ${reason}`, {
          cause: error,
        }),
      );
    };
    const request =
      url.protocol === "https:"
        ? requestHttps(url, { ...options, rejectUnauthorized: false })
        : requestHttp(url, options);
    request.on("response", (response) => {
      const { statusCode: status = 0, headers } = response;
      let text = "";
      const end = () => {
        resolve({ status, headers, text: text.slice(0, shownCharacters) });
        request.destroy();
      };
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > shownCharacters) {
          end();
        }
      });
      response.on("end", end);
      response.on("error", fail);
    });
    request.on("error", fail);
    request.end();
  });
}
