import { readFileSync } from "node:fs";
import type { PoolConfig } from "pg";
import { DatabaseUrlError } from "../store.ts";

/** How a server is reached, as a URL says it. */
export interface PostgresAddress {
  /** Host, port and database, for messages: without the password. */
  readonly name: string;
  readonly options: PoolConfig;
}

const example = "postgres://USER:PASSWORD@HOST:5432/DATABASE";

const sslModes = ["disable", "require", "verify-ca", "verify-full"] as const;
type SslMode = (typeof sslModes)[number];

const defaultPoolSize = 10;

/**
 * Reads `postgres://user:password@host:port/database`, with these parameters as libpq has them: `sslmode` (disable, require,
 * verify-ca, verify-full; default disable), `sslrootcert`, `sslcert`, `sslkey` (PEM files), `host` (a directory of a Unix
 * socket); and `pool_max`, the number of connections (default 10).
 *
 * @throws DatabaseUrlError, never with the password in its message
 */
export function readPostgresUrl(text: string): PostgresAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new DatabaseUrlError(
      `the PostgreSQL URL cannot be read: write ${example}, with %XX for special characters in user and password`,
    );
  }
  const parameters = new Map(url.searchParams);
  const take = (name: string) => {
    const value = parameters.get(name);
    parameters.delete(name);
    return value;
  };
  const database = decode(url.pathname.slice(1), "database");
  if (database === "") {
    throw new DatabaseUrlError(
      `the PostgreSQL URL names no database: write ${example}`,
    );
  }
  const user = decode(url.username, "user");
  const password = decode(url.password, "password");
  const host = take("host") ?? url.hostname.replaceAll(/^\[|\]$/g, "");
  const poolSize = readPoolSize(take("pool_max"));
  const ssl = readSsl(readSslMode(take("sslmode")), take, host);
  const [unknown] = parameters.keys();
  if (unknown !== undefined) {
    throw new DatabaseUrlError(
      `the PostgreSQL URL has the parameter "${unknown}", which is unknown: sslmode, sslrootcert, sslcert, sslkey, host and pool_max are known`,
    );
  }
  return {
    name: `${host === "" ? "localhost" : host}${url.port === "" ? "" : `:${url.port}`}/${database}`,
    options: {
      database,
      max: poolSize,
      ssl,
      ...(host !== "" && { host }),
      ...(url.port !== "" && { port: Number(url.port) }),
      ...(user !== "" && { user }),
      ...(password !== "" && { password }),
    },
  };
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new DatabaseUrlError(
      `the ${what} of the PostgreSQL URL has a malformed escape: write %25 for a percent sign`,
    );
  }
}

function readPoolSize(text: string | undefined): number {
  if (text === undefined) {
    return defaultPoolSize;
  }
  const size = Number(text);
  if (/^\d{1,4}$/.test(text) && size >= 2 && size <= 1000) {
    return size;
  }
  throw new DatabaseUrlError(
    `pool_max of the PostgreSQL URL is "${text}": write a number from 2 to 1000`,
  );
}

function readSslMode(text: string | undefined): SslMode {
  if (text === undefined) {
    return "disable";
  }
  const mode = sslModes.find((one) => one === text);
  if (mode !== undefined) {
    return mode;
  }
  throw new DatabaseUrlError(
    `sslmode of the PostgreSQL URL is "${text}": write one of ${sslModes.join(", ")}`,
  );
}

function readSsl(
  mode: SslMode,
  take: (name: string) => string | undefined,
  host: string,
): PoolConfig["ssl"] {
  const files = ["sslrootcert", "sslcert", "sslkey"].map((name) =>
    readPem(name, take(name)),
  );
  if (mode === "disable") {
    return false;
  }
  const [ca, cert, key] = files;
  return {
    rejectUnauthorized: mode !== "require",
    // The host's name counts only in the strictest mode.
    ...(mode === "verify-full"
      ? { servername: host }
      : { checkServerIdentity: () => undefined }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

function readPem(name: string, path: string | undefined): string | undefined {
  if (path === undefined) {
    return undefined;
  }
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DatabaseUrlError(
      `${name} of the PostgreSQL URL cannot be read: ${reason}`,
      { cause: error },
    );
  }
}
