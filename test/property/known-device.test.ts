import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect, it } from "vitest";
import {
  AttemptService,
  Decision,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { PolicyService } from "../../gen/lockout/v1/policy_service_pb.js";
import { startTestServer } from "../support/server.ts";

// An attack as people meet it, on a simulated clock. `npm run known-device` prints what came of it.

const [addresses, guessesOfEach, minutes] = [1000, 3, 60];
const limit = 5;
const factor = Factor.PASSWORD;

it("a user on a known device is let in each time, while a stranger guesses from a thousand addresses for an hour", async () => {
  const server = await startTestServer({
    defaultPolicy: { maxPasswordAttempts: limit, maxOtpAttempts: limit },
  });
  const transport = createGrpcTransport({
    baseUrl: server.url,
    interceptors: [
      (next) => (request) => {
        request.header.set("authorization", `Bearer ${server.adminToken}`);
        return next(request);
      },
    ],
  });
  const attempts = createClient(AttemptService, transport);
  await createClient(PolicyService, transport).setInstanceRules({
    rules: {
      lockDuration: { seconds: 900n },
      ...{ lockGrowth: 2, ceiling: 20, devices: { maxAttempts: 3 } },
      sources: { maxFailures: 20, window: { seconds: 600n } },
      storms: { maxLocks: 10, window: { seconds: 600n } },
    },
  });
  const subject = { case: "userId", value: "owner" } as const;
  const begin = (client: { address: string; deviceToken?: string }) =>
    attempts.beginAttempt({ subject, factor, client });

  const home = "198.51.100.7";
  const first = await begin({ address: home });
  let { deviceToken } = await attempts.completeAttempt({
    ...{ attemptId: first.attemptId, outcome: Outcome.SUCCEEDED },
    rememberDevice: true,
  });

  const decided = new Map<Decision, number>();
  const guess = async (number: number) => {
    const place = number % addresses;
    const address = `203.0.${Math.floor(place / 250)}.${(place % 250) + 1}`;
    const { decision, attemptId } = await begin({ address });
    decided.set(decision, (decided.get(decision) ?? 0) + 1);
    if (decision === Decision.PROCEED) {
      await attempts.completeAttempt({ attemptId, outcome: Outcome.FAILED });
    }
  };
  let [logins, accepted, mistyped] = [0, 0, 0];
  const logIn = async (outcome: Outcome) => {
    const { attemptId } = await begin({ address: home, deviceToken });
    return attempts.completeAttempt({
      ...{ attemptId, outcome, rememberDevice: true },
    });
  };
  const guesses = addresses * guessesOfEach;
  for (let minute = 0; minute < minutes; minute += 1) {
    const from = (minute * guesses) / minutes;
    await Promise.all(
      Array.from({ length: guesses / minutes }, (_none, index) =>
        guess(from + index),
      ),
    );
    if (minute % 5 === 0) {
      await logIn(Outcome.FAILED);
      mistyped += 1;
    }
    const result = await logIn(Outcome.SUCCEEDED);
    logins += 1;
    accepted += result.accepted ? 1 : 0;
    deviceToken = result.deviceToken;
    server.advance(60_000);
  }
  const elsewhere = await begin({ address: home });
  await server.close();

  if (process.env["PRINTED"] !== undefined) {
    const count = (decision: Decision) => decided.get(decision) ?? 0;
    process.stdout.write(
      [
        `\nA stranger guesses ${guesses} times from ${addresses} addresses in ${minutes} minutes, limit ${limit}, ceiling 20:`,
        `  compared ${count(Decision.PROCEED)}, refused ${count(Decision.LOCKED)} locked, ${count(Decision.BUSY)} busy, ${count(Decision.THROTTLED)} throttled`,
        `The user, on a known device, mistyping ${mistyped} times: let in ${accepted} of ${logins} times`,
        `The user on an unknown device at the end: ${Decision[elsewhere.decision]}\n`,
      ].join("\n"),
    );
  }
  expect(accepted).toBe(logins);
  // Before each of three locks, each twice as long as the one before: logins on the device clear nothing that strangers have used up.
  expect(decided.get(Decision.PROCEED)).toBe(3 * limit);
  expect(elsewhere.decision).toBe(Decision.LOCKED);
}, 300_000);
