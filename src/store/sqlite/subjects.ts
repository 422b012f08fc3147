import type { Database } from "better-sqlite3";
import {
  stateColumnNames,
  stateColumns,
  subjectColumns as columns,
  toSubject,
} from "../shared/rows.ts";
import type { StateColumns, SubjectRow } from "../shared/rows.ts";
import {
  addressOf,
  countLockedNamesSql,
  lastAddressSql,
  lockedSliceKinds,
  lockedSliceSql,
  userSliceSql,
} from "../shared/user-lists.ts";
import type {
  ListedRow,
  LockedNamesValues,
  LockedSliceKind,
  LockedSliceValues,
  UserSliceValues,
} from "../shared/user-lists.ts";
import { isOfNoRemovedOrg } from "../shared/removed-orgs.ts";
import type { SubjectTable } from "../commands/tables.ts";
import { prepareNames } from "./names.ts";
import { prepareUserCounts } from "./user-counts.ts";
import type { TransactionMemory } from "./transaction-memory.ts";

/** {@link SubjectTable}, and what is asked outside of commands. Changes are made inside a transaction. */
export interface Subjects extends SubjectTable {
  /** The next users by id. */
  listUsers(values: UserSliceValues): readonly ListedRow[];
  /** The next locked users. */
  listLocked(
    kind: LockedSliceKind,
    values: LockedSliceValues,
  ): readonly ListedRow[];
  /** Of login names that lead to nobody. */
  countLockedNames(isEverywhere: boolean, values: LockedNamesValues): number;
  /** The address of the last event of this user that has one. */
  lastAddress(key: number): string | undefined;
  /** Some of an organisation: users before names. */
  someOf(orgId: string, limit: number): readonly number[];
  /** Oldest user first. */
  orgsOfUser(userId: string, limit: number): readonly string[];
}

/** How many subjects there may be. */
export interface SubjectBounds {
  /** So many login names are kept. */
  readonly maxNames: number;
  /** So many users may be registered; 0 for any number. */
  readonly maxUsersPerOrg: number;
}

/**
 * `onRemove` is told of the subjects that are removed,
 * before they are.
 */
