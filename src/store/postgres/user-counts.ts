import { unnamed } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Call, Row, Statement } from "./pipeline.ts";
import type { SubjectEntry } from "./subjects.ts";

/** How many users an organisation has now. */
export interface UserCount {
  readonly orgId: string;
  readonly count: number;
}

/** Which organisations have reached the quota of users, as far as this node knows: it may exceed the quota by a batch. */
export interface UserCounts {
  /** Whether the quota is reached. If so, the count is read again, since another node may have removed users. */
  isFull(orgId: string): boolean;
  /** Takes counts that were written. */
  counted(counts: readonly UserCount[]): void;
}

const stepUserCounts: Statement = {
  name: "step_user_counts",
  text: `INSERT INTO user_counts (org_id, count) SELECT * FROM unnest($1::text[], $2::bigint[])
    ON CONFLICT (org_id) DO UPDATE SET count = user_counts.count + excluded.count
    RETURNING org_id, count`,
};

/** The statement that counts the users whom a batch has registered and removed, where there are any. */
export function countUsers(
  entries: Iterable<SubjectEntry>,
): readonly [Call] | readonly [] {
  const steps = new Map<string, number>();
  for (const { stored, change } of entries) {
    if (stored.userId === undefined) {
      continue;
    }
    const step = change === "new" ? 1 : change === "removed" ? -1 : 0;
    if (step !== 0) {
      steps.set(stored.orgId, (steps.get(stored.orgId) ?? 0) + step);
    }
  }
  if (steps.size === 0) {
    return [];
  }
  // Everybody locks the rows in one order.
  const sorted = [...steps].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    [
      stepUserCounts,
      sorted.map(([orgId]) => orgId),
      sorted.map(([, step]) => step),
    ],
  ];
}

/** Reads what the statement of {@link countUsers} returns. */
export function toUserCounts(rows: readonly Row[]): readonly UserCount[] {
  return rows.map((row) => ({
    orgId: row["org_id"] as string,
    count: Number(row["count"]),
  }));
}

/** @param max users of an organisation; 0 for any number */
export async function createUserCounts(
  database: PostgresDatabase,
  max: number,
): Promise<UserCounts> {
  const full = new Set<string>();
  /** Reads that are under way. One that a written count overtakes is dropped: what it read may be older. */
  const looking = new Map<string, object>();
  const note = ({ orgId, count }: UserCount) => {
    if (max > 0 && count >= max) {
      full.add(orgId);
    } else {
      full.delete(orgId);
    }
  };
  const look = async (orgId: string) => {
    if (looking.has(orgId)) {
      return;
    }
    const read = {};
    looking.set(orgId, read);
    try {
      const { rows } = await database.query(
        unnamed("SELECT count FROM user_counts WHERE org_id = $1"),
        orgId,
      );
      if (looking.get(orgId) === read) {
        note({ orgId, count: Number(rows[0]?.["count"] ?? 0) });
      }
    } finally {
      if (looking.get(orgId) === read) {
        looking.delete(orgId);
      }
    }
  };
  if (max > 0) {
    const { rows } = await database.query(
      unnamed("SELECT org_id FROM user_counts WHERE count >= $1"),
      max,
    );
    for (const row of rows) {
      full.add(row["org_id"] as string);
    }
  }
  return {
    isFull: (orgId) => {
      if (!full.has(orgId)) {
        return false;
      }
      // If the database is unavailable, the next call reads again.
      look(orgId).catch(() => undefined);
      return true;
    },
    counted: (counts) => {
      for (const count of counts) {
        looking.delete(count.orgId);
        note(count);
      }
    },
  };
}
