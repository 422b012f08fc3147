import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startWorker } from "../../bench/support/worker.ts";
import type { Worker } from "../../bench/support/worker.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { Attack, Target } from "./attack.ts";
import type { AttackOrder, AttackResult } from "./attacker.ts";
import type { ProbeOrder, ProbeResult } from "./probe.ts";
import { speedUp } from "./fast-database.ts";
import { favourDatabase } from "./priority.ts";
import { startAttackedServer } from "./server.ts";
import type { Observation } from "./verdict.ts";
import { openClient } from "./wire/rest.ts";
import type { JsonClient } from "./wire/rest.ts";

/** What an attack did, and what was seen of the server meanwhile. */
export interface Measured extends Observation, AttackResult {
  /** How the server's memory was limited, in words. */
  readonly limited: string;
}

/** A new database, and how to get rid of it. */
export type CreateDatabase = () => Promise<{
  readonly url: string;
  readonly drop: () => Promise<void>;
}>;

const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const loginNames = Array.from(
  { length: 40 },
  (_, index) => `known-${index}@example.com`,
);
/** What an attack may take longer than its seconds. */
const lateMs = 30_000;
/** For how long it is looked on after an attack. */
const afterMs = 500;

/**
 * Carries out an attack against a server of its own.
 *
 * @param createDatabase of PostgreSQL; without it the database is a file of SQLite
 */
export async function measure(
  attack: Attack,
  seconds: number,
  createDatabase: CreateDatabase | undefined,
): Promise<Measured> {
  const directory = await makeTempDir();
  const created = await createDatabase?.();
  const database = created?.url ?? directory.file("lockoutd.db");
  const logFile = directory.file("log");
  writeFileSync(logFile, "");
  const adminToken = randomBytes(32).toString("base64url");
  const { needs = {} } = attack;
  if (created !== undefined && needs.clockSpeed !== undefined) {
    await speedUp(created.url, needs.clockSpeed);
  }
  const server = await startAttackedServer({
    ...{ database, adminToken, logFile, needs },
  });
  const attacker: Worker<AttackOrder, AttackResult> = startWorker(
    "load",
    program("attacker.ts"),
    { detached: true },
  );
  const probe: Worker<ProbeOrder, ProbeResult> = startWorker(
    "load",
    program("probe.ts"),
  );
  try {
    const tls = needs.tls === true;
    const admin = openClient({ port: server.port, tls, token: adminToken });
    const token =
      attack.role === undefined ? "" : await createToken(admin, attack.role);
    const target: Target = {
      ...{ port: server.port, seconds, token, adminToken },
      ...{ logFile, database },
    };
    const order = { name: attack.name, target };
    await registerUsers(admin);
    await attacker.run({ ...order, step: "prepare" });
    const login = await createToken(admin, "IAM_LOGIN_CLIENT");
    admin.close();
    await probe.run({
      begin: { port: server.port, tls, token: login, loginNames },
    });
    favourDatabase();
    server.resetPeak();
    const result = await Promise.race([
      attacker.run({ ...order, step: "run" }),
      delay(seconds * 1000 + lateMs, undefined, { ref: false }),
    ]);
    if (result === undefined) {
      throw new Error("the attack does not end");
    }
    await delay(afterMs);
    const observed = await probe.run({});
    const { limited } = server;
    return {
      ...result,
      ...observed,
      ...{ limited, peakBytes: server.peak(), ended: server.ended() },
    };
  } finally {
    await Promise.all([attacker.stop(), probe.stop(), server.stop()]);
    await created?.drop();
    await directory.remove();
  }
}

async function createToken(admin: JsonClient, role: string): Promise<string> {
  const created = await admin.must("POST", "/lockout/v1/tokens", {
    name: role,
    roles: [role],
  });
  return (created as { secret: string }).secret;
}

async function registerUsers(admin: JsonClient): Promise<void> {
  for (const [index, name] of loginNames.entries()) {
    await admin.must("PUT", `/lockout/v1/users/known-${index}`, {
      aliases: [name],
      state: "USER_STATE_ACTIVE",
    });
  }
}
