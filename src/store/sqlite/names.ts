import type { Database } from "better-sqlite3";
import { createNameKey, hashName } from "../shared/name-hash.ts";
import { readDeviceToken, signDevice } from "../shared/device-token.ts";
import { hashSecret } from "../shared/secret-hash.ts";
import { nameRankSql } from "../shared/name-rank.ts";
import type { NameCount } from "../shared/name-rank.ts";
import type { SubjectId } from "../commands/tables.ts";
import type { TransactionMemory } from "./transaction-memory.ts";

/** The login names that are kept, and how many there are. Changes are made inside a transaction. */
export interface Names {
  hash(foldedName: string): Uint8Array;
  hashSecret(id: SubjectId, secretDigest: Uint8Array): string;
  signDevice(id: SubjectId, deviceId: string): string;
  readDeviceToken(id: SubjectId, token: string): string | undefined;
  /** Counts a name of this organisation that is about to be kept, and removes another one where there are too many. */
  add(orgId: string): void;
  /** Counts a name of this organisation less, which was removed. */
  subtract(orgId: string): void;
}

/**
 * How many candidates are examined for each new name: one whose stored rank proves too low is not removed. Where none can be, there are more
 * names than the bound for a while, by a sixteenth at most, until later ones replace them.
 */
const maxLooks = 16;

/** @param remove removes a name */
export function prepareNames(
  database: Database,
  memory: TransactionMemory,
  maxNames: number,
  remove: (key: number) => void,
): Names {
  const total = database.prepare<[], number>("SELECT count FROM names").pluck();
  const addTotal = database.prepare<[number]>(
    "UPDATE names SET count = count + ?",
  );
  const hashKey = database
    .prepare<[], Buffer>("SELECT hash_key FROM names")
    .pluck();
  const addOne = database.prepare<[string]>(
    `INSERT INTO name_counts (org_id, count) VALUES (?, 1)
     ON CONFLICT (org_id) DO UPDATE SET count = count + 1`,
  );
  const subtractOne = database.prepare<[string]>(
    "UPDATE name_counts SET count = count - 1 WHERE org_id = ?",
  );
  const countOf = database
    .prepare<[string], number>("SELECT count FROM name_counts WHERE org_id = ?")
    .pluck();
  const largest = database.prepare<[], NameCount>(
    "SELECT org_id AS orgId, count FROM name_counts ORDER BY count DESC LIMIT 1",
  );
  const lowest = database.prepare<
    [string],
    { readonly key: number; readonly rank: number; readonly found: number }
  >(
    `SELECT key, rank, ${nameRankSql} AS found FROM subjects INDEXED BY names_by_rank
     WHERE org_id = ? AND name_hash IS NOT NULL ORDER BY rank, key LIMIT 1`,
  );
  const setRank = database.prepare<[number, number]>(
    "UPDATE subjects SET rank = ? WHERE key = ?",
  );
  const key = memory.value(() => {
    const bytes = hashKey.get();
    if (bytes === undefined) {
      throw new Error("the key of the names is missing");
    }
    return createNameKey(bytes);
  });
  const kept = memory.value(() => total.get() ?? 0);
  const count = (orgId: string, more: 1 | -1) => {
    (more === 1 ? addOne : subtractOne).run(orgId);
    addTotal.run(more);
    kept.set(kept.get() + more);
  };
  /** The organisation of which a name is removed, so that this one can have one more. */
  const giver = (orgId: string): string | undefined => {
    const most = largest.get();
    const own = countOf.get(orgId) ?? 0;
    return own > 0 && own + 1 >= (most?.count ?? 0) ? orgId : most?.orgId;
  };
  const makeRoom = (orgId: string) => {
    for (
      let looks = 0;
      looks < maxLooks && kept.get() >= maxNames;
      looks += 1
    ) {
      const from = giver(orgId);
      if (from === undefined) {
        return;
      }
      const first = lowest.get(from);
      if (first === undefined) {
        return;
      }
      if (first.found > first.rank) {
        setRank.run(first.found, first.key);
      } else {
        remove(first.key);
        count(from, -1);
      }
    }
  };
  return {
    hash: (foldedName) => hashName(key.get(), foldedName),
    hashSecret: (id, digest) => hashSecret(key.get(), id, digest),
    signDevice: (id, deviceId) => signDevice(key.get(), id, deviceId),
    readDeviceToken: (id, token) => readDeviceToken(key.get(), id, token),
    add: (orgId) => {
      makeRoom(orgId);
      count(orgId, 1);
    },
    subtract: (orgId) => {
      count(orgId, -1);
    },
  };
}
