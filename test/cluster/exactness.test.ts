import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startPostgresServer } from "../support/postgres-server.ts";
import type { PostgresServer } from "../support/postgres-server.ts";
import {
  countFailures,
  countLocks,
  guess,
  guessUntilLocked,
  ifAway,
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
    if (!alive) nodes[place] = await startNode(postgres.url("cluster"));
  }
});

const nodeAt = (place: number): ClusterNode => {
  const node = nodes[place % nodes.length];
  if (node === undefined) throw new Error("there are no nodes");
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
    if (answered === 50) disturb();
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
        for (const node of nodes)
          expect(await countLocks(node, userId)).toBe(1);
      }
    },
  );

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