export function prepareSubjects(
  database: Database,
  memory: TransactionMemory,
  { maxNames, maxUsersPerOrg }: SubjectBounds,
  onRemove: (key: number) => void,
): Subjects {
  const get = database.prepare<[number], SubjectRow>(
    `SELECT ${columns} FROM subjects WHERE key = ?`,
  );
  const findUser = database.prepare<[string, string], SubjectRow>(
    `SELECT ${columns} FROM subjects WHERE org_id = ? AND user_id = ?`,
  );
  const findName = database
    .prepare<[string, Uint8Array], number>(
      "SELECT key FROM subjects WHERE org_id = ? AND name_hash = ?",
    )
    .pluck();
  const findAnother = database
    .prepare<[string, Uint8Array], number>(
      `SELECT key FROM subjects INDEXED BY names_by_hash
       WHERE org_id = ? AND name_hash > ? ORDER BY name_hash LIMIT 1`,
    )
    .pluck();
  const insert = database.prepare<
    [
      string,
      string | null,
      Uint8Array | null,
      number | null,
      string,
      ...StateColumns,
    ]
  >(
    // Recency means nothing any more, but a name has to have one.
    `INSERT INTO subjects
       (org_id, user_id, name_hash, recency, account, ${stateColumnNames.join(", ")}, since_position)
     VALUES (?, ?, ?, ?, ?, ${stateColumnNames.map(() => "?").join(", ")}, (SELECT coalesce(max(position), 0) FROM events))`,
  );
  const update = database.prepare<[string, ...StateColumns, number]>(
    `UPDATE subjects SET account = ?, ${stateColumnNames.map((name) => `${name} = ?`).join(", ")} WHERE key = ?`,
  );
  const endedBy = (column: string) =>
    `SELECT key FROM (SELECT key FROM subjects WHERE ${column} <= @time ORDER BY ${column} LIMIT @limit)`;
  const withEndedLocks = database.prepare<
    [{ readonly time: number; readonly limit: number }],
    SubjectRow
  >(
    `SELECT ${columns} FROM subjects
     WHERE key IN (${endedBy("lock_end")} UNION ${endedBy("factor_lock_end")}) LIMIT @limit`,
  );
  const remove = database.prepare<[number]>(
    "DELETE FROM subjects WHERE key = ?",
  );
  const named = (name: string) => `@${name}`;
  const listUsers = database.prepare<[UserSliceValues], ListedRow>(
    userSliceSql(named),
  );
  const listsLocked = lockedSliceKinds.map((kind) => ({
    kind,
    list: database.prepare<[LockedSliceValues], ListedRow>(
      lockedSliceSql(kind, named),
    ),
  }));
  const listLocked = ({ isEverywhere, order }: LockedSliceKind) => {
    const found = listsLocked.find(
      ({ kind }) => kind.isEverywhere === isEverywhere && kind.order === order,
    );
    if (found === undefined) {
      throw new Error(`no list has the order ${order}`);
    }
    return found.list;
  };
  const countNames = (isEverywhere: boolean) =>
    database
      .prepare<[LockedNamesValues], number>(
        countLockedNamesSql(isEverywhere, named),
      )
      .pluck();
  const countLockedNames = { own: countNames(false), all: countNames(true) };
  const lastAddress = database
    .prepare<[number], string>(
      `SELECT (${lastAddressSql}) FROM subjects s WHERE key = ?`,
    )
    .pluck();
  const orgsOfUser = database
    .prepare<[string, number], string>(
      `SELECT org_id FROM subjects WHERE user_id = ? AND ${isOfNoRemovedOrg("org_id")} ORDER BY key LIMIT ?`,
    )
    .pluck();

  const somebodyOf = (kind: string) =>
    `SELECT * FROM (SELECT key FROM subjects WHERE org_id = @orgId AND ${kind} IS NOT NULL ORDER BY ${kind} LIMIT @limit)`;
  const someOf = database
    .prepare<[{ readonly orgId: string; readonly limit: number }], number>(
      `${somebodyOf("user_id")} UNION ALL ${somebodyOf("name_hash")} LIMIT @limit`,
    )
    .pluck();

  const removeRow = (key: number) => {
    onRemove(key);
    remove.run(key);
  };
  const names = prepareNames(database, memory, maxNames, removeRow);
  const userCounts = prepareUserCounts(database, maxUsersPerOrg);
  const fromRow = (row: SubjectRow | undefined) => row && toSubject(row);

  return {
    get: (key) => fromRow(get.get(key)),
    find: ({ orgId, userId }) => fromRow(findUser.get(orgId, userId)),
    findAnother: (orgId, hash) => findAnother.get(orgId, hash),
    findName: (orgId, hash) => findName.get(orgId, hash),
    create: (id, state) => {
      const [userId, hash] =
        id.kind === "user" ? [id.userId, null] : [null, id.hash];
      if (hash === null) {
        userCounts.add(id.orgId);
      } else {
        names.add(id.orgId);
      }
      const { lastInsertRowid } = insert.run(
        id.orgId,
        userId,
        hash,
        hash === null ? null : 0,
        state.account,
        ...stateColumns(state),
      );
      return {
        key: Number(lastInsertRowid),
        orgId: id.orgId,
        userId: userId ?? undefined,
        nameHash: hash ?? undefined,
        ...state,
      };
    },
    update: (key, state) => {
      update.run(state.account, ...stateColumns(state), key);
    },
    withEndedLocks: (time, limit) =>
      withEndedLocks.all({ time, limit }).map(toSubject),
    remove: (key) => {
      const row = get.get(key);
      if (row !== undefined) {
        (row.user_id === null ? names : userCounts).subtract(row.org_id);
      }
      removeRow(key);
    },
    hashName: (foldedName) => names.hash(foldedName),
    hashSecret: (id, digest) => names.hashSecret(id, digest),
    signDevice: (id, deviceId) => names.signDevice(id, deviceId),
    readDeviceToken: (id, token) => names.readDeviceToken(id, token),
    listUsers: (values) => listUsers.all(values),
    listLocked: (kind, values) => listLocked(kind).all(values),
    countLockedNames: (isEverywhere, values) =>
      (isEverywhere ? countLockedNames.all : countLockedNames.own).get(
        values,
      ) ?? 0,
    lastAddress: (key) => addressOf(lastAddress.get(key) ?? null),
    someOf: (orgId, limit) => someOf.all({ orgId, limit }),
    orgsOfUser: (userId, limit) => orgsOfUser.all(userId, limit),
  };
}
