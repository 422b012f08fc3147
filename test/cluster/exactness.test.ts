import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  Decision,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { UserState } from "../../gen/lockout/v1/user_service_pb.js";
import { checkDatabase } from "../../src/store/maintenance.ts";
import { readPeriods } from "../support/periods.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import type { PostgresServer } from "../support/postgres-server.ts";
import {
  countFailures,
  countLocks,
  guess,
  guessUntilLocked,
  ifAway,
  ifState,
  setLimit,
  startNode,
} from "./nodes.ts";
import type { ClusterNode, Told } from "./nodes.ts";

// I1, I7 and I18 over three nodes on one PostgreSQL: a thousand guesses at once at one user, while nodes and the
// database come and go. CLUSTER_ROUNDS=20 plays each case more often.

const rounds = Number(process.env["CLUSTER_ROUNDS"] ?? "1");
const guesses = 1000;
let postgres: PostgresServer;
let nodes: ClusterNode[];
let users = 0;

beforeAll(async () => {
  postgres = await startPostgresServer();
  await postgres.query("CREATE DATABASE cluster");
  // At once, on a database with nothing in it: one creates everything, and the others find it.
  nodes = await Promise.all(
    Array.from({ length: 3 }, () => startNode(postgres.url("cluster"))),
  );
});

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop("SIGKILL")));
  await postgres.remove();
});

afterEach(async () => {
  // Whatever a test has killed.
  for (const [place, node] of nodes.entries()) {
    const alive = await node.admin.healthz({}).then(
      () => true,
      () => false,
    );
    if (!alive) {
      nodes[place] = await startNode(postgres.url("cluster"));
    }
  }
});

const nodeAt = (place: number): ClusterNode => {
  const node = nodes[place % nodes.length];
  if (node === undefined) {
    throw new Error("there are no nodes");
  }
  return node;
};

