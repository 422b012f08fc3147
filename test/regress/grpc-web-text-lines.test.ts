import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

it("gRPC-Web text is taken with line breaks, as the tools that encode base64 write it", async () => {
  // An envelope of two bytes: max_password_attempts = 9.
  const body = "AAAA\r\nAAII\nCQ==\n";
  const response = await fetch(
    `${server.url}/admin/v1/policies/password/lockout`,
    {
      method: "PUT",
      headers: {
        authorization: `Bearer ${server.adminToken}`,
        "content-type": "application/grpc-web-text",
      },
      body,
    },
  );
  // Several padded texts, one after the other.
  const texts = (await response.text()).match(/[^=]+=*/g) ?? [];
  const answer = texts.map((text) => Buffer.from(text, "base64").toString());
  expect(answer.join("")).toContain("grpc-status: 0");
});
