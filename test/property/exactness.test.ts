import { Code, ConnectError, createClient } from "@connectrpc/connect";
import type { Client, Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Decision,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { readPeriods } from "../support/periods.ts";
import type { Period } from "../support/periods.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

// I1 and I18 through the network: a thousand guesses at once. EXACTNESS_ROUNDS=100 plays each case a hundred times
// (`npm run exactness`); the default is what every test run can afford.

const rounds = Number(process.env["EXACTNESS_ROUNDS"] ?? "1");
const guesses = 1000;
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const doors: readonly (readonly [string, (baseUrl: string) => Transport])[] = [
  ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl })],
  [
    "gRPC-Web",
    (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  ],
  [
    "Connect",
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  ],
];

/** Begins and completes attempts on a user. */
interface Guesser {
  begin(userId: string): Promise<{ decision: Decision; attemptId: string }>;
  complete(
    attemptId: string,
    outcome: Outcome,
  ): Promise<{ accepted: boolean; locked: boolean }>;
}

function rpcGuesser(transport: Transport): Guesser {
  const client = createClient(AttemptService, transport);
  const headers = { authorization: `Bearer ${server.adminToken}` };
  return {
    begin: (userId) =>
      client.beginAttempt(
        {
          subject: { case: "userId", value: userId },
          factor: Factor.PASSWORD,
        },
        { headers },
      ),
    complete: (attemptId, outcome) =>
      client.completeAttempt({ attemptId, outcome }, { headers }),
  };
}

function restGuesser(): Guesser {
  const post = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(`${server.url}/lockout/v1/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.adminToken}` },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    return response.json();
  };
  return {
    begin: async (userId) => {
      const { decision, attemptId = "" } = (await post("attempts", {
        userId,
        factor: "FACTOR_PASSWORD",
      })) as { decision: string; attemptId?: string };
      const name = decision.replace("DECISION_", "") as keyof typeof Decision;
      return { decision: Decision[name], attemptId };
    },
    complete: async (attemptId, outcome) => {
      const { accepted = false, locked = false } = (await post(
        `attempts/${attemptId}:complete`,
        { outcome },
      )) as { accepted?: boolean; locked?: boolean };
      return { accepted, locked };
    },
  };
}

let users = 0;

async function setLimit(
  management: Client<typeof ManagementService>,
  limit: number,
) {
  const headers = { authorization: `Bearer ${server.adminToken}` };
  const limits = { maxPasswordAttempts: limit, maxOtpAttempts: limit };
  await management
    .addCustomLockoutPolicy(limits, { headers })
    .catch(() => management.updateCustomLockoutPolicy(limits, { headers }))
    .catch(() => undefined);
}

async function countEvents(userId: string, type: string): Promise<number> {
  const admin = createClient(
    AdminService,
    createGrpcTransport({ baseUrl: server.url }),
  );
  const { events } = await admin.listEvents(
    { aggregateId: userId, eventTypes: [type] },
    { headers: { authorization: `Bearer ${server.adminToken}` } },
  );
  return events.length;
}

/** Locked by failures before an administrator came to it. */
function isState(error: unknown): void {
  expect(ConnectError.from(error).code).toBe(Code.FailedPrecondition);
}

const cases = [...doors.map(([name]) => name), "REST"];

