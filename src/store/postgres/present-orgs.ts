import type { OrgTable } from "../commands/tables.ts";
import { requireOrg } from "../commands/tables.ts";
import type { Connection } from "./database.ts";
import type { Statement } from "./pipeline.ts";

/**
 * Keeps organisations from being removed until the end of the transaction, which waits where one is being removed. It comes first: what
 * follows sees that. All changes share this lock of a table without rows, and write nothing for it.
 */
export const keepOrgs: Statement = {
  name: "keep_orgs",
  text: "LOCK TABLE org_removal IN ROW SHARE MODE",
};

/** Waits for the end of all changes, and holds up others until the end of the transaction: so it gives up soon where one does not end. */
export const haltChanges: readonly Statement[] = [
  { name: "halt_soon", text: "SET LOCAL lock_timeout = 500" },
  {
    name: "halt_changes",
    text: "LOCK TABLE org_removal IN EXCLUSIVE MODE",
  },
];

const findRemoved: Statement = {
  name: "find_removed_org",
  text: "SELECT id FROM orgs WHERE id = $1 AND removal_date IS NOT NULL",
};

/** @throws LockoutError `orgUnknown` where the organisation was removed */
export async function requirePresentOrg(
  { send }: Connection,
  orgId: string,
): Promise<void> {
  const [found] = await send([findRemoved, orgId]);
  requireOrg({ isRemoved: () => (found?.rows.length ?? 0) > 0 }, orgId);
}

/** The organisations that a batch has read. */
export class RemovedOrgs implements OrgTable {
  readonly #ids = new Set<string>();

  /** Takes one that was removed. */
  take(orgId: string): void {
    this.#ids.add(orgId);
  }

  isRemoved(orgId: string): boolean {
    return this.#ids.has(orgId);
  }
}
