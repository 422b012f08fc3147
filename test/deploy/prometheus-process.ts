import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { firstExecutable, pathFolders } from "../support/executable.ts";
import { freePort } from "../support/free-port.ts";

/** A sample that a query has found. */
export interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

/** A Prometheus that looks at some nodes each second. */
export interface PrometheusProcess {
  readonly query: (expression: string) => Promise<readonly Found[]>;
  readonly get: (path: string) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** Debian's package `prometheus` has both programs. */
export const programs = ["prometheus", "promtool"] as const;

/** The path of one of {@link programs}, or undefined. */
export function findPrometheus(
  name: (typeof programs)[number],
): string | undefined {
  return firstExecutable(name, [...pathFolders(), "/usr/bin"]);
}

/** The files that an operator takes. */
export const deployed = (path: string): string =>
  fileURLToPath(new URL(`../../deploy/${path}`, import.meta.url));

/** Starts one, with the rules of alerts. */
export async function startPrometheus(
  program: string,
  directory: string,
  targets: readonly string[],
): Promise<PrometheusProcess> {
  const port = await freePort();
  const config = join(directory, "prometheus.yml");
  await writeFile(
    config,
    JSON.stringify({
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: [deployed("prometheus/alerts.yaml")],
      scrape_configs: [{ job_name: "lockoutd", static_configs: [{ targets }] }],
    }),
  );
  const child = spawn(
    program,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = once(child, "exit");
  let log = "";
  const ready = new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes("Server is ready")) {
        resolve();
      }
    });
    child.once("exit", () => {
      reject(new Error(`Prometheus has ended: ${log}`));
    });
  });
  await ready;
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    const body = (await response.json()) as {
      readonly data?: unknown;
      readonly error?: string;
    };
    if (body.error !== undefined) {
      throw new Error(body.error);
    }
    return body.data;
  };
  return {
    get,
    query: async (expression) => {
      const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
      const { result } = (await get(path)) as {
        readonly result: readonly Found[];
      };
      return result;
    },
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
