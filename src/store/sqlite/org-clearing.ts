import type { Database, Statement } from "better-sqlite3";
import {
  clearingSteps,
  endOfClearing,
  findOrgToClear,
} from "../shared/org-removal.ts";
import type { OrgStatement } from "../shared/org-removal.ts";
import type { Subjects } from "./subjects.ts";
import type { TransactionMemory } from "./transaction-memory.ts";

/** Removes what is left of organisations that were removed. */
export interface OrgClearing {
  /** Whether something is. */
  isDue(): boolean;
  /** Removes some rows, so many at most beside those that go with them; says how many. Inside a transaction. */
  clear(limit: number): number;
}

type Values = Readonly<Record<number, string | number>>;

/** Prepares {@link OrgClearing}. Most statements are prepared when they are first used: seldom is an organisation removed. */
export function prepareClearing(
  database: Database,
  memory: Pick<TransactionMemory, "forget">,
  subjects: Pick<Subjects, "someOf" | "remove">,
): OrgClearing {
  const find = database.prepare<[], string>(findOrgToClear.text).pluck();
  const prepared = new Map<string, Statement<[Values]>>();
  const run = ({ name, text }: OrgStatement, values: Values): number => {
    const statement = prepared.get(name) ?? database.prepare<[Values]>(text);
    prepared.set(name, statement);
    return statement.run(values).changes;
  };
  return {
    isDue: () => find.get() !== undefined,
    clear: (limit) => {
      const orgId = find.get();
      if (orgId === undefined) {
        return 0;
      }
      // What is counted of names and sources.
      memory.forget();
      for (const step of clearingSteps) {
        let changed = 0;
        for (const statement of step) {
          changed = run(statement, { 1: orgId, 2: limit });
        }
        if (changed > 0) {
          return changed;
        }
      }
      const keys = subjects.someOf(orgId, limit);
      for (const key of keys) {
        subjects.remove(key);
      }
      if (keys.length > 0) {
        return keys.length;
      }
      database.prepare("DELETE FROM name_counts WHERE org_id = ?").run(orgId);
      for (const statement of endOfClearing) {
        run(statement, { 1: orgId });
      }
      return 1;
    },
  };
}
