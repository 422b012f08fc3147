import { setTimeout } from "node:timers/promises";
import { cpuSeconds } from "../support/cpu-time.ts";
import { quantile } from "../support/statistics.ts";
import type { DriverSpec, PairDriver } from "./drivers/driver.ts";
import { userCount } from "./drivers/driver.ts";
import { driveLockoutd } from "./drivers/lockoutd.ts";
import { drivePostgres } from "./drivers/postgres.ts";
import { driveRedis } from "./drivers/redis.ts";
import { driveSqlite } from "./drivers/sqlite.ts";
import { driveStore } from "./drivers/store.ts";

/** A run to make: so many pairs are always in flight. */
export interface LoadSpec {
  readonly driver: DriverSpec;
  readonly inFlight: number;
  /** How long to run before it counts, and then. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** The process whose CPU time is measured; undefined for the one that makes the load. */
  readonly cpuOf: number | undefined;
}

export interface Measurement {
  readonly pairsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Microseconds of CPU time for each pair; undefined where the system does not say. */
  readonly cpuMicros: number | undefined;
}

/** Runs go on where the one before ended: if each began anew, and ended early, some users would fail in all of them, and lock. */
let next = 0;

/** Makes the load of a run and measures it. */
export async function runLoad(spec: LoadSpec): Promise<Measurement> {
  const driver = await openDriver(spec.driver, spec.inFlight);
  const latencies: number[] = [];
  let measuring = false;
  let ending = false;
  const oneAfterAnother = async () => {
    while (!ending) {
      const user = next % userCount;
      const sweep = Math.floor(next / userCount);
      next += 1;
      const began = performance.now();
      await driver.pair(
        user,
        (user + sweep) % 2 === 0 ? "succeeded" : "failed",
      );
      if (measuring) {
        latencies.push(performance.now() - began);
      }
    }
  };
  const flights = Array.from({ length: spec.inFlight }, oneAfterAnother);
  const measure = async (): Promise<Measurement> => {
    await setTimeout(spec.warmUpSeconds * 1000);
    const cpuBefore = cpuSeconds(spec.cpuOf ?? process.pid);
    const began = performance.now();
    measuring = true;
    await setTimeout(spec.seconds * 1000);
    measuring = false;
    const elapsed = (performance.now() - began) / 1000;
    const cpuAfter = cpuSeconds(spec.cpuOf ?? process.pid);
    latencies.sort((one, other) => one - other);
    return {
      pairsPerSecond: latencies.length / elapsed,
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      cpuMicros:
        cpuBefore === undefined || cpuAfter === undefined
          ? undefined
          : ((cpuAfter - cpuBefore) * 1e6) / latencies.length,
    };
  };
  try {
    // A pair that fails ends the run, and does not wait for its end.
    const measured = await Promise.race([measure(), failureOf(flights)]);
    ending = true;
    await Promise.all(flights);
    return measured;
  } finally {
    ending = true;
    await driver.close();
  }
}

async function failureOf(flights: readonly Promise<void>[]): Promise<never> {
  await Promise.all(flights);
  throw new Error("the load ended by itself");
}

function openDriver(
  spec: DriverSpec,
  inFlight: number,
): PairDriver | Promise<PairDriver> {
  switch (spec.kind) {
    case "lockoutd":
      return driveLockoutd(spec, inFlight);
    case "redis":
      return driveRedis(spec, inFlight);
    case "postgres":
      return drivePostgres(spec);
    case "store":
      return driveStore(spec);
    case "sqlite":
      return driveSqlite(spec);
  }
}