describe.each(cases)("a thousand guesses at once by %s", (name) => {
  let guesser: Guesser;

  beforeAll(() => {
    const door = doors.find(([one]) => one === name);
    guesser =
      door === undefined ? restGuesser() : rpcGuesser(door[1](server.url));
  });

  it.each([1, 3, 5, 100])(
    "limit %i: at most so many are compared, and one event says that the user locked",
    async (limit) => {
      await setLimit(
        createClient(
          ManagementService,
          createGrpcTransport({ baseUrl: server.url }),
        ),
        limit,
      );
      for (let round = 0; round < rounds; round += 1) {
        users += 1;
        const userId = `raced-${users}`;
        let compared = 0;
        await Promise.all(
          Array.from({ length: guesses }, async () => {
            const { decision, attemptId } = await guesser.begin(userId);
            if (decision !== Decision.PROCEED) {
              return;
            }
            compared += 1;
            await guesser.complete(attemptId, Outcome.FAILED);
          }),
        );
        expect(compared).toBeLessThanOrEqual(limit);
        // Whoever heard BUSY tries again: the chances that are left are used up, and not one more.
        for (;;) {
          const { decision, attemptId } = await guesser.begin(userId);
          if (decision !== Decision.PROCEED) {
            break;
          }
          compared += 1;
          await guesser.complete(attemptId, Outcome.FAILED);
        }
        expect(compared).toBe(limit);
        expect(await countEvents(userId, "user.locked")).toBe(1);
        const last = await guesser.begin(userId);
        expect(last.decision).toBe(Decision.LOCKED);
      }
    },
  );

  it("while somebody unlocks again and again: never more than the limit in each period", async () => {
    const limit = 5;
    const management = createClient(
      ManagementService,
      createGrpcTransport({ baseUrl: server.url }),
    );
    const headers = { authorization: `Bearer ${server.adminToken}` };
    await setLimit(management, limit);
    for (let round = 0; round < rounds; round += 1) {
      users += 1;
      const userId = `unlocked-${users}`;
      let accepted = 0;
      let unlocks = 0;
      let guessing = true;
      const unlockAll = async () => {
        while (guessing) {
          await management.lockUser({ id: userId }, { headers }).catch(isState);
          await management.unlockUser({ id: userId }, { headers });
          unlocks += 1;
        }
      };
      await guesser.begin(userId);
      const unlocking = unlockAll();
      await Promise.all(
        Array.from({ length: guesses / 2 }, async (_value, place) => {
          const { decision, attemptId } = await guesser.begin(userId);
          if (decision !== Decision.PROCEED) {
            return;
          }
          const outcome = place % 10 === 0 ? Outcome.SUCCEEDED : Outcome.FAILED;
          const answer = await guesser.complete(attemptId, outcome);
          if (answer.accepted) {
            accepted += 1;
          }
        }),
      );
      guessing = false;
      await unlocking;
      const admin = createClient(
        AdminService,
        createGrpcTransport({ baseUrl: server.url }),
      );
      const periods = await readPeriods(admin, headers, userId);
      expect(
        periods.filter(({ compared }) => compared > limit),
        "more than the limit were compared between two resets",
      ).toEqual([]);
      const ends = (end: Period["end"]) =>
        periods.filter((period) => period.end === end).length;
      expect(unlocks).toBeGreaterThan(0);
      expect(ends("unlocked")).toBe(unlocks);
      expect(ends("succeeded")).toBe(accepted);
      // Nothing that was closed holds a chance: all of them are there.
      await management.lockUser({ id: userId }, { headers }).catch(isState);
      await management.unlockUser({ id: userId }, { headers });
      for (let chance = 0; chance < limit; chance += 1) {
        const { decision, attemptId } = await guesser.begin(userId);
        expect(decision).toBe(Decision.PROCEED);
        await guesser.complete(attemptId, Outcome.FAILED);
      }
      expect((await guesser.begin(userId)).decision).toBe(Decision.LOCKED);
    }
  });

  it("attempts held through an unlock are never accepted, and take none of the fresh chances", async () => {
    const limit = 5;
    const management = createClient(
      ManagementService,
      createGrpcTransport({ baseUrl: server.url }),
    );
    const headers = { authorization: `Bearer ${server.adminToken}` };
    await setLimit(management, limit);
    users += 1;
    const userId = `held-${users}`;
    const beginAll = async () => {
      const begun = await Promise.all(
        Array.from({ length: 50 }, () => guesser.begin(userId)),
      );
      return begun.filter(({ decision }) => decision === Decision.PROCEED);
    };
    const held = await beginAll();
    expect(held).toHaveLength(limit);
    await management.lockUser({ id: userId }, { headers });
    // The unlock races the completions: those before it find the user locked, those after it are void.
    const [answers] = await Promise.all([
      Promise.all(
        held.map(({ attemptId }) =>
          guesser.complete(attemptId, Outcome.SUCCEEDED),
        ),
      ),
      management.unlockUser({ id: userId }, { headers }),
    ]);
    expect(answers.filter(({ accepted }) => accepted)).toEqual([]);
    expect(await beginAll()).toHaveLength(limit);
  });

  it("with random outcomes, in random order: never more than the limit between two resets", async () => {
    const limit = 5;
    await setLimit(
      createClient(
        ManagementService,
        createGrpcTransport({ baseUrl: server.url }),
      ),
      limit,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.constantFrom(
            Outcome.FAILED,
            Outcome.FAILED,
            Outcome.FAILED,
            Outcome.SUCCEEDED,
            Outcome.NOT_A_GUESS,
          ),
          { minLength: 20, maxLength: 100 },
        ),
        async (outcomes) => {
          users += 1;
          const userId = `mixed-${users}`;
          let failed = 0;
          let accepted = 0;
          await Promise.all(
            outcomes.map(async (outcome) => {
              const { decision, attemptId } = await guesser.begin(userId);
              if (decision !== Decision.PROCEED) {
                return;
              }
              const answer = await guesser.complete(attemptId, outcome);
              if (answer.accepted) {
                accepted += 1;
              } else if (outcome === Outcome.FAILED) {
                failed += 1;
              }
            }),
          );
          // Each reset, a success, allows at most the limit anew.
          expect(failed).toBeLessThanOrEqual(limit * (accepted + 1));
          expect(await countEvents(userId, "user.locked")).toBeLessThanOrEqual(
            1,
          );
        },
      ),
      { numRuns: Math.max(5, rounds) },
    );
  });
});
