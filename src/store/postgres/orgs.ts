import { LockoutError } from "../../lockout/errors/errors.ts";
import { renameOrg } from "../../lockout/org.ts";
import { orgAdded, orgRemoved } from "../../lockout/events/access-events.ts";
import type { Org, OrgStore } from "../access.ts";
import { orgAggregate } from "../commands/tables.ts";
import { mayBeId } from "../ids.ts";
import type { NewId } from "../ids.ts";
import { readOrgPage } from "../commands/access-pages.ts";
import { orgSliceSql, sliceStart, toSlice } from "../shared/access-lists.ts";
import {
  dateRemoval,
  endOfOrg,
  findPresentOrg,
} from "../shared/org-removal.ts";
import { orgColumns, toOrg } from "../shared/rows.ts";
import type { OrgRow } from "../shared/rows.ts";
import type { PostgresDatabase } from "./database.ts";
import { withFreeId } from "./free-id.ts";
import { createLookups } from "./lookups.ts";
import type { Call, Statement } from "./pipeline.ts";
import type { Recorder } from "./recorder.ts";

const insert: Statement = {
  name: "insert_org",
  text: "INSERT INTO orgs (id, name, creation_date) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
};
const sliceValues = ["afterDate", "afterId", "limit"] as const;
const list: Statement = {
  name: "list_orgs",
  text: orgSliceSql((name) => `$${sliceValues.indexOf(name) + 1}`),
};
const find: Statement = {
  name: "find_orgs",
  text: `SELECT ${orgColumns} FROM orgs WHERE id = ANY ($1::text[]) AND removal_date IS NULL`,
};
const findToChange: Statement = {
  name: "find_org_to_change",
  text: `${find.text} FOR UPDATE`,
};
const update: Statement = {
  name: "rename_org",
  text: "UPDATE orgs SET name = $1 WHERE id = $2",
};

/** The statement that inserts an organisation; it inserts nothing where the id is taken. */
export function insertOrg({ id, name, creationDate }: Org): Call {
  return [insert, id, name, creationDate];
}

/**
 * The organisations. Each change is a transaction of its own.
 *
 * @param readTime the time at which something is created
 */
export function createOrgs(
  database: PostgresDatabase,
  recorder: Recorder,
  newId: NewId,
  readTime: () => Promise<number>,
): OrgStore {
  const lookUp = createLookups(async (ids) => {
    const { rows } = await database.query(find, ids);
    const orgs = rows.map((row) => toOrg(row as unknown as OrgRow));
    return new Map(orgs.map((org) => [org.id, org]));
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
    renameOrg: async (orgId, name, editor) => {
      const time = await readTime();
      return recorder.record(editor, time, async ({ send, append }) => {
        const [found] = await send([findToChange, [orgId]]);
        const row = found?.rows[0] as unknown as OrgRow | undefined;
        if (row === undefined) {
          return undefined;
        }
        const event = renameOrg(row.name, name);
        await send([update, name, orgId]);
        return append(orgAggregate(orgId), event);
      });
    },
    listOrgs: (page) =>
      readOrgPage(page, async (after, limit) => {
        const asked = sliceStart(after, limit);
        const { rows } = await database.query(
          list,
          ...sliceValues.map((name) => asked[name]),
        );
        const orgs = rows.map((row) => toOrg(row as unknown as OrgRow));
        return toSlice(orgs, limit);
      }),
    findOrg: async (orgId) => (mayBeId(orgId) ? lookUp(orgId) : undefined),
    orgExists: async (orgId) =>
      mayBeId(orgId) && (await lookUp(orgId)) !== undefined,
    removeOrg: async (orgId, editor) => {
      const time = await readTime();
      return recorder.recordAlone(editor, time, async ({ send, append }) => {
        const [found] = await send([findPresentOrg, orgId]);
        const row = found?.rows[0];
        if (row === undefined) {
          return undefined;
        }
        if (row["is_first"] === 1) {
          throw new LockoutError("firstOrganizationStays");
        }
        await send(
          [dateRemoval, orgId, time],
          ...endOfOrg.map((statement) => [statement, orgId] as const),
        );
        return append(orgAggregate(orgId), orgRemoved);
      });
    },
  };
}
