import { join } from "node:path";
import Database from "better-sqlite3";
import { loadOptional, notInstalled } from "../support/optional-package.ts";
import { openPool, startPostgres } from "../support/postgres.ts";
import type { PgPackage } from "../support/postgres.ts";
import { startRedis } from "../support/redis-server.ts";
import type { Skipped } from "../support/redis-server.ts";
import type { Compare, Contestant, Guard } from "./guard.ts";

/** What is used of a limiter of the package `rate-limiter-flexible`. */
interface Limiter {
  get(key: string): Promise<{ readonly consumedPoints: number } | null>;
  /** Rejects, with something that is no Error, above the limit. */
  consume(key: string): Promise<unknown>;
}

interface LimiterOptions {
  readonly storeClient: unknown;
  readonly storeType?: string;
  readonly tableName?: string;
  readonly keyPrefix: string;
  readonly points: number;
  /** Seconds. */
  readonly duration: number;
}

type LimiterClass = new (
  options: LimiterOptions,
  ready?: (error?: Error) => void,
) => Limiter;

interface LimiterPackage {
  readonly RateLimiterRedis: LimiterClass;
  readonly RateLimiterPostgres: LimiterClass;
  readonly RateLimiterSQLite: LimiterClass;
}

interface RedisPackage {
  readonly Redis: new (port: number) => { quit(): Promise<unknown> };
}

/** A store that a limiter counts in. */
interface Backend {
  readonly limiter: Limiter;
  close(): Promise<void>;
}

type StartBackend = (
  limiters: LimiterPackage,
  directory: string,
  limit: number,
) => Promise<Backend | Skipped>;

/**
 * Check first, verify, then count: the order of steps of "Minimal protection against password brute-force" in the
 * package's documentation (its wiki, page "Overall example").
 */
async function checkVerifyCount(
  limiter: Limiter,
  limit: number,
  compare: Compare,
): Promise<void> {
  const counted = await limiter.get(key);
  if (counted !== null && counted.consumedPoints >= limit) {
    return;
  }
  if (await compare()) {
    return;
  }
  await countOne(limiter);
}

/** The same limiter used the other way round: whoever may not be counted is not compared. */
async function countVerify(
  limiter: Limiter,
  _limit: number,
  compare: Compare,
): Promise<void> {
  if (await countOne(limiter)) {
    await compare();
  }
}

type Login = typeof checkVerifyCount;

const key = "known.user@example.com";
const day = 24 * 60 * 60;

/** Says whether it was within the limit. */
async function countOne(limiter: Limiter): Promise<boolean> {
  try {
    await limiter.consume(key);
    return true;
  } catch (error) {
    if (error instanceof Error) {
      throw error;
    }
    return false;
  }
}

const redis: StartBackend = async (limiters, directory, limit) => {
  const client = await loadOptional<RedisPackage>("ioredis");
  if (client === undefined) {
    return { skipped: notInstalled("ioredis") };
  }
  const server = await startRedis(directory);
  if ("skipped" in server) {
    return server;
  }
  const connection = new client.Redis(server.port);
  return {
    limiter: new limiters.RateLimiterRedis(
      options(limit, { storeClient: connection }),
    ),
    close: async () => {
      await connection.quit();
      await server.stop();
    },
  };
};

const postgres: StartBackend = async (limiters, directory, limit) => {
  const pg = await loadOptional<PgPackage>("pg");
  if (pg === undefined) {
    return { skipped: notInstalled("pg") };
  }
  const server = await startPostgres(directory);
  if ("skipped" in server) {
    return server;
  }
  const pool = openPool(pg, server.port, 10);
  return {
    limiter: await createLimiter(
      limiters.RateLimiterPostgres,
      options(limit, { storeClient: pool, tableName: "limits" }),
    ),
    close: async () => {
      await pool.end();
      await server.stop();
    },
  };
};

const sqlite: StartBackend = async (limiters, directory, limit) => {
  const database = new Database(join(directory, "limits.db"));
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  return {
    limiter: await createLimiter(
      limiters.RateLimiterSQLite,
      options(limit, {
        storeClient: database,
        storeType: "better-sqlite3",
        tableName: "limits",
      }),
    ),
    close: async () => {
      database.close();
    },
  };
};

function options(
  limit: number,
  client: Pick<LimiterOptions, "storeClient" | "storeType" | "tableName">,
): LimiterOptions {
  return { ...client, keyPrefix: "login", points: limit, duration: day };
}

/** Limiters on tables create them first, and say when they are ready. */
function createLimiter(
  Class: LimiterClass,
  given: LimiterOptions,
): Promise<Limiter> {
  return new Promise((resolve, reject) => {
    const limiter = new Class(given, (error) => {
      if (error === undefined) {
        resolve(limiter);
      } else {
        reject(error);
      }
    });
  });
}

function contestant(
  title: string,
  login: Login,
  store: string,
  startBackend: StartBackend,
): Contestant {
  return {
    title,
    store,
    start: async (directory, limit): Promise<Guard | Skipped> => {
      const name = "rate-limiter-flexible";
      const limiters = await loadOptional<LimiterPackage>(name);
      if (limiters === undefined) {
        return { skipped: notInstalled(name) };
      }
      const backend = await startBackend(limiters, directory, limit);
      if ("skipped" in backend) {
        return backend;
      }
      return {
        login: (compare) => login(backend.limiter, limit, compare),
        close: () => backend.close(),
      };
    },
  };
}

const documented = "rate-limiter-flexible, as documented: check, verify, count";
const reversed = "rate-limiter-flexible, count, then verify";

export const rateLimiters: readonly Contestant[] = [
  contestant(documented, checkVerifyCount, "Redis", redis),
  contestant(documented, checkVerifyCount, "PostgreSQL", postgres),
  contestant(documented, checkVerifyCount, "SQLite", sqlite),
  contestant(reversed, countVerify, "Redis", redis),
  contestant(reversed, countVerify, "PostgreSQL", postgres),
  contestant(reversed, countVerify, "SQLite", sqlite),
];
