import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { startServer } from "../../src/server.ts";
import type { RunningServer } from "../../src/server.ts";
import { openTestPostgres } from "../support/postgres.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import {
  deployed,
  findPrometheus,
  startPrometheus,
} from "./prometheus-process.ts";
import type { PrometheusProcess } from "./prometheus-process.ts";

// What operators take from deploy/, used by a real Prometheus (Debian: apt-get install prometheus).

const prometheus = findPrometheus("prometheus");
const promtool = findPrometheus("promtool");
const why =
  prometheus === undefined || promtool === undefined
    ? " (skipped: there is no prometheus and promtool here)"
    : "";
const run = promisify(execFile);
const token = "0123456789-0123456789-0123456789";
const local = { host: "127.0.0.1", port: 0 };

/** A panel of the dashboard, as far as its queries go. */
interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const { panels } = JSON.parse(
  readFileSync(deployed("grafana/lockoutd.json"), "utf8"),
) as { readonly panels: readonly Panel[] };
const queries = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({
    title,
    expr: expr
      .replaceAll("$__rate_interval", "10s")
      .replaceAll("$instance", ".*"),
  })),
);

describe.skipIf(why !== "")(`Prometheus${why}`, () => {
  let nodes: RunningServer[] = [];
  let monitor: PrometheusProcess;
  const cleanUp: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const directory = await makeTempDir();
    cleanUp.push(directory.remove);
    const postgres = await openTestPostgres();
    cleanUp.push(() => postgres.close());
    const { url, drop } = await postgres.createDatabase();
    cleanUp.push(drop);
    const start = () =>
      startServer({
        ...defaultConfig,
        ...{ listen: local, metricsListen: local, database: url },
        adminToken: token,
        defaultPolicy: { maxPasswordAttempts: 1 },
        logLevel: "silent",
      });
    // The first one creates the instance.
    nodes = [await start()];
    nodes.push(...(await Promise.all([start(), start()])));
    cleanUp.push(async () => {
      await Promise.all(nodes.map((node) => node.close()));
    });
    monitor = await startPrometheus(
      prometheus ?? "",
      directory.path,
      nodes.map(({ metricsUrl = "" }) => new URL(metricsUrl).host),
    );
    cleanUp.push(() => monitor.stop());
  });

  afterAll(async () => {
    for (const each of cleanUp.reverse()) {
      await each();
    }
  });

  const post = async (
    node: number,
    path: string,
    body: object,
    method = "POST",
  ) => {
    const response = await fetch(`${nodes[node]?.url ?? ""}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    await response.text();
  };
  /** Prometheus looks once a second. */
  const soon = { interval: 300 };

  it("knows the rules of alerts, which pass their unit tests", async () => {
    const tests = await run(promtool ?? "", [
      ...["test", "rules", deployed("prometheus/alerts.test.yaml")],
    ]);
    expect(tests.stdout).toContain("SUCCESS");
    const { groups } = (await monitor.get("/api/v1/rules")) as {
      readonly groups: readonly { readonly rules: readonly unknown[] }[];
    };
    expect(groups.flatMap(({ rules }) => rules)).toHaveLength(8);
  });

  it("finds nothing wrong with the page", async () => {
    const page = await fetch(`${nodes[0]?.metricsUrl ?? ""}/metrics`);
    const checked = run(promtool ?? "", ["check", "metrics"]);
    checked.child.stdin?.end(await page.text());
    expect(await checked).toEqual({ stdout: "", stderr: "" });
  });

  it("sees three nodes, has a storm fire within a minute, and finds the metric of each query of the dashboard", async () => {
    await expect
      .poll(async () => (await monitor.query("sum(up)"))[0]?.value[1], soon)
      .toBe("3");
    // Seen at 0 by all, as on any day before a storm.
    await expect
      .poll(
        () => monitor.query("count_over_time(lockoutd_storms_total[1m]) > 1"),
        soon,
      )
      .toHaveLength(3);
    await post(
      ...([0, "/lockout/v1/instance/policy/rules"] as const),
      { storms: { maxLocks: 20, window: "600s" } },
      "PUT",
    );
    const users = Array.from({ length: 60 }, (_, number) => number);
    await Promise.all(
      users.map((number) =>
        post(number % 3, "/lockout/v1/attempts:report", {
          userId: `user-${number}`,
          factor: "FACTOR_PASSWORD",
          outcome: "OUTCOME_FAILED",
        }),
      ),
    );
    await expect
      .poll(async () => {
        const path = "/api/v1/alerts";
        const { alerts } = (await monitor.get(path)) as {
          readonly alerts: readonly {
            readonly labels: { readonly alertname: string };
            readonly state: string;
          }[];
        };
        // Of a busy machine others may be pending.
        return alerts
          .filter(({ state }) => state === "firing")
          .map(({ labels }) => labels.alertname);
      }, soon)
      .toEqual(["LockoutdStorm", "LockoutdManyLocks"]);
    await expect
      .poll(async () => {
        const found = await monitor.query(
          'max by (reason) (lockoutd_locked_users{reason="password_attempts"})',
        );
        return found[0]?.value[1];
      }, soon)
      .toBe("60");

    const missing = async () => {
      // Again and again: a rate needs two looks at each series, also at those of errors.
      await Promise.all([
        post(0, "/lockout.v1.AttemptService/GetLockout", {}),
        post(0, "/no/such/path", {}),
        post(0, "/lockout/v1/attempts", {
          userId: "a",
          factor: "FACTOR_TOTP",
        }),
      ]);
      const found = await Promise.all(
        queries.map(async ({ title, expr }) => ({
          title,
          count: (await monitor.query(expr)).length,
        })),
      );
      return found.filter(({ count }) => count === 0);
    };
    expect(queries.length).toBeGreaterThan(25);
    await expect.poll(missing, soon).toEqual([]);
  });
});
