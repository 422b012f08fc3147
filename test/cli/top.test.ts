import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { run } from "./command.ts";

let server: TestServer;
let viewer: string;

const call = async (path: string, body: object) => {
  const response = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.adminToken}` },
    body: JSON.stringify(body),
  });
  return (await response.json()) as { readonly secret: string };
};

beforeAll(async () => {
  for (const name of ["DATABASE", "SERVER", "TOKEN", "METRICS"]) {
    vi.stubEnv(`LOCKOUTD_${name}`, undefined);
  }
  server = await startTestServer({
    metricsListen: { host: "127.0.0.1", port: 0 },
    defaultPolicy: { maxPasswordAttempts: 1 },
  });
  const roles = ["IAM_OWNER_VIEWER"];
  viewer = (await call("/lockout/v1/tokens", { roles })).secret;
  await call("/lockout/v1/attempts:report", {
    ...{ userId: "alice", factor: "FACTOR_PASSWORD" },
    outcome: "OUTCOME_FAILED",
  });
});

afterAll(async () => {
  await server.close();
  vi.unstubAllEnvs();
});

const connection = () => ["--server", server.url, "--token", viewer];

it.each([
  ["of a server", () => []],
  ["that is open", () => ["--metrics", server.metricsUrl ?? ""]],
])(
  "top --once prints what a page %s says, and the last events",
  async (_which, more) => {
    const args = [...connection(), ...more(), "--once", "--output", "json"];
    const { code, stdout } = await run("top", ...args);
    expect(code).toBe(0);
    const summary = JSON.parse(stdout) as {
      readonly events: readonly { readonly type: string }[];
    };
    const number = expect.any(Number) as number;
    expect(summary).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      attemptsPerSecond: {
        ...{ proceed: 0, locked: 0, busy: 0 },
        ...{ throttled: 0, inactive: 0 },
      },
      locksPerSecond: 0,
      lockedUsers: {
        ...{ password_attempts: 1, otp_attempts: 0 },
        ...{ ceiling: 0, administrator: 0 },
      },
      slowestCalls: expect.any(Array) as unknown[],
      batchSize: number,
      events: expect.any(Array) as unknown[],
    });
    expect(Object.keys(summary)).toEqual([
      ...["time", "attemptsPerSecond", "locksPerSecond", "lockedUsers"],
      ...["slowestCalls", "batchSize", "events"],
    ]);
    expect(summary.events.map(({ type }) => type)).toContain("user.locked");
  },
);

it("top --once prints the view for people", async () => {
  const { code, stdout } = await run("top", ...connection(), "--once");
  expect(code).toBe(0);
  expect(stdout).toContain("Attempts/s    proceed 0.0");
  expect(stdout).toMatch(/user\.locked +alice/);
});

it("top says what is missing", async () => {
  const { code, stderr } = await run("top", "--once");
  expect([code, stderr]).toEqual([2, expect.stringContaining("--server")]);
  const live = await run("top", ...connection());
  expect([live.code, live.stderr]).toEqual([
    2,
    expect.stringContaining("--once"),
  ]);
});

it("top says why a page cannot be read, and gives no other page the token", async () => {
  const { secret } = await call("/lockout/v1/tokens", { roles: ["ORG_OWNER"] });
  const few = ["--server", server.url, "--token", secret, "--once"];
  const refused = await run("top", ...few);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("IAM_OWNER_VIEWER");

  const tokens: unknown[] = [];
  const other = createServer((request, response) => {
    tokens.push(request.headers.authorization);
    response.end("something else");
  }).listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const wrong = await run("top", ...connection(), "--metrics", url, "--once");
  other.close();
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain(`${url}/metrics is no page of lockoutd's`);
  expect(tokens).toEqual([undefined]);
  const away = await run("top", ...connection(), "--metrics", url, "--once");
  expect(away.code).toBe(1);
  expect(away.stderr).toContain("cannot be read");
});
