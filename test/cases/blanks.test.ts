import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callHttp2 } from "../http/http2-call.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

// Section 4 of the contract, where a field of an HTTP/2 header has a blank at an end: it counts without the blank, as in
// HTTP/1.1. Node would drop it, and a call would go to another organisation than the one that its caller named.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const paths = [
  "/management/v1/policies/lockout",
  "/zitadel.management.v1.ManagementService/GetLockoutPolicy?connect=v1&encoding=json&message={}",
];

async function read(path: string, headers: Record<string, string>) {
  const { header, body } = await callHttp2(
    server.url,
    { ":path": path, ...headers },
    new Uint8Array(),
  );
  return { status: header[":status"], body: body.toString() };
}

describe.each(paths)("%s", (path) => {
  it.each(["Bearer ", "Bearer  ", "Basic "])(
    "%j is not a bearer header, rather than none",
    async (authorization) => {
      const { status, body } = await read(path, { authorization });
      expect(status).toBe(401);
      expect(body).toContain("Errors.Token.Invalid (AUTH-7fs1e)");
    },
  );

  it("an organisation is named with a blank behind it", async () => {
    const authorization = `Bearer ${server.adminToken} `;
    const unknown = { authorization, "x-zitadel-orgid": "999 " };
    expect(await read(path, unknown)).toMatchObject({
      status: 403,
      body: expect.stringContaining("AUTH-Bs7Ds") as string,
    });
    const known = {
      authorization,
      "x-zitadel-orgid": ` ${server.firstOrgId} `,
    };
    expect(await read(path, known)).toMatchObject({ status: 200 });
  });
});
