import type { Problems } from "./problems.ts";
import type { EventRow } from "./rows.ts";

/** What is read of a database. */
interface RowSource {
  rows<Row>(sql: string): readonly Row[] | Promise<readonly Row[]>;
}

/** Rows that have to go with their organisation, by what they are called in messages. */
const ofOrgs: Readonly<Record<string, string>> = {
  users: "subjects s WHERE s.org_id = o.id AND s.user_id IS NOT NULL",
  "login names": "subjects s WHERE s.org_id = o.id AND s.name_hash IS NOT NULL",
  tokens: "tokens t WHERE t.org_id = o.id",
  "service accounts": "accounts a WHERE a.org_id = o.id",
  hooks: "hooks h WHERE h.org_id = o.id",
};

/** Organisations that were removed: nothing happens in them any more, and where they are cleared nothing is left of them. */
export class RemovedOrgCheck {
  readonly #problems: Problems;
  readonly #removed = new Set<string>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Takes the next event; says whether it is the removal of an organisation. */
  add({
    position,
    resource_owner: owner,
    type,
  }: Pick<EventRow, "position" | "resource_owner" | "type">): boolean {
    if (this.#removed.has(owner)) {
      this.#problems.report(
        `event ${position}, ${type}, is of the organisation ${owner}, which was removed before`,
      );
    }
    if (type !== "org.removed") {
      return false;
    }
    this.#removed.add(owner);
    return true;
  }

  /** Looks for what is left, once all events were taken. */
  async check(source: RowSource): Promise<void> {
    for (const [what, rows] of Object.entries(ofOrgs)) {
      const left = await source.rows<{ readonly id: string }>(
        `SELECT o.id FROM orgs o WHERE o.is_cleared = 1 AND EXISTS (SELECT 1 FROM ${rows})`,
      );
      for (const { id } of left) {
        this.#problems.report(
          `the organisation ${id} was removed, but has ${what} left`,
        );
      }
    }
  }
}
