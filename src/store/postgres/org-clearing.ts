import {
  clearingSteps,
  endOfClearing,
  findOrgToClear,
} from "../shared/org-removal.ts";
import { begin, commit } from "./database.ts";
import type { Connection, PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";

// One node clears an organisation at a time.
const takeOrg: Statement = {
  name: "take_org_to_clear",
  text: `${findOrgToClear.text} FOR UPDATE SKIP LOCKED`,
};
/** Removes subjects, `$2` at most. Who settles them may be removing some of them too. */
function removeSome(kind: "user_id" | "name_hash"): Statement {
  return {
    name: `clear_${kind}_of_org`,
    text: `WITH given AS (
      SELECT key FROM subjects WHERE org_id = $1 AND ${kind} IS NOT NULL ORDER BY ${kind} LIMIT $2 FOR UPDATE SKIP LOCKED
    ), emptied AS (
      DELETE FROM attempts WHERE outcome IS NULL AND subject IN (SELECT key FROM given)
    )
    DELETE FROM subjects WHERE key IN (SELECT key FROM given)`,
  };
}

const steps: readonly (readonly Statement[])[] = [
  ...clearingSteps,
  [removeSome("user_id")],
  [removeSome("name_hash")],
];

/**
 * Removes some of what is left of organisations that were removed, so many rows at most beside those that go with them; says how many. To be called
 * regularly, by any node.
 */
export async function clearOrgs(
  database: PostgresDatabase,
  limit: number,
): Promise<number> {
  const { rows } = await database.query(findOrgToClear);
  if (rows.length === 0) {
    return 0;
  }
  return database.use(async ({ send }) => {
    const [, taken] = await send([begin], [takeOrg]);
    const orgId = taken?.rows[0]?.["id"];
    const cleared =
      typeof orgId === "string" ? await clearOrg({ send }, orgId, limit) : 0;
    await send([commit]);
    return cleared;
  });
}

async function clearOrg(
  { send }: Connection,
  orgId: string,
  limit: number,
): Promise<number> {
  for (const step of steps) {
    const results = await send(
      ...step.map((statement) => [statement, orgId, limit] as const),
    );
    const count = results.at(-1)?.count ?? 0;
    if (count > 0) {
      return count;
    }
  }
  const results = await send(
    ...endOfClearing.map((statement) => [statement, orgId] as const),
  );
  return results.at(-1)?.count ?? 0;
}
