import { createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

// Log shippers send twice: a report with a key counts once.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

it("ReportAttempt with an idempotency key counts once, by whatever protocol it comes again", async () => {
  const headers = { authorization: `Bearer ${server.adminToken}` };
  const [grpc, connect] = [
    createGrpcTransport({ baseUrl: server.url }),
    createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" }),
  ].map((transport) => createClient(AttemptService, transport));
  const guess = {
    subject: { case: "userId", value: "a" } as const,
    ...{ factor: Factor.PASSWORD, outcome: Outcome.FAILED },
    client: { address: "192.0.2.7" },
    idempotencyKey: "line 17 of the log",
  };
  const first = await grpc?.reportAttempt(guess, { headers });
  expect(first).toMatchObject({ failedAttempts: 1 });
  expect(await connect?.reportAttempt(guess, { headers })).toEqual(first);
  const response = await fetch(`${server.url}/lockout/v1/attempts:report`, {
    method: "POST",
    headers,
    body: JSON.stringify({
      ...{ userId: "a", factor: "FACTOR_PASSWORD", outcome: "OUTCOME_FAILED" },
      client: { address: "192.0.2.7" },
      idempotencyKey: "line 17 of the log",
    }),
  });
  expect(await response.json()).toEqual({ failedAttempts: 1 });

  for (const other of [
    { ...guess, outcome: Outcome.SUCCEEDED },
    { ...guess, factor: Factor.TOTP },
    { ...guess, subject: { case: "userId", value: "b" } as const },
    { ...guess, client: { address: "192.0.2.8" } },
  ]) {
    await expect(grpc?.reportAttempt(other, { headers })).rejects.toThrow(
      /LOCKOUTD-att07/,
    );
  }
  const long = { ...guess, idempotencyKey: "x".repeat(201) };
  await expect(grpc?.reportAttempt(long, { headers })).rejects.toThrow(
    /LOCKOUTD-req01/,
  );
  const next = { ...guess, idempotencyKey: "x".repeat(200) };
  expect(await grpc?.reportAttempt(next, { headers })).toMatchObject({
    failedAttempts: 2,
  });
});
