import { statSync } from "node:fs";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import {
  beginAttempt,
  completeAttempt,
} from "../../src/lockout/attempt/attempt.ts";
import { createIds } from "../../src/store/ids.ts";
import type { NewId } from "../../src/store/ids.ts";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { keptNameEvents } from "../../src/store/users.ts";
import type { WholeStore } from "../contract/store/bed.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";

// A flood of names that nobody has, on a clock that runs far ahead: what it leaves behind goes as it comes.

const ttlMs = 60_000;
const keptMs = 10 * 60_000;
const stepMs = 60_000;
const maxNames = 1000;
/** More of them wait at once than share a transaction, so that whoever settles has to come first. */
const namesPerStep = 300;
const userAgent = "a".repeat(1000);

/** What has to be kept: what is open, and what was closed less than ten minutes ago. */
const keptSteps = (ttlMs + keptMs) / stepMs;

async function flood(
  open: (options: {
    readonly now: () => number;
    readonly newId: NewId;
    readonly maxNames: number;
    readonly exclusive: true;
  }) => Promise<WholeStore>,
  look: () => Promise<number>,
  steps: number,
): Promise<readonly number[]> {
  let now = Date.now();
  const clock = () => now;
  const store = await open({
    ...{ now: clock, newId: createIds(clock), maxNames },
    exclusive: true,
  });
  const login = async (name: string, completes: boolean) => {
    const { attempt } = await store.beginAttempt(
      { kind: "name", orgId: "o", foldedName: name },
      "e",
      (view, attemptId) =>
        beginAttempt(view, {
          ...{ attemptId, factor: "password", ttlMs },
          client: { userAgent },
        }),
    );
    if (completes && attempt !== undefined) {
      await store.completeAttempt("o", attempt.id, "e", (view, stored) =>
        completeAttempt(view, stored, "failed"),
      );
    }
  };
  const settle = async () => {
    while ((await store.settleAttempts(256)) > 0) {}
  };
  const kept: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    now += stepMs;
    const logins = Array.from({ length: namesPerStep }, (_value, index) =>
      login(`nobody ${step} ${index}`, index % 2 === 0),
    );
    await Promise.all([...logins, settle()]);
    if (step % keptSteps === keptSteps - 1) {
      kept.push(await look());
    }
  }
  await store.close();
  return kept;
}

describe("what a flood of names leaves behind does not grow without bound", () => {
  const postgres = usePostgres();

  it("on SQLite: neither do rows, nor the file", async () => {
    const dir = await makeTempDir();
    const path = dir.file("a.db");
    const sizes = await flood(
      (options) => openSqliteStore({ path, ...options }),
      async () => statSync(path).size,
      5 * keptSteps,
    );
    await dir.remove();
    const [last = 0, before = 0] = sizes.toReversed();
    expect(last).toBeLessThan(before * 1.1);
  });

  it("on PostgreSQL: nor do rows", async () => {
    const { url, drop } = await postgres.createMigrated();
    const client = new Client({ connectionString: url });
    await client.connect();
    const rows = await flood(
      (options) => openPostgresStore({ url, ...options }),
      async () => {
        const { rows: counts } = await client.query<{ rows: string }>(
          `SELECT (SELECT count(*) FROM attempts) + (SELECT count(*) FROM subjects)
             + (SELECT count(*) FROM name_events) AS rows`,
        );
        return Number(counts[0]?.rows);
      },
      2 * keptSteps,
    );
    await client.end();
    await drop();
    // Names and their events have bounds of their own.
    const bound =
      (keptSteps + 3) * namesPerStep + maxNames * 1.1 + keptNameEvents * 1.1;
    for (const count of rows) {
      expect(count).toBeLessThan(bound);
    }
  });
});
