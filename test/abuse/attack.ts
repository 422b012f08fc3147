import type { Role } from "../../src/auth/roles.ts";
import type { Tally } from "./tally.ts";

/** What an attacker knows of the server. It goes to the attacker's process as JSON. */
export interface Target {
  readonly port: number;
  /** How long the attack lasts, in seconds. */
  readonly seconds: number;
  /** A token of the attack's role; empty for a stranger. */
  readonly token: string;
  /** For what an attack has to prepare, and for nothing else. */
  readonly adminToken: string;
  /** What the server wrote to standard error. */
  readonly logFile: string;
  /** The file of SQLite, or the URL of PostgreSQL. */
  readonly database: string;
}

/** What the server is started with beyond the defaults. */
export interface ServerNeeds {
  readonly flags?: readonly string[];
  /** The log goes to a terminal. */
  readonly terminal?: boolean;
  readonly tls?: boolean;
  /** The server's clock runs so many times faster. */
  readonly clockSpeed?: number;
  /** Memory that the server may have, in MiB, and what it must stay under; else the {@link bounds} of all. */
  readonly memory?: { readonly limit: number; readonly bound: number };
}

/** One way to take the server's memory or time, or to learn what one must not. */
export interface Attack {
  readonly name: string;
  /** What is sent, in a sentence. */
  readonly what: string;
  /** What the attacker's token may do; without it the attacker is a stranger. */
  readonly role?: Role;
  readonly needs?: ServerNeeds;
  /** Runs before anything is measured, with a target whose token is the attack's. */
  readonly prepare?: (target: Target) => Promise<void>;
  /** Attacks for the seconds of the target, or until there is nothing more to send. Returns what was wrong beyond what is measured of every attack. */
  readonly run: (
    target: Target,
    tally: Tally,
  ) => Promise<readonly string[] | undefined>;
}
