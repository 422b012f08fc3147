import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { createIds } from "../../src/store/ids.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { makeTempDir } from "../support/temp-dir.ts";

/** More by `npm run crash`. */
const rounds = Number(process.env["CRASH_ROUNDS"] ?? "15");
const script = fileURLToPath(new URL("./policy-stream.ts", import.meta.url));

/** Runs the stream until it has given so many answers, kills it, and returns all its answers. */
async function runUntilKilled(
  path: string,
  answers: number,
): Promise<Map<number, number>> {
  const child = spawn(process.execPath, [script, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const given = new Map<number, number>();
  const exit = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    const [sequence, value] = line.split(" ").map(Number);
    // A line may have been cut by the kill; such an answer was not given.
    if (sequence === undefined || value === undefined) {
      continue;
    }
    expect(given).not.toHaveProperty(String(sequence));
    given.set(sequence, value);
    if (given.size === answers) {
      child.kill("SIGKILL");
    }
  }
  const [, signal] = (await exit) as [number | null, string | null];
  expect(signal).toBe("SIGKILL");
  return given;
}

// Each round starts a process, which takes its time on a busy machine.
it(`kill -9 at any moment loses no answered change, ${rounds} times on one file`, async () => {
  const dir = await makeTempDir();
  const path = dir.file("lockoutd.db");
  let last = { sequence: 0, position: 0 };

  for (let round = 0; round < rounds; round += 1) {
    const answers = 1 + Math.floor(Math.random() * 40);
    const given = await runUntilKilled(path, answers);

    const store = await openSqliteStore({
      path,
      exclusive: true,
      now: Date.now,
      newId: createIds(Date.now),
    });
    const written = await store.listEvents({
      ascending: true,
      limit: 1_000_000,
      positionAfter: last.position,
    });
    const policy = await store.findPolicy({ kind: "org", orgId: "a" });
    await store.close();

    // No gap and no repeat, from where the round before ended.
    expect(written.map(({ sequence }) => sequence)).toEqual(
      written.map((_, index) => last.sequence + index + 1),
    );
    const values = new Map(
      written.map(({ sequence, payload }) => [
        sequence,
        payload?.["maxPasswordAttempts"],
      ]),
    );
    expect(given.size).toBeGreaterThanOrEqual(answers);
    for (const [sequence, value] of given) {
      expect(values.get(sequence)).toBe(value);
    }
    // The present is what the record says.
    const newest = written.at(-1);
    expect(policy).toMatchObject({
      sequence: newest?.sequence,
      maxPasswordAttempts: newest?.payload?.["maxPasswordAttempts"],
    });
    last = newest ?? last;
  }
  await dir.remove();
});
