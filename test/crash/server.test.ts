import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import {
  createGrpcTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Decision,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { startServerProcess } from "../support/server-process.ts";

// I7: the real server is killed in the middle of its work, again and again, on one database. What it answered before
// is there after, once. `npm run crash` does so more often.

const rounds = Number(process.env["CRASH_ROUNDS"] ?? "15");
const limit = 5;
const token = "the-token-of-the-crash-administrator";
const headers = { headers: { authorization: `Bearer ${token}` } };
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "lockoutd-crash-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

/** What the clients were told, over all rounds. */
interface Told {
  /** Sequences of the default policy's changes. */
  readonly sequences: Set<string>;
  /** By user. */
  readonly users: Map<string, { proceed: number; failed: number }>;
  /** Attempts that were begun and not completed, with their users. */
  readonly open: Map<string, string>;
}

function connect(url: string) {
  const sessions = new Http2SessionManager(url);
  const transport = createGrpcTransport({
    baseUrl: url,
    sessionManager: sessions,
  });
  return {
    admin: createClient(AdminService, transport),
    attempts: createClient(AttemptService, transport),
    management: createClient(ManagementService, transport),
    close: () => {
      sessions.abort();
    },
  };
}

type Clients = ReturnType<typeof connect>;

let changes = 0;

async function changePolicy({ admin }: Clients, told: Told) {
  changes += 1;
  const { details } = await admin.updateLockoutPolicy(
    { maxPasswordAttempts: changes },
    headers,
  );
  told.sequences.add(String(details?.sequence));
}

async function guess({ attempts }: Clients, told: Told, userId: string) {
  const { decision, attemptId } = await attempts.beginAttempt(
    { subject: { case: "userId", value: userId }, factor: Factor.PASSWORD },
    headers,
  );
  if (decision !== Decision.PROCEED) {
    return;
  }
  const user = told.users.get(userId) ?? { proceed: 0, failed: 0 };
  told.users.set(userId, user);
  user.proceed += 1;
  told.open.set(attemptId, userId);
  await attempts.completeAttempt(
    { attemptId, outcome: Outcome.FAILED },
    headers,
  );
  told.open.delete(attemptId);
  user.failed += 1;
}

/** Keeps the server busy until it is gone. */
async function work(clients: Clients, told: Told, round: number) {
  const lanes = Array.from({ length: 8 }, async (_value, lane) => {
    for (let step = 0; ; step += 1) {
      if (lane === 0) {
        await changePolicy(clients, told);
      } else {
        await guess(clients, told, `user-${round}-${lane}-${step >> 3}`);
      }
    }
  });
  await Promise.allSettled(lanes);
}

describe("kill -9 in the middle of the work", () => {
  it(`loses nothing that was answered and gives no chance twice, ${rounds} times`, async () => {
    const database = join(directory, "lockoutd.db");
    const told: Told = {
      sequences: new Set(),
      users: new Map(),
      open: new Map(),
    };
    for (let round = 0; round < rounds; round += 1) {
      const server = await startServerProcess(database, token);
      const clients = connect(server.url);
      if (round === 0) {
        await clients.management.addCustomLockoutPolicy(
          { maxPasswordAttempts: limit },
          headers,
        );
      }
      // What was open when the server was killed is still open: it can be completed, once.
      for (const [attemptId, userId] of told.open) {
        const { failedAttempts } = await clients.attempts.completeAttempt(
          { attemptId, outcome: Outcome.FAILED },
          headers,
        );
        const user = told.users.get(userId);
        if (user === undefined) {
          throw new Error(`nobody told of ${userId}`);
        }
        user.failed += 1;
        expect(failedAttempts).toBeGreaterThanOrEqual(1);
      }
      told.open.clear();

      const working = work(clients, told, round);
      // Some work first, of a random amount: not of a random time, which may be none on a busy machine.
      const goal = told.sequences.size + 1 + Math.floor(Math.random() * 20);
      while (told.sequences.size < goal) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await server.stop("SIGKILL");
      clients.close();
      await working;
    }

    const server = await startServerProcess(database, token);
    const clients = connect(server.url);
    const { policy } = await clients.admin.getLockoutPolicy({}, headers);
    const last = Number(policy?.details?.sequence);
    const seen: number[] = [];
    for (let after = 0n; Number(after) < last;) {
      const { events } = await clients.admin.listEvents(
        {
          asc: true,
          sequence: after,
          aggregateTypes: ["instance"],
        },
        headers,
      );
      seen.push(...events.map(({ sequence }) => Number(sequence)));
      after = events.at(-1)?.sequence ?? BigInt(last);
    }
    expect(seen).toEqual(Array.from({ length: last }, (_value, i) => i + 1));
    for (const sequence of told.sequences) {
      expect(Number(sequence)).toBeLessThanOrEqual(last);
    }
    expect(told.users.size).toBeGreaterThan(rounds);
    for (const [userId, { proceed, failed }] of told.users) {
      expect(proceed, `chances given to ${userId}`).toBeLessThanOrEqual(limit);
      const lockout = await clients.attempts.getLockout({ userId }, headers);
      const password = lockout.factors.find(
        ({ factor }) => factor === Factor.PASSWORD,
      );
      expect(password?.failedAttempts, userId).toBeGreaterThanOrEqual(failed);
      expect(
        (password?.failedAttempts ?? 0) + (password?.openAttempts ?? 0),
        userId,
      ).toBeLessThanOrEqual(limit);
    }
    clients.close();
    await server.stop("SIGTERM");
  });
});
