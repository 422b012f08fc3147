import type { Database } from "better-sqlite3";
import { mayBeId } from "../ids.ts";
import { renameOrg } from "../../lockout/org.ts";
import { orgAdded } from "../../lockout/events/access-events.ts";
import type { NewId } from "../ids.ts";
import { orgSliceSql } from "../shared/access-lists.ts";
import type { CreatedSliceValues } from "../shared/access-lists.ts";
import { orgColumns, toOrg } from "../shared/rows.ts";
import type { OrgRow } from "../shared/rows.ts";
import type { Clock } from "../ids.ts";
import type { Org } from "../access.ts";
import type { RecordedEvent } from "../events.ts";
import { orgAggregate } from "../commands/tables.ts";
import type { EventTable } from "../commands/tables.ts";
import { withFreeId } from "./free-id.ts";

/** The organisations. */
export interface Orgs {
  /** Inside a transaction. */
  create(name: string, editor: string): Org;
  /** Inside a transaction. @throws LockoutError */
  rename(
    orgId: string,
    name: string,
    editor: string,
  ): RecordedEvent | undefined;
  /** The next ones, oldest first. */
  list(values: CreatedSliceValues): readonly Org[];
  find(orgId: string): Org | undefined;
  exists(orgId: string): boolean;
}

/** How many organisations are remembered to exist. */
const maxKnown = 10_000;

/** Prepares the statements of {@link Orgs}. */
export function prepareOrgs(
  database: Database,
  events: EventTable,
  now: Clock,
  newId: NewId,
): Orgs {
  const insert = database.prepare<[string, string, number]>(
    "INSERT INTO orgs (id, name, creation_date) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
  );
  const list = database.prepare<[CreatedSliceValues], OrgRow>(
    orgSliceSql((name) => `@${name}`),
  );
  const find = database.prepare<[string], OrgRow>(
    `SELECT ${orgColumns} FROM orgs WHERE id = ?`,
  );
  const update = database.prepare("UPDATE orgs SET name = ? WHERE id = ?");
  const known = new Set<string>();
  return {
    create: (name, editor) => {
      const creationDate = now();
      const id = withFreeId(newId, (candidate) =>
        insert.run(candidate, name, creationDate),
      );
      events.append(orgAggregate(id), editor, orgAdded(name), creationDate);
      return { id, name, creationDate };
    },
    rename: (orgId, name, editor) => {
      const before = find.get(orgId);
      if (before === undefined) {
        return undefined;
      }
      const event = renameOrg(before.name, name);
      update.run(name, orgId);
      return events.append(orgAggregate(orgId), editor, event, now());
    },
    list: (values) => list.all(values).map(toOrg),
    find: (orgId) => {
      const row = find.get(orgId);
      return row && toOrg(row);
    },
    exists: (orgId) => {
      // No command removes an organisation.
      if (known.has(orgId)) {
        return true;
      }
      if (!mayBeId(orgId)) {
        return false;
      }
      // The database's string: the caller's may be a slice of a large request, which would stay in memory with it.
      const found = find.get(orgId)?.id;
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
