import { DatabaseError } from "pg";
import { StoreUnavailableError } from "../store.ts";

/** What an operator can do about SQLSTATE codes and classes that are about the server, not about a statement. */
const remedies = new Map<string, string>([
  ["08", "the connection broke: the server or the network is away"],
  ["25006", "the server is read-only: connect to the primary"],
  ["25P03", "a transaction was idle for too long: is this machine overloaded?"],
  ["28", "the server refuses this user: check user, password and pg_hba.conf"],
  ["3D000", "there is no such database: create it"],
  ["40", "other transactions were in the way, again and again: try again"],
  ["42501", "this user may not: grant it the rights on the schema"],
  ["53", "the server has run out of connections, memory or disk: make room"],
  ["55P03", "another transaction keeps a row locked: try again"],
  ["57", "the server is being stopped or started, or took too long"],
  ["58", "the server reports an error of its system: see its log"],
  ["XX", "the server reports an internal error: see its log"],
]);

/** The commands of a batch cannot share a transaction: they have to be run in smaller batches. */
export class BatchError extends Error {
  override readonly name = "BatchError";

  constructor() {
    super("commands that cannot share a transaction met");
  }
}

// Serialization failure, deadlock, or both transactions created the same row, or the same table: PostgreSQL looks before it creates one
// `IF NOT EXISTS`, and what another transaction commits between the two is an error of the table (42P07) or of its type (42710).
const conflicts = new Set(["40001", "40P01", "23505", "42P07", "42710"]);

/** Whether the same transaction may succeed when it is retried. */
export function isConflict(error: unknown): boolean {
  return error instanceof DatabaseError && conflicts.has(error.code ?? "");
}

/** Whether an error means that the server cannot be used now, and not that a statement is wrong. */
export function isUnavailable(error: unknown): boolean {
  return (
    error instanceof StoreUnavailableError ||
    !(error instanceof DatabaseError) ||
    remedyFor(error) !== undefined
  );
}

/** Makes the port's error of any error that keeps the server from being used. */
export function unavailable(error: unknown): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) {
    return error;
  }
  const [reason, remedy] =
    error instanceof DatabaseError
      ? [error.code ?? "no code", remedyFor(error) ?? "see the cause"]
      : [codeOf(error), "check that it runs, and the network between"];
  return new StoreUnavailableError(
    `the PostgreSQL database cannot be used (${reason}): ${remedy}`,
    { cause: error },
  );
}

function remedyFor({ code = "" }: DatabaseError): string | undefined {
  return remedies.get(code) ?? remedies.get(code.slice(0, 2));
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return "unknown error";
  }
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
