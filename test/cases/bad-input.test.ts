import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

// Section 5 of the contract: what a client gets that sends something wrong, as JSON over HTTP. Each is followed by a
// request that must work. What is wrong below JSON (hosts, headers, frames) is tried in test/http.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

afterEach(async () => {
  const next = await request("GET", "/admin/v1/policies/lockout");
  expect(next.status).toBe(200);
});

const updatePath = "/admin/v1/policies/password/lockout";

function request(
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${server.adminToken}`, ...headers },
    ...(body !== undefined && { body }),
  });
}

describe("a body that is wrong: 400 with code 3, and what is wrong", () => {
  it.each<[string, string | Uint8Array<ArrayBuffer>, RegExp]>([
    ["cut JSON", '{"maxPasswordAttempts":', /JSON/i],
    ["no JSON", "maxPasswordAttempts=5", /JSON/i],
    ["JSON that is no object", "[5]", /object/i],
    [
      "a text for a number",
      '{"maxPasswordAttempts":"x"}',
      /maxPasswordAttempts/,
    ],
    ["a fraction", '{"maxPasswordAttempts":1.5}', /maxPasswordAttempts/],
    ["a bool", '{"maxOtpAttempts":true}', /maxOtpAttempts/],
    ["a negative number", '{"maxPasswordAttempts":-1}', /maxPasswordAttempts/],
    [
      "a number above 4294967295",
      '{"maxPasswordAttempts":4294967296}',
      /maxPasswordAttempts/,
    ],
    ["an unknown field", '{"maxPasswordAttempt":5}', /maxPasswordAttempt\b/],
    [
      "a field twice",
      '{"maxOtpAttempts":1,"maxOtpAttempts":2}',
      /maxOtpAttempts/,
    ],
    [
      "a field twice, by both spellings",
      '{"maxOtpAttempts":1,"max_otp_attempts":2}',
      /max_?otp_?attempts/i,
    ],
    ["invalid UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), /UTF-8/],
  ])("%s", async (_name, body, says) => {
    const response = await request("PUT", updatePath, body);
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toMatchObject({
      code: 3,
      message: expect.stringMatching(says),
    });
  });
});

describe("JSON that Connect's own parser would take for something else: 400 by POST and by GET", () => {
  const path = "/lockout.v1.AttemptService/ListLockedUsers";
  it.each([
    ["a time that does not exist", '{"since":"2026-02-30T00:00:00Z"}'],
    ["a hexadecimal number", '{"pageSize":"0x1"}'],
    ["a number with a plus", '{"pageSize":"+1"}'],
  ])("%s", async (_name, body) => {
    const posted = await request("POST", path, body, {
      "content-type": "application/json",
    });
    const query = `encoding=json&message=${encodeURIComponent(body)}`;
    const got = await request("GET", `${path}?${query}`);
    for (const response of [posted, got]) {
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: "invalid_argument" });
    }
  });
});

describe("what a client says of itself refuses nothing, and is recorded as far as it can be used", () => {
  const long = "x".repeat(100_000);
  it.each([
    [
      "an address with a port",
      { address: "203.0.113.7:51008" },
      { address: "203.0.113.7" },
    ],
    [
      "IPv6 with a port",
      { address: "[2001:db8::1]:443" },
      { address: "2001:db8::1" },
    ],
    ["no address", { address: "192.0.2" }, {}],
    ["unknown", { address: "unknown" }, {}],
    [
      "a list",
      { address: "unknown, 192.0.2.7, 192.0.2.8" },
      { address: "192.0.2.7" },
    ],
    ["blanks", { address: " ::ffff:192.0.2.7\t" }, { address: "192.0.2.7" }],
    ["a zone of any length", { address: `fe80::1%${long}` }, {}],
    [
      "a list that is cut within an address",
      { address: `${"unknown,".repeat(124)}1::2:3:45` },
      {},
    ],
    [
      "a long user agent",
      { userAgent: long },
      { userAgent: long.slice(0, 1000) },
    ],
    ["a long device", { device: long }, { device: long.slice(0, 1000) }],
  ])("%s", async (name, client, recorded) => {
    const report = await request(
      "POST",
      "/lockout/v1/attempts:report",
      JSON.stringify({
        userId: name,
        factor: "FACTOR_PASSWORD",
        outcome: "OUTCOME_FAILED",
        client,
      }),
    );
    expect(report.status).toBe(200);
    const events = await request(
      "POST",
      "/admin/v1/events/_search",
      JSON.stringify({
        aggregateId: name,
        eventTypes: ["user.human.password.check.failed"],
      }),
    );
    expect(events.status).toBe(200);
    const {
      events: [event],
    } = (await events.json()) as { events: { payload: unknown }[] };
    expect(event?.payload ?? {}).toEqual(recorded);
  });
});

describe("a body that is right, however it is spelled", () => {
  it.each([
    ["camelCase", '{"maxPasswordAttempts":11,"maxOtpAttempts":1}', {}],
    ["snake_case", '{"max_password_attempts":12,"max_otp_attempts":1}', {}],
    ["numbers as texts", '{"maxPasswordAttempts":"13"}', {}],
    ["4294967295", '{"maxPasswordAttempts":4294967295}', {}],
    ["an empty body is the empty message", "", {}],
    [
      "any content type",
      '{"maxPasswordAttempts":15}',
      { "content-type": "application/x-www-form-urlencoded" },
    ],
    [
      "a charset",
      '{"maxPasswordAttempts":16}',
      { "content-type": "Application/JSON; charset=UTF-8" },
    ],
  ])("%s", async (_name, body, headers) => {
    const response = await request("PUT", updatePath, body, headers);
    expect(await response.json()).toHaveProperty("details.sequence");
    expect(response.status).toBe(200);
  });
});

describe("a path or a method that is wrong", () => {
  it.each([
    ["an unknown path", "GET", "/admin/v1/nothing"],
    ["a trailing slash", "GET", "/admin/v1/policies/lockout/"],
    ["a doubled slash", "GET", "/admin//v1/policies/lockout"],
    ["another case", "GET", "/admin/v1/Policies/lockout"],
  ])("%s: 404", async (_name, method, path) => {
    const response = await request(method, path);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ code: 5, message: "Not Found" });
  });

  it("a wrong method: 405 with Allow", async () => {
    const response = await request("PUT", "/admin/v1/policies/lockout", "{}");
    expect(response.status).toBe(405);
    expect(await response.json()).toEqual({
      code: 12,
      message: "Method Not Allowed",
    });
    expect(response.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
  });

  // Of the calls without side effects Connect's GET has the unary ones.
  it.each([
    ["WatchEvents", 405, "POST"],
    ["ListLockedUsers", 200, null],
  ])("Connect's GET of %s: %i", async (name, status, allow) => {
    const response = await request(
      "GET",
      `/lockout.v1.AttemptService/${name}?encoding=json&message=%7B%7D`,
    );
    expect(response.status).toBe(status);
    expect(response.headers.get("allow")).toBe(allow);
  });
});

it.each([
  [true, 0],
  [false, 1],
])(
  "the largest sequence, asc %s: as one that was never",
  async (asc, count) => {
    const response = await request(
      "POST",
      "/admin/v1/events/_search",
      JSON.stringify({ sequence: "18446744073709551615", asc, limit: 1 }),
    );
    expect(response.status).toBe(200);
    const { events = [] } = (await response.json()) as { events?: unknown[] };
    expect(events).toHaveLength(count);
  },
);

it("a body over 256 KiB: 413", async () => {
  const body = `{"maxPasswordAttempts":5}${" ".repeat(256 * 1024)}`;
  const response = await request("PUT", updatePath, body);
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ code: 8 });
});

it("who may not call hears that before what is wrong with the body", async () => {
  const response = await request("PUT", updatePath, "{", {
    authorization: "Bearer nobody",
  });
  expect(response.status).toBe(401);
  expect(response.headers.get("www-authenticate")).toBe("Bearer");
});

it("with --ignore-unknown-fields unknown fields and query parameters are skipped, as at ZITADEL", async () => {
  const lenient = await startTestServer({ ignoreUnknownFields: true });
  try {
    for (const path of [
      updatePath,
      "/zitadel.admin.v1.AdminService/UpdateLockoutPolicy",
    ]) {
      const method = path === updatePath ? "PUT" : "POST";
      const response = await fetch(`${lenient.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${lenient.adminToken}`,
          "content-type": "application/json",
        },
        body: `{"maxPasswordAttempts":${String(path.length)},"nothing":1}`,
      });
      expect(response.status).toBe(200);
    }
    const read = await fetch(
      `${lenient.url}/v2/settings/lockout?ctx.instance=true&nothing=1`,
      { headers: { authorization: `Bearer ${lenient.adminToken}` } },
    );
    expect(read.status).toBe(200);
    // A filter that is misspelt is not none.
    for (const path of [
      "/lockout/v1/users:unlock",
      "/lockout.v1.AttemptService/UnlockUsers",
    ]) {
      const misspelt = await fetch(`${lenient.url}${path}`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${lenient.adminToken}`,
          "content-type": "application/json",
        },
        body: `{"namePrefix":"a","reason":"LOCK_REASON_PASSWORDS"}`,
      });
      expect(misspelt.status).toBe(400);
      expect(await misspelt.text()).toContain("LOCK_REASON_PASSWORDS");
    }
  } finally {
    await lenient.close();
  }
});
