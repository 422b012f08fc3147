import type { Database } from "better-sqlite3";
import { instanceAdded } from "../../lockout/events/access-events.ts";
import type { NewId } from "../ids.ts";
import type { Clock } from "../ids.ts";
import type { Instance } from "../store.ts";
import type { EventTable } from "../commands/tables.ts";

/** The instance, once there is one. */
export interface Instances {
  find(): Instance | undefined;
  /** Inside a transaction, where there is none. `createOrg` gives the id of the first organisation. */
  create(createOrg: () => string, editor: string): Instance;
}

/** Prepares the statements of {@link Instances}. */
export function prepareInstance(
  database: Database,
  events: EventTable,
  now: Clock,
  newId: NewId,
): Instances {
  const find = database.prepare<[], Instance>(
    `SELECT id, first_org_id AS "firstOrgId" FROM instance`,
  );
  const insert = database.prepare<[string, string, number]>(
    "INSERT INTO instance (only_one, id, first_org_id, creation_date) VALUES (1, ?, ?, ?)",
  );
  return {
    find: () => find.get(),
    create: (createOrg, editor) => {
      const id = newId();
      const aggregate = { type: "instance", id, resourceOwner: id } as const;
      events.append(aggregate, editor, instanceAdded, now());
      const firstOrgId = createOrg();
      insert.run(id, firstOrgId, now());
      return { id, firstOrgId };
    },
  };
}
