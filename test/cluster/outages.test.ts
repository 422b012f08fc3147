import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgresServer } from "../support/postgres-server.ts";
import type { PostgresServer } from "../support/postgres-server.ts";
import { countFailures, guess, ifAway, setLimit, startNode } from "./nodes.ts";
import type { ClusterNode, Told } from "./nodes.ts";
import { startTcpProxy } from "./tcp-proxy.ts";
import type { TcpProxy } from "./tcp-proxy.ts";

// Two nodes on one PostgreSQL; one of them reaches it by a network that can fail.

let postgres: PostgresServer;
let proxy: TcpProxy;
let near: ClusterNode;
let far: ClusterNode;

beforeAll(async () => {
  postgres = await startPostgresServer();
  await postgres.query("CREATE DATABASE cluster");
  proxy = await startTcpProxy(postgres.port);
  const url = new URL(postgres.url("cluster"));
  near = await startNode(url.href);
  url.port = String(proxy.port);
  far = await startNode(url.href);
});

afterAll(async () => {
  await Promise.all([near.stop("SIGKILL"), far.stop("SIGKILL")]);
  await proxy.close();
  await postgres.remove();
});

const readiness = async ({ url }: ClusterNode) =>
  (await fetch(`${url}/debug/ready`)).status;

describe("what one node changes", () => {
  it("holds on the other at once: policies and tokens", async () => {
    for (let limit = 1; limit <= 20; limit += 1) {
      const [writer, reader] = limit % 2 === 0 ? [near, far] : [far, near];
      await writer.admin.updateLockoutPolicy({ maxPasswordAttempts: limit });
      const { policy } = await reader.admin.getLockoutPolicy({});
      expect(policy?.maxPasswordAttempts).toBe(BigInt(limit));
    }
  });

  it("is seen by who watches at the other, in order, without a gap or a repeat", async () => {
    const ended = new AbortController();
    const seen: bigint[] = [];
    const watching = (async () => {
      const stream = far.attempts.watchEvents(
        { after: "0", eventTypes: ["instance.policy.lockout.changed"] },
        { signal: ended.signal },
      );
      for await (const { event } of stream) {
        seen.push(event?.sequence ?? 0n);
      }
    })().catch(() => undefined);
    for (let limit = 100; limit < 120; limit += 1) {
      await near.admin.updateLockoutPolicy({ maxPasswordAttempts: limit });
    }
    const { policy } = await near.admin.getLockoutPolicy({});
    const last = policy?.details?.sequence;
    await expect.poll(() => seen.at(-1)).toBe(last);
    // The instance and its policy were added before.
    expect(seen).toEqual(seen.map((_sequence, index) => BigInt(index + 3)));
    ended.abort();
    await watching;
  });
});

describe("a node that is cut off from the database", () => {
  it("answers UNAVAILABLE, says that it is not ready, and recovers by itself", async () => {
    expect(await readiness(far)).toBe(200);
    proxy.cut();
    const told: Told = { compared: 0, failed: 0 };
    const error: unknown = await guess(far, "cut off", told).catch(
      (reason: unknown) => reason,
    );
    expect(ConnectError.from(error).code).toBe(Code.Unavailable);
    expect(told.compared).toBe(0);
    await expect.poll(() => readiness(far)).toBe(412);
    // The other one goes on.
    expect(await readiness(near)).toBe(200);
    await guess(near, "cut off", told);

    proxy.mend();
    await expect.poll(() => readiness(far)).toBe(200);
    await guess(far, "cut off", told);
    expect(await countFailures(far, "cut off")).toBe(2);
  });
});

describe("a primary that fails over to its standby", () => {
  it("loses no answered attempt", async () => {
    await setLimit(near, 0);
    const standby = await postgres.startStandby();
    const told: Told = { compared: 0, failed: 0 };
    let over = false;
    const lanes = Array.from({ length: 8 }, async () => {
      while (!over) {
        await guess(far, "failed over", told).catch(ifAway);
      }
    });
    await expect.poll(() => told.failed).toBeGreaterThan(50);
    await postgres.stop("SIGQUIT");
    const before = told.failed;
    await standby.promote();
    proxy.redirect(standby.port);
    await expect.poll(() => told.failed).toBeGreaterThan(before + 50);
    over = true;
    await Promise.all(lanes);
    expect(await countFailures(far, "failed over")).toBeGreaterThanOrEqual(
      told.failed,
    );
    await standby.remove();
  });
});
