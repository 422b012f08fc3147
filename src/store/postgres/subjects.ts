import type { KeyObject } from "node:crypto";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { firstEnded } from "../../lockout/user/lock.ts";
import type { UserState } from "../../lockout/user/user.ts";
import { nameAggregate, userAggregate } from "../commands/tables.ts";
import type {
  Aggregate,
  StoredSubject,
  SubjectId,
  SubjectTable,
} from "../commands/tables.ts";
import { hashName } from "../shared/name-hash.ts";
import { readDeviceToken, signDevice } from "../shared/device-token.ts";
import { hashSecret } from "../shared/secret-hash.ts";
import { stateColumnNames, stateColumns } from "../shared/rows.ts";
import type { UserKey } from "../users.ts";
import { BatchError } from "./errors.ts";
import type { Journal } from "./journal.ts";
import type { Call, Statement } from "./pipeline.ts";

/** A subject as it was read. */
export interface LoadedSubject {
  readonly stored: StoredSubject;
  /** Of its last event. */
  readonly sequence: number;
}

/** A subject in the workspace. */
export interface SubjectEntry extends LoadedSubject {
  readonly change: "none" | "new" | "updated" | "removed";
}

/** What {@link Subjects} need beside their rows. */
export interface SubjectsContext {
  readonly journal: Journal;
  /** Hashes login names, where there are any. */
  readonly nameKey: KeyObject | undefined;
  readonly newKey: () => number;
  /** Whether an organisation has reached the quota of users. */
  readonly isFull: (orgId: string) => boolean;
  /** Told of a stored subject that is removed. */
  readonly onRemove: (key: number) => void;
}

const stateNames = stateColumnNames.join(", ");

/** The arrays of {@link stateValues}, as parameters from a number on. */
function stateArrays(first: number): string {
  return stateColumnNames
    .map((name, place) => {
      const isNumber = /_(time|end)$/.test(name);
      return `$${first + place}::${isNumber ? "bigint" : "text"}[]`;
    })
    .join(", ");
}

const removeSubjects: Statement = {
  name: "remove_subjects",
  text: "DELETE FROM subjects WHERE key = ANY ($1::bigint[])",
};
const removeOpenAttempts: Statement = {
  name: "remove_open_attempts",
  text: "DELETE FROM attempts WHERE outcome IS NULL AND subject = ANY ($1::bigint[])",
};
const insertSubjects: Statement = {
  name: "insert_subjects",
  text: `INSERT INTO subjects (key, org_id, user_id, name_hash, recency, account, sequence, ${stateNames},
      since_position, recorded)
    SELECT s.key, s.org_id, s.user_id, s.name_hash,
      CASE WHEN s.name_hash IS NULL THEN NULL ELSE nextval('name_recency') END,
      s.account, s.sequence, ${stateColumnNames.map((name) => `s.${name}`).join(", ")}, h.position, 1
    FROM log_head h, unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::bigint[], ${stateArrays(7)})
      AS s (key, org_id, user_id, name_hash, account, sequence, ${stateNames})`,
};
const updateSubjects: Statement = {
  name: "update_subjects",
  text: `UPDATE subjects SET account = s.account, sequence = s.sequence,
      ${stateColumnNames.map((name) => `${name} = s.${name}`).join(", ")}
    FROM unnest($1::bigint[], $2::text[], $3::bigint[], ${stateArrays(4)}) AS s (key, account, sequence, ${stateNames})
    WHERE subjects.key = s.key`,
};

/** The subjects that a batch has read, and what it makes of them. */
export class Subjects implements SubjectTable {
  readonly entries = new Map<number, SubjectEntry>();
  readonly #context: SubjectsContext;
  readonly #users = new Map<string, number>();
  readonly #names = new Map<string, number>();
  /** Names that are kept, but were not read, since a user has them. */
  readonly #unread = new Set<number>();

  constructor(context: SubjectsContext) {
    this.#context = context;
  }

