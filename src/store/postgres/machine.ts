import { randomUUID } from "node:crypto";
import { createIds } from "../ids.ts";
import type { NewId } from "../ids.ts";
import { StoreRefusedError, StoreUnavailableError } from "../store.ts";
import type { Clock } from "../ids.ts";
import { nowSql } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";

/** A machine number for ids, held for as long as this node lives. */
export interface Machine {
  readonly newId: NewId;
  /** Gives the number back. */
  release(): Promise<void>;
}

// Long enough to survive a restart of the database; short enough that the numbers of dead nodes are soon free.
const leaseMs = 60_000;
const renewMs = 15_000;
/** How long a returned number is not leased, in milliseconds, so that ids of the next holder are later than those of this one. */
export const restMs = 1000;

const lease: Statement = {
  name: "lease_machine",
  text: `UPDATE machines SET holder = $1, lease_end = ${nowSql} + $2::bigint
    WHERE number = (
      SELECT number FROM machines WHERE lease_end <= ${nowSql} ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING number`,
};
const renew: Statement = {
  name: "renew_machine",
  text: `UPDATE machines SET lease_end = ${nowSql} + $2::bigint WHERE holder = $1 AND number = $3`,
};

/**
 * Leases a machine number in the database, by its clock, and renews it; where the lease was lost, another number is taken. While no lease is
 * certain, making an id throws StoreUnavailableError.
 *
 * @param now the time of ids
 * @throws StoreRefusedError where all numbers are held
 */
export async function leaseMachine(
  database: PostgresDatabase,
  now: Clock,
): Promise<Machine> {
  const holder = randomUUID();
  let number = 0;
  let ids: NewId = () => "";
  /** By this process's own clock, which never jumps. */
  let safeUntil = 0;

  const take = async () => {
    const asked = performance.now();
    const { rows } = await database.query(lease, holder, leaseMs);
    const [taken] = rows;
    if (taken === undefined) {
      throw new StoreRefusedError(
        `all 1,000 machine numbers of ${database.name} are held by nodes: end some, and wait a minute for the numbers of those that died`,
      );
    }
    number = Number(taken["number"]);
    ids = createIds(now, number);
    safeUntil = asked + leaseMs;
  };
  const keep = async () => {
    const asked = performance.now();
    const { count } = await database.query(renew, holder, leaseMs, number);
    if (count === 1) {
      safeUntil = asked + leaseMs;
    } else {
      await take();
    }
  };
  await take();
  const timer = setInterval(() => {
    // The database is unavailable: calls get that error, and the lease lasts for a while.
    keep().catch(() => undefined);
  }, renewMs).unref();
  return {
    newId: () => {
      if (performance.now() < safeUntil) {
        return ids();
      }
      throw new StoreUnavailableError(
        "the lease of this node's machine number has ended, since the database was away",
      );
    },
    release: async () => {
      clearInterval(timer);
      await database
        .query(renew, holder, restMs, number)
        .catch(() => undefined);
    },
  };
}
