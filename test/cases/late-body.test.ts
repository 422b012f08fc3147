import http from "node:http";
import { once } from "node:events";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

let server: TestServer;
let elapsed = 0;

beforeAll(async () => {
  server = await startTestServer({}, { stopwatch: () => elapsed });
});

afterAll(async () => {
  await server.close();
});

async function asAdministrator<Response>(
  method: string,
  path: string,
  body?: object,
): Promise<Response> {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${server.adminToken}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Response;
}

interface Form {
  readonly path: (userId: string) => string;
  readonly header: Readonly<Record<string, string>>;
  readonly body: (userId: string) => Buffer;
}

const json = { "content-type": "application/json" };
const gzip = { ...json, "content-encoding": "gzip" };
const rest = (userId: string) => `/management/v1/users/${userId}/_unlock`;
const rpc = () => "/zitadel.management.v1.ManagementService/UnlockUser";
const forms: Readonly<Record<string, Form>> = {
  REST: { path: rest, header: json, body: () => Buffer.from("{}") },
  "REST, gzip": { path: rest, header: gzip, body: () => gzipSync("{}") },
  Connect: {
    path: rpc,
    header: json,
    body: (id) => Buffer.from(JSON.stringify({ id })),
  },
  "Connect, gzip": {
    path: rpc,
    header: gzip,
    body: (id) => gzipSync(JSON.stringify({ id })),
  },
};

/** Sends a header, and the body once the gate has let the header in and `meanwhile` is over; returns the status. */
async function callLate(
  { path, header, body }: Form,
  userId: string,
  token: string,
  meanwhile: () => Promise<unknown>,
): Promise<number | undefined> {
  const bytes = body(userId);
  const request = http.request(server.url + path(userId), {
    method: "POST",
    headers: {
      ...header,
      authorization: `Bearer ${token}`,
      "content-length": bytes.byteLength,
      expect: "100-continue",
    },
  });
  request.flushHeaders();
  await once(request, "continue");
  await meanwhile();
  request.end(bytes);
  const [response] = (await once(request, "response")) as [
    http.IncomingMessage,
  ];
  response.resume();
  await once(response, "end");
  return response.statusCode;
}

describe.each(Object.entries(forms))(
  "a token that is revoked before the body comes, %s",
  (name, form) => {
    it.each([
      ["a second later", 1001, 401, "USER_STATE_LOCKED"],
      ["at once", 0, 200, "USER_STATE_ACTIVE"],
    ] as const)("body %s", async (when, ms, status, state) => {
      const userId = `${name} ${when}`.replaceAll(/\W/g, "-");
      const { token, secret } = await asAdministrator<{
        readonly token: { readonly tokenId: string };
        readonly secret: string;
      }>("POST", "/lockout/v1/tokens", { roles: ["ORG_OWNER"] });
      const user = `/lockout/v1/users/${userId}`;
      await asAdministrator("PUT", user, { state: "USER_STATE_LOCKED" });
      expect(
        await callLate(form, userId, secret, async () => {
          await asAdministrator(
            "DELETE",
            `/lockout/v1/tokens/${token.tokenId}`,
          );
          elapsed += ms;
        }),
      ).toBe(status);
      expect(await asAdministrator("GET", user)).toMatchObject({ state });
    });
  },
);
