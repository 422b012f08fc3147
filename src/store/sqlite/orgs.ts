import type { Database } from "better-sqlite3";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { renameOrg } from "../../lockout/org.ts";
import { orgAdded, orgRemoved } from "../../lockout/events/access-events.ts";
import type { NewId } from "../ids.ts";
import { orgSliceSql } from "../shared/access-lists.ts";
import type { CreatedSliceValues } from "../shared/access-lists.ts";
import { orgColumns, toOrg } from "../shared/rows.ts";
import type { OrgRow } from "../shared/rows.ts";
import type { Clock } from "../ids.ts";
import type { Org } from "../access.ts";
import type { RecordedEvent } from "../events.ts";
import { orgAggregate } from "../commands/tables.ts";
import type { EventTable, OrgTable } from "../commands/tables.ts";
import {
  dateRemoval,
  endOfOrg,
  findPresentOrg,
} from "../shared/org-removal.ts";
import { withFreeId } from "./free-id.ts";
import type { TransactionMemory } from "./transaction-memory.ts";

/** The organisations. */
export interface Orgs extends OrgTable {
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
  /** Inside a transaction. Its event; undefined where there was none. @throws LockoutError `firstOrganizationStays` */
  remove(orgId: string, editor: string): RecordedEvent | undefined;
}

/** Prepares the statements of {@link Orgs}. */
export function prepareOrgs(
  database: Database,
  events: EventTable,
  memory: TransactionMemory,
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
    `SELECT ${orgColumns} FROM orgs WHERE id = ? AND removal_date IS NULL`,
  );
  const update = database.prepare("UPDATE orgs SET name = ? WHERE id = ?");
  const findRemoved = database
    .prepare<[string], number>(
      "SELECT 1 FROM orgs WHERE id = ? AND removal_date IS NOT NULL",
    )
    .pluck();
  const findPresent = database.prepare<
    [{ readonly 1: string }],
    { readonly is_first: number }
  >(findPresentOrg.text);
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
    isRemoved: memory.lookUp(
      (orgId: string) => findRemoved.get(orgId) !== undefined,
    ),
    remove: (orgId, editor) => {
      const found = findPresent.get({ 1: orgId });
      if (found === undefined) {
        return undefined;
      }
      if (found.is_first === 1) {
        throw new LockoutError("firstOrganizationStays");
      }
      const time = now();
      database.prepare(dateRemoval.text).run({ 1: orgId, 2: time });
      for (const { text } of endOfOrg) {
        database.prepare(text).run({ 1: orgId });
      }
      memory.forget();
      return events.append(orgAggregate(orgId), editor, orgRemoved, time);
    },
  };
}
