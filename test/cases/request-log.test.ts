import { afterAll, beforeAll, expect, it } from "vitest";
import { createLogger } from "../../src/telemetry/log.ts";
import { callHttp2 } from "../http/http2-call.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

// What a line of the log says of a call, beside its HTTP: who called, on which organisation, and how an attempt was decided.

let server: TestServer;
let loud: TestServer;
const lines: string[] = [];
const loudLines: string[] = [];

beforeAll(async () => {
  const logTo = (target: string[]) => ({
    log: createLogger({
      level: "info",
      format: "json",
      write: (line) => target.push(line),
    }),
  });
  server = await startTestServer({}, logTo(lines));
  loud = await startTestServer({ logProbes: true }, logTo(loudLines));
});

afterAll(async () => {
  await server.close();
  await loud.close();
});

type Line = Readonly<Record<string, unknown>>;

/** The lines of the requests that were sent meanwhile. */
async function logged(
  count: number,
  act: () => Promise<void>,
): Promise<readonly Line[]> {
  const before = lines.length;
  await act();
  await expect.poll(() => lines.length - before).toBe(count);
  return lines.slice(before).map((line) => JSON.parse(line) as Line);
}

async function post(path: string, body: object, token = server.adminToken) {
  const response = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Record<string, string>;
}

it("a call names its caller and its organisation, also one that is refused", async () => {
  const [created] = await logged(1, async () => {
    await post("/lockout/v1/organizations", { name: "other" });
  });
  const [caller, name] = [created?.["callerId"], created?.["callerName"]];
  expect(caller).toMatch(/^\d{18}$/);
  expect(name).toBe("administrator");
  expect(created).toMatchObject({ orgId: server.firstOrgId });

  const { secret = "" } = await post("/lockout/v1/tokens", {
    name: 'a "login" page',
    roles: ["IAM_LOGIN_CLIENT"],
  });
  const refused = await logged(2, async () => {
    await post("/lockout/v1/organizations", { name: "no" }, secret);
    await post("/lockout/v1/organizations", { name: "no" }, "unknown");
  });
  expect(refused).toMatchObject([
    { status: 403, callerName: 'a "login" page', orgId: server.firstOrgId },
    { status: 401 },
  ]);
  expect(refused[1]).not.toHaveProperty("callerId");
});

it("an attempt names its user, or the hash of a login name, and how it was decided", async () => {
  const attempt = { factor: "FACTOR_PASSWORD" };
  const name = "Alice@Example.com";
  const told = await logged(5, async () => {
    const begun = await post("/lockout/v1/attempts", {
      ...attempt,
      userId: 'u"1',
    });
    await post(`/lockout/v1/attempts/${begun["attemptId"] ?? ""}:complete`, {
      outcome: "OUTCOME_FAILED",
    });
    for (const loginName of [name, name.toLowerCase(), "bob@example.com"]) {
      await post("/lockout/v1/attempts:report", {
        ...attempt,
        loginName,
        outcome: "OUTCOME_FAILED",
      });
    }
  });
  const [begun, completed, ...reported] = told;
  expect(begun).toMatchObject({ userId: 'u"1', decision: "proceed" });
  expect(completed).toMatchObject({
    attemptId: begun?.["attemptId"],
    accepted: false,
  });
  const hashes = reported.map((line) => line["nameHash"]);
  expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/);
  expect(hashes[1]).toBe(hashes[0]);
  expect(hashes[2]).not.toBe(hashes[0]);
  expect(lines.join("").toLowerCase()).not.toContain("example.com");
});

it("probes have no line as long as they are well, unless it is asked for", async () => {
  const probe = async ({ url }: TestServer) => {
    for (const path of [
      "/debug/healthz",
      "/debug/ready",
      "/admin/v1/healthz",
    ]) {
      expect((await fetch(`${url}${path}`)).status).toBe(200);
    }
    for (const path of [
      "/grpc.health.v1.Health/Check",
      "/zitadel.management.v1.ManagementService/Healthz",
    ]) {
      const { trailer } = await callHttp2(
        url,
        {
          ":method": "POST",
          ":path": path,
          "content-type": "application/grpc",
        },
        Buffer.alloc(5),
      );
      expect(trailer["grpc-status"]).toBe("0");
    }
  };
  const told = await logged(1, async () => {
    await probe(server);
    // One that is not well.
    expect(
      (await fetch(`${server.url}/debug/ready`, { method: "POST" })).status,
    ).toBe(405);
  });
  expect(told).toMatchObject([{ status: 405 }]);

  const before = loudLines.length;
  await probe(loud);
  await expect.poll(() => loudLines.length - before).toBe(5);
});
