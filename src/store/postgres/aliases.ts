import { LockoutError } from "../../lockout/errors/errors.ts";
import type { AliasTable } from "../commands/tables.ts";
import type { Alias } from "../users.ts";
import { BatchError } from "./errors.ts";
import type { Journal } from "./journal.ts";
import type { Call, Statement } from "./pipeline.ts";
import type { Subjects } from "./subjects.ts";

/** An alias as it was read. */
export interface LoadedAlias extends Alias {
  readonly orgId: string;
  readonly subject: number;
}

const removeAliases: Statement = {
  name: "remove_aliases",
  text: "DELETE FROM aliases WHERE subject = ANY ($1::bigint[])",
};
const insertAliases: Statement = {
  name: "insert_aliases",
  text: `INSERT INTO aliases (org_id, folded, name, subject, place)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])`,
};

/** The aliases that a batch has read, and what it makes of them. */
export class Aliases implements AliasTable {
  readonly #journal: Journal;
  readonly #subjects: Subjects;
  /** The subject that an alias leads to; undefined where its subject gave it up in this batch. */
  readonly #owners = new Map<string, number | undefined>();
  readonly #lists = new Map<number, readonly Alias[]>();
  /** The new lists of subjects whose aliases were replaced. */
  readonly #replaced = new Map<number, readonly Alias[]>();

  constructor(journal: Journal, subjects: Subjects) {
    this.#journal = journal;
    this.#subjects = subjects;
  }

  /** Takes an alias as it was read, after those before it in the subject's list. */
  take({ orgId, subject, ...alias }: LoadedAlias): void {
    this.takeOwner(orgId, alias.folded, subject);
    this.#lists.set(subject, [...(this.#lists.get(subject) ?? []), alias]);
  }

  /** Takes whom a folded name leads to. */
  takeOwner(orgId: string, folded: string, subject: number): void {
    this.#owners.set(aliasKey(orgId, folded), subject);
  }

  /** @throws BatchError where it leads to a subject that was not read */
  find(orgId: string, folded: string): number | undefined {
    const key = this.#owners.get(aliasKey(orgId, folded));
    if (key === undefined) {
      return undefined;
    }
    // It came to lead there after the locks were given.
    if (!this.#subjects.entries.has(key)) {
      throw new BatchError();
    }
    // Aliases are removed with their subject.
    return this.#subjects.isRemoved(key) ? undefined : key;
  }

  list(subject: number): readonly string[] {
    return (this.#lists.get(subject) ?? []).map(({ name }) => name);
  }

  /** @throws LockoutError `aliasTaken` */
  replace(orgId: string, subject: number, aliases: readonly Alias[]): void {
    for (const { folded } of this.#lists.get(subject) ?? []) {
      this.#journal.set(this.#owners, aliasKey(orgId, folded), undefined);
    }
    for (const { folded } of aliases) {
      const owner = this.#owners.get(aliasKey(orgId, folded));
      if (owner !== undefined && !this.#subjects.isRemoved(owner)) {
        throw new LockoutError("aliasTaken");
      }
      this.#journal.set(this.#owners, aliasKey(orgId, folded), subject);
    }
    this.#journal.set(this.#lists, subject, aliases);
    this.#journal.set(this.#replaced, subject, aliases);
  }

  /** The statements that write what the batch has changed. */
  writes(): readonly Call[] {
    const replaced = [...this.#replaced].filter(
      ([subject]) => !this.#subjects.isRemoved(subject),
    );
    if (replaced.length === 0) {
      return [];
    }
    const removal: Call = [removeAliases, replaced.map(([subject]) => subject)];
    // All transactions insert in one order, so that there is no deadlock.
    const rows = replaced
      .flatMap(([subject, aliases]) =>
        aliases.map(({ name, folded }, place) => ({
          ...{ subject, name, folded, place },
          orgId: this.#subjects.entries.get(subject)?.stored.orgId ?? "",
        })),
      )
      .sort((a, b) =>
        aliasKey(a.orgId, a.folded) < aliasKey(b.orgId, b.folded) ? -1 : 1,
      );
    if (rows.length === 0) {
      return [removal];
    }
    return [
      removal,
      [
        insertAliases,
        rows.map(({ orgId }) => orgId),
        rows.map(({ folded }) => folded),
        rows.map(({ name }) => name),
        rows.map(({ subject }) => subject),
        rows.map(({ place }) => place),
      ],
    ];
  }
}

function aliasKey(orgId: string, folded: string): string {
  return `${orgId}\n${folded}`;
}