  /** Takes a subject as it was read. */
  take(subject: LoadedSubject): void {
    const { stored } = subject;
    this.entries.set(stored.key, { ...subject, change: "none" });
    this.#index(stored);
  }

  /** Takes the key of a name that is kept, after the subjects that were read. */
  takeName(orgId: string, hash: Uint8Array, key: number): void {
    this.#names.set(nameKey(orgId, hash), key);
    if (!this.entries.has(key)) {
      this.#unread.add(key);
    }
  }

  /** Whether it was removed in this batch. */
  isRemoved(key: number): boolean {
    return this.entries.get(key)?.change === "removed";
  }

  /** @throws BatchError for a name that was not read */
  get(key: number): StoredSubject | undefined {
    // The user lost this name after the locks were acquired.
    if (this.#unread.has(key)) {
      throw new BatchError();
    }
    return this.#present(key)?.stored;
  }

  find({ orgId, userId }: UserKey): StoredSubject | undefined {
    const key = this.#users.get(userKey(orgId, userId));
    return key === undefined ? undefined : this.#present(key)?.stored;
  }

  findAnother(): undefined {
    return undefined;
  }

  findName(orgId: string, hash: Uint8Array): number | undefined {
    return this.#names.get(nameKey(orgId, hash));
  }

  /** @throws LockoutError `usersTooMany`, BatchError for a user whom this batch has removed */
  create(id: SubjectId, state: UserState): StoredSubject {
    const { journal, newKey, isFull } = this.#context;
    const hash = id.kind === "name" ? id.hash : undefined;
    const userId = id.kind === "user" ? id.userId : undefined;
    // A user with this id was removed in this batch: the events of both could not be told apart.
    if (userId !== undefined && this.#users.has(userKey(id.orgId, userId))) {
      throw new BatchError();
    }
    if (userId !== undefined && isFull(id.orgId)) {
      throw new LockoutError("usersTooMany");
    }
    const stored: StoredSubject = {
      key: newKey(),
      orgId: id.orgId,
      userId,
      nameHash: hash,
      ...state,
    };
    journal.set(this.entries, stored.key, {
      ...{ stored, sequence: 0 },
      change: "new",
    });
    this.#index(stored);
    return stored;
  }

  update(key: number, state: UserState): void {
    const entry = this.#require(key);
    const { orgId, userId, nameHash } = entry.stored;
    this.#context.journal.set(this.entries, key, {
      ...entry,
      // Nothing of the state before is left, what the new one leaves out neither.
      stored: { key, orgId, userId, nameHash, ...state },
      change: entry.change === "new" ? "new" : "updated",
    });
  }

  withEndedLocks(time: number, limit: number): readonly StoredSubject[] {
    return [...this.entries.values()]
      .filter(
        ({ change, stored }) =>
          change !== "removed" && firstEnded(stored, time) !== undefined,
      )
      .map(({ stored }) => stored)
      .slice(0, limit);
  }

  /** @throws BatchError for a subject that this batch has created */
  remove(key: number): void {
    const entry = this.#require(key);
    // Its row is not there yet: nothing would be removed.
    if (entry.change === "new") {
      throw new BatchError();
    }
    const { journal, onRemove } = this.#context;
    journal.set(this.entries, key, { ...entry, change: "removed" });
    onRemove(key);
  }

  hashName(foldedName: string): Uint8Array {
    const { nameKey } = this.#context;
    if (nameKey === undefined) {
      throw new Error("no name was expected");
    }
    return hashName(nameKey, foldedName);
  }

  hashSecret(id: SubjectId, secretDigest: Uint8Array): string {
    return hashSecret(this.#installationKey(), id, secretDigest);
  }

  signDevice(id: SubjectId, deviceId: string): string {
    return signDevice(this.#installationKey(), id, deviceId);
  }

  readDeviceToken(id: SubjectId, token: string): string | undefined {
    return readDeviceToken(this.#installationKey(), id, token);
  }

  #installationKey(): KeyObject {
    const { nameKey } = this.#context;
    if (nameKey === undefined) {
      throw new Error("no secret was expected");
    }
    return nameKey;
  }

  /** The statements that write what the batch has changed. */
  writes(sequenceOf: (stored: StoredSubject) => number): readonly Call[] {
    const entries = [...this.entries.values()];
    const removed = entries.filter(({ change }) => change === "removed");
    const created = entries.filter(({ change }) => change === "new");
    const updated = entries.filter(
      ({ change, sequence, stored }) =>
        change === "updated" ||
        (change === "none" && sequence !== sequenceOf(stored)),
    );
    return [
      ...(removed.length > 0 ? removal(removed) : []),
      ...(created.length > 0 ? [insertion(created, sequenceOf)] : []),
      ...(updated.length > 0 ? [update(updated, sequenceOf)] : []),
    ];
  }

  #present(key: number): SubjectEntry | undefined {
    const entry = this.entries.get(key);
    return entry?.change === "removed" ? undefined : entry;
  }

  #require(key: number): SubjectEntry {
    const entry = this.#present(key);
    if (entry === undefined) {
      throw new Error("the subject was not read");
    }
    return entry;
  }

  #index({ key, orgId, userId, nameHash: hash }: StoredSubject): void {
    const { journal } = this.#context;
    if (userId !== undefined) {
      journal.set(this.#users, userKey(orgId, userId), key);
    }
    if (hash !== undefined) {
      journal.set(this.#names, nameKey(orgId, hash), key);
    }
  }
}

