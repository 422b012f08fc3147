import type { Database } from "better-sqlite3";
import type { NewId } from "../ids.ts";
import type { Clock, Instance } from "../store.ts";

export interface Instances {
  find(): Instance | undefined;
  /** Inside a transaction, where there is none. */
  create(firstOrgId: string): Instance;
}

export function prepareInstance(
  database: Database,
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
    create: (firstOrgId) => {
      const id = newId();
      insert.run(id, firstOrgId, now());
      return { id, firstOrgId };
    },
  };
}
