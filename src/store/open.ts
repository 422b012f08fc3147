import { realpathSync } from "node:fs";
import { createIds } from "./ids.ts";
import { noMeter } from "./meter.ts";
import type { StoreMeter } from "./meter.ts";
import { openPostgresStore } from "./postgres/store.ts";
import { openSqliteStore } from "./sqlite/store.ts";
import { DatabaseUrlError } from "./store.ts";
import type { Clock } from "./ids.ts";
import type { Store } from "./store.ts";

/** How a store is opened. */
export interface OpenStoreOptions {
  /** For a server, which on SQLite must be the only one; the command-line tools work beside it. */
  readonly exclusive: boolean;
  /** How many users an organisation may have; any number unless it is set. */
  readonly maxUsersPerOrg?: number;
  /** Takes the place of the store's own clock: for tests. */
  readonly now?: Clock;
  /** Told once, until it is over, by how many milliseconds the clock is behind the dates of the events: it went back. */
  readonly onClockBehind?: (behindMs: number) => void;
  /** Told of what is committed. */
  readonly meter?: StoreMeter;
  /** Told how many sources of failures were removed to make room for others. */
  readonly onSourcesDropped?: (count: number) => void;
}

/**
 * Opens the store that a database URL names: `sqlite:PATH` or `postgres://…`.
 *
 * @throws DatabaseUrlError where the URL is neither, and what the engine throws
 */
export async function openStore(
  url: string,
  options: OpenStoreOptions,
): Promise<Store> {
  const { exclusive, maxUsersPerOrg = 0, now = Date.now } = options;
  const {
    onClockBehind = () => undefined,
    onSourcesDropped = () => undefined,
    meter = noMeter,
  } = options;
  if (isPostgres(url)) {
    return openPostgresStore({ url, ...options });
  }
  // A server is alone in its kind, with the number 0; tools beside it make ids in the same moment.
  const machine = exclusive ? 0 : 1 + (process.pid % 999);
  const newId = createIds(now, machine);
  return openSqliteStore({
    ...{ path: databasePath(url), exclusive, now, newId, maxUsersPerOrg },
    ...{ onClockBehind, onSourcesDropped, meter },
  });
}

/** Whether a database URL names a PostgreSQL database. */
export function isPostgres(url: string): boolean {
  return /^postgres(ql)?:\/\//i.test(url);
}

/** Where the master key of an SQLite database is kept, unless the operator gives one; undefined for PostgreSQL. */
export function masterKeyFileOf(url: string): string | undefined {
  return isPostgres(url)
    ? undefined
    : // Under the name that the other files beside the database have, whatever link it was opened by.
      `${realpathSync(databasePath(url))}.key`;
}

/** The file that a database URL names. @throws DatabaseUrlError where it is no such URL */
export function databasePath(url: string): string {
  const colon = url.indexOf(":");
  // Not more of it: other databases' URLs carry passwords.
  const scheme = url.slice(0, Math.max(colon, 0));
  if (scheme === "sqlite") {
    return sqlitePath(url.slice(colon + 1));
  }
  throw new DatabaseUrlError(
    scheme === ""
      ? `the database "${url}" has no scheme: write sqlite:PATH, such as sqlite:./lockoutd.db, or postgres://…`
      : `the database scheme "${scheme}" is unknown: write sqlite:PATH, such as sqlite:./lockoutd.db, or postgres://…`,
  );
}

/** A path as it stands, or an absolute one behind the two slashes that some put in every URL. */
function sqlitePath(rest: string): string {
  const path = rest.startsWith("///") ? rest.slice(2) : rest;
  if (path.trim() === "") {
    throw new DatabaseUrlError(
      "the database URL names no file: write sqlite:PATH, such as sqlite:./lockoutd.db",
    );
  }
  if (path.startsWith("//")) {
    throw new DatabaseUrlError(
      `the database URL "sqlite:${rest}" names a host, but SQLite has files only: write sqlite:PATH without "//"`,
    );
  }
  if (path === ":memory:") {
    throw new DatabaseUrlError(
      "a database in memory would forget every lock at a restart: write sqlite:PATH, such as sqlite:./lockoutd.db",
    );
  }
  if (path.includes("?")) {
    throw new DatabaseUrlError(
      `the database URL "sqlite:${rest}" has options behind "?", but takes none: write sqlite:PATH`,
    );
  }
  return path;
}