function removal(removed: readonly SubjectEntry[]): readonly Call[] {
  const keys = removed.map(({ stored }) => stored.key);
  return [
    [removeOpenAttempts, keys],
    [removeSubjects, keys],
  ];
}

function insertion(
  created: readonly SubjectEntry[],
  sequenceOf: (stored: StoredSubject) => number,
): Call {
  // In one order, so that nodes that create the same subjects do not deadlock.
  const sorted = [...created].sort((a, b) =>
    sortKey(a) < sortKey(b) ? -1 : 1,
  );
  return [
    insertSubjects,
    sorted.map(({ stored }) => stored.key),
    sorted.map(({ stored }) => stored.orgId),
    sorted.map(({ stored }) => stored.userId ?? null),
    sorted.map(({ stored }) => stored.nameHash ?? null),
    sorted.map(({ stored }) => stored.account),
    sorted.map(({ stored }) => sequenceOf(stored)),
    ...stateValues(sorted),
  ];
}

function update(
  updated: readonly SubjectEntry[],
  sequenceOf: (stored: StoredSubject) => number,
): Call {
  return [
    updateSubjects,
    updated.map(({ stored }) => stored.key),
    updated.map(({ stored }) => stored.account),
    updated.map(({ stored }) => sequenceOf(stored)),
    ...stateValues(updated),
  ];
}

/** The states of subjects, an array for each column. */
function stateValues(
  entries: readonly SubjectEntry[],
): readonly (string | number | null)[][] {
  const rows = entries.map(({ stored }) => stateColumns(stored));
  return stateColumnNames.map((_, column) =>
    rows.map((row) => row[column] ?? null),
  );
}

/** Whose events those of a subject are. */
export function subjectAggregate({
  key,
  orgId,
  userId,
}: StoredSubject): Aggregate {
  return userId === undefined
    ? nameAggregate(orgId, key)
    : userAggregate(orgId, userId);
}

function sortKey({ stored }: SubjectEntry): string {
  const { nameHash: hash } = stored;
  const own = stored.userId ?? Buffer.from(hash ?? []).toString("hex");
  return `${stored.orgId}\n${hash === undefined ? "user" : "name"}\n${own}`;
}

function userKey(orgId: string, userId: string): string {
  return `${orgId}\n${userId}`;
}

function nameKey(orgId: string, hash: Uint8Array): string {
  return `${orgId}\n${Buffer.from(hash).toString("base64")}`;
}
