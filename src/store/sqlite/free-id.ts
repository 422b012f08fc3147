import type { RunResult } from "better-sqlite3";
import type { NewId } from "../ids.ts";

const maxTries = 1000;

/**
 * Inserts with new ids until one was free. A server and a command-line tool make ids by the same clock, and may make
 * the same one. `insert` does nothing where the id is taken.
 */
export function withFreeId(
  newId: NewId,
  insert: (id: string) => RunResult,
): string {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const id = newId();
    if (insert(id).changes > 0) {
      return id;
    }
  }
  throw new Error(`none of ${maxTries} new ids was free`);
}
