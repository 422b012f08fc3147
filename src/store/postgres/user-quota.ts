import { plain } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";

/** How many users an organisation has now. */
export interface UserCount {
  readonly orgId: string;
  readonly count: number;
}

/** Which organisations have as many users as they may have, as far as this node knows: it may let a batch of users too many in. */
export interface UserQuota {
  /** Whether no user more may be registered. Looks again soon, since another node may have removed some. */
  isFull(orgId: string): boolean;
  /** Takes counts that were written. */
  counted(counts: readonly UserCount[]): void;
}

/** @param max users of an organisation; 0 for any number */
export async function createUserQuota(
  database: PostgresDatabase,
  max: number,
): Promise<UserQuota> {
  const full = new Set<string>();
  const looking = new Set<string>();
  const counted = (counts: readonly UserCount[]) => {
    for (const { orgId, count } of counts) {
      if (max > 0 && count >= max) full.add(orgId);
      else full.delete(orgId);
    }
  };
  const look = async (orgId: string) => {
    if (looking.has(orgId)) return;
    looking.add(orgId);
    try {
      const { rows } = await database.query(
        plain("SELECT count FROM user_counts WHERE org_id = $1"),
        orgId,
      );
      counted([{ orgId, count: Number(rows[0]?.["count"] ?? 0) }]);
    } finally {
      looking.delete(orgId);
    }
  };
  if (max > 0) {
    const { rows } = await database.query(
      plain("SELECT org_id FROM user_counts WHERE count >= $1"),
      max,
    );
    for (const row of rows) full.add(row["org_id"] as string);
  }
  return {
    isFull: (orgId) => {
      if (!full.has(orgId)) return false;
      // Where the database is away, whoever asks next looks again.
      look(orgId).catch(() => undefined);
      return true;
    },
    counted,
  };
}