/** A thousand guesses at once, by turns at each node; `meanwhile` runs when some were answered. */
async function race(
  userId: string,
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<Told> {
  const told: Told = { compared: 0, failed: 0 };
  let answered = 0;
  let disturb: () => void = () => undefined;
  const some = new Promise<void>((resolve) => {
    disturb = resolve;
  });
  const all = Array.from({ length: guesses }, async (_value, place) => {
    await guess(nodeAt(place), userId, told).catch(ifAway);
    answered += 1;
    if (answered === 50) {
      disturb();
    }
  });
  const disturbance = some.then(meanwhile);
  await Promise.all(all);
  await disturbance;
  return told;
}

describe("a thousand guesses at once at three nodes", () => {
  it.each([1, 5, 100])(
    "limit %i: exactly so many are compared, and one event says that the user locked",
    async (limit) => {
      await setLimit(nodeAt(0), limit);
      for (let round = 0; round < rounds; round += 1) {
        const userId = `raced-${(users += 1)}`;
        const told = await race(userId);
        expect(told.compared).toBeLessThanOrEqual(limit);
        await guessUntilLocked(nodeAt(round), userId, told);
        expect(told.compared).toBe(limit);
        for (const node of nodes) {
          expect(await countLocks(node, userId)).toBe(1);
        }
      }
    },
  );

  it("while a user is unlocked again and again, and guesses are left to expire: never more than the limit in each period", async () => {
    const limit = 5;
    await setLimit(nodeAt(0), limit);
    for (let round = 0; round < rounds; round += 1) {
      const userId = `unlocked-${(users += 1)}`;
      let guessing = true;
      let unlocks = 0;
      await nodeAt(0).attempts.recordPasswordChange({ userId });
      const unlockAt = async (place: number) => {
        const { management } = nodeAt(place);
        while (guessing) {
          // Another node's unlock, or a failure, may have come first.
          await management.lockUser({ id: userId }).catch(ifState);
          const unlocked = await management
            .unlockUser({ id: userId })
            .catch(ifState);
          if (unlocked !== undefined) {
            unlocks += 1;
          }
        }
      };
      const unlocking = [0, 1, 2].map(unlockAt);
      const held: string[] = [];
      let accepted = 0;
      const complete = async (place: number, attemptId: string) => {
        const outcome = place % 7 === 0 ? Outcome.SUCCEEDED : Outcome.FAILED;
        const answer = await nodeAt(place).attempts.completeAttempt({
          attemptId,
          outcome,
        });
        if (answer.accepted) {
          accepted += 1;
        }
      };
      await Promise.all(
        Array.from({ length: guesses / 2 }, async (_value, place) => {
          const { decision, attemptId } = await nodeAt(
            place,
          ).attempts.beginAttempt({
            subject: { case: "userId", value: userId },
            factor: Factor.PASSWORD,
          });
          if (decision !== Decision.PROCEED) {
            return;
          }
          if (place % 3 === 0) {
            held.push(attemptId);
          } else {
            await complete(place + 1, attemptId);
          }
        }),
      );
      guessing = false;
      await Promise.all(unlocking);
      // Of those that were held, most are void by now: none is accepted, and none holds a chance.
      await nodeAt(0).management.lockUser({ id: userId }).catch(ifState);
      await nodeAt(1).management.unlockUser({ id: userId });
      const before = accepted;
      await Promise.all(
        held.map((attemptId) => complete(0, attemptId).catch(ifState)),
      );
      expect(accepted).toBe(before);
      const told: Told = { compared: 0, failed: 0 };
      await guessUntilLocked(nodeAt(2), userId, told);
      expect(told.compared).toBe(limit);
      const periods = await readPeriods(nodeAt(0).admin, {}, userId);
      expect(periods.filter(({ compared }) => compared > limit)).toEqual([]);
      expect(periods.filter(({ end }) => end === "unlocked")).toHaveLength(
        unlocks + 1,
      );
    }
  });

  it("while users are locked, unlocked, deactivated, deleted and registered again under other limits: the state stays what the events say", async () => {
    const names = ["churned-1", "churned-2", "churned-3"];
    const outcomes = [Outcome.FAILED, Outcome.SUCCEEDED, Outcome.NOT_A_GUESS];
    /** What may have changed since the caller looked: the user's state, or whether there is one. */
    const ifGone = (error: unknown) => {
      const { code } = ConnectError.from(error);
      const known = [Code.FailedPrecondition, Code.NotFound, Code.Aborted];
      if (!known.includes(code)) {
        throw error;
      }
      return undefined;
    };
    const play = async (place: number) => {
      const { attempts, management, users: accounts } = nodeAt(place);
      const userId = names[(place * 7) % names.length] ?? "";
      switch (place % 10) {
        case 0:
          return management.lockUser({ id: userId });
        case 1:
          return management.unlockUser({ id: userId });
        case 2:
          return accounts.putUser({
            userId,
            state: place % 4 === 0 ? UserState.INACTIVE : UserState.ACTIVE,
          });
        case 3:
          return place % 3 === 0 ? accounts.deleteUser({ userId }) : undefined;
        case 4:
          return attempts.recordPasswordChange({ userId });
        case 5:
          return setLimit(nodeAt(place), place % 4);
        default: {
          const { decision, attemptId } = await attempts.beginAttempt({
            subject: { case: "userId", value: userId },
            factor: place % 2 === 0 ? Factor.PASSWORD : Factor.TOTP,
          });
          // Every fourth is left to expire.
          if (decision !== Decision.PROCEED || place % 4 === 3) {
            return;
          }
          const outcome = outcomes[place % outcomes.length] ?? Outcome.FAILED;
          return nodeAt(place + 1).attempts.completeAttempt({
            attemptId,
            outcome,
          });
        }
      }
    };
    for (let round = 0; round < rounds; round += 1) {
      for (let wave = 0; wave < 10; wave += 1) {
        await Promise.all(
          Array.from({ length: 100 }, (_value, place) =>
            play(wave * 100 + place).catch(ifGone),
          ),
        );
      }
      const { problems } = await checkDatabase(postgres.url("cluster"));
      expect(problems).toEqual([]);
    }
  });

  it("while one of them is killed: never more than the limit, and no answered failure is lost", async () => {
    const limit = 200;
    await setLimit(nodeAt(0), limit);
    for (let round = 0; round < rounds; round += 1) {
      const userId = `killed-${(users += 1)}`;
      const told = await race(userId, () => nodeAt(2).stop("SIGKILL"));
      expect(told.compared).toBeLessThanOrEqual(limit);
      expect(await countFailures(nodeAt(0), userId)).toBeGreaterThanOrEqual(
        told.failed,
      );
      // What the dead node's callers had begun and not completed expires, and counts.
      await guessUntilLocked(nodeAt(1), userId, told);
      expect(told.compared).toBeLessThanOrEqual(limit);
      expect(await countLocks(nodeAt(0), userId)).toBe(1);
    }
  });

  it("while the database is restarted: never more than the limit, and no answered failure is lost", async () => {
    const limit = 200;
    await setLimit(nodeAt(0), limit);
    for (let round = 0; round < rounds; round += 1) {
      const userId = `restarted-${(users += 1)}`;
      const told = await race(userId, async () => {
        await postgres.stop("SIGQUIT");
        await postgres.start();
      });
      expect(told.compared).toBeLessThanOrEqual(limit);
      await guessUntilLocked(nodeAt(0), userId, told);
      expect(told.compared).toBeLessThanOrEqual(limit);
      expect(await countFailures(nodeAt(1), userId)).toBeGreaterThanOrEqual(
        told.failed,
      );
      expect(await countLocks(nodeAt(2), userId)).toBe(1);
    }
  });
});
