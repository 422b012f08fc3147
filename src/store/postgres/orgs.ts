import { orgAdded } from "../../lockout/access-events.ts";
import type { Org } from "../access.ts";
import { orgAggregate } from "../commands/tables.ts";
import { mayBeId } from "../ids.ts";
import type { NewId } from "../ids.ts";
import { toOrg } from "../shared/rows.ts";
import type { OrgRow } from "../shared/rows.ts";
import type { PostgresDatabase } from "./database.ts";
import { withFreeId } from "./free-id.ts";
import { createLookups } from "./lookups.ts";
import type { Call, Statement } from "./pipeline.ts";
import type { Recorder } from "./recorder.ts";

/** The organisations. Each change is a transaction of its own. */
export interface Orgs {
  createOrg(name: string, editor: string): Promise<Org>;
  /** Oldest first. */
  listOrgs(): Promise<readonly Org[]>;
  orgExists(orgId: string): Promise<boolean>;
}

/** How many organisations are remembered to exist. */
const maxKnown = 10_000;

const insert: Statement = {
  name: "insert_org",
  text: "INSERT INTO orgs (id, name, creation_date) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
};
const list: Statement = {
  name: "list_orgs",
  text: "SELECT id, name, creation_date FROM orgs ORDER BY creation_date, id",
};
const find: Statement = {
  name: "find_orgs",
  text: "SELECT id FROM orgs WHERE id = ANY ($1::text[])",
};

/** The statement that inserts an organisation; it inserts nothing where the id is taken. */
export function insertOrg({ id, name, creationDate }: Org): Call {
  return [insert, id, name, creationDate];
}

/** @param readTime the time at which something is created */
export function createOrgs(
  database: PostgresDatabase,
  recorder: Recorder,
  newId: NewId,
  readTime: () => Promise<number>,
): Orgs {
  const known = new Set<string>();
  const lookUp = createLookups(async (ids) => {
    const { rows } = await database.query(find, ids);
    return new Map(rows.map(({ id }) => [id as string, id as string] as const));
  });
  return {
    createOrg: async (name, editor) => {
      const creationDate = await readTime();
      return recorder.record(editor, creationDate, async (change) => {
        const id = await withFreeId(newId, change, (free) =>
          insertOrg({ id: free, name, creationDate }),
        );
        change.append(orgAggregate(id), orgAdded(name));
        return { id, name, creationDate };
      });
    },
    listOrgs: async () => {
      const { rows } = await database.query(list);
      return rows.map((row) => toOrg(row as unknown as OrgRow));
    },
    orgExists: async (orgId) => {
      // No command removes an organisation.
      if (known.has(orgId)) {
        return true;
      }
      if (!mayBeId(orgId)) {
        return false;
      }
      // The database's string: the caller's may be a slice of a large request, which would stay in memory with it.
      const found = await lookUp(orgId);
      if (found === undefined) {
        return false;
      }
      if (known.size === maxKnown) {
        known.clear();
      }
      known.add(found);
      return true;
    },
  };
}
