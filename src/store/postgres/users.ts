import { keepClosedMs, keptNameEvents } from "../users.ts";
import type { AttemptStore, Subject, UserKey, UserStore } from "../users.ts";
import type { StoredSubject } from "../commands/tables.ts";
import type { UserCommands } from "../commands/user-commands.ts";
import { readLockedPage, readUserPage } from "../commands/user-pages.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Names } from "./names.ts";
import { nowSql } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";
import {
  subjectColumns,
  toEvent,
  toSubject,
  userEventSql,
} from "../shared/rows.ts";
import type { EventRow, SubjectRow } from "../shared/rows.ts";
import { see } from "./load.ts";
import type { Need } from "./needs.ts";
import { Workspace } from "./workspace.ts";

/** What the part about users shares with the rest of the store. */
export interface UserStoreContext {
  readonly database: PostgresDatabase;
  readonly queue: CommitQueue;
  /** What is stored of a login name that no user has. */
  readonly hashName: (foldedName: string) => Uint8Array;
  readonly names: Names;
  /** Tests' own time, instead of the database's; null where there is none. */
  readonly time: () => number | null;
}

/** How many attempts expire in one transaction. */
const expireBatch = 100;

const now = `(SELECT coalesce($1::bigint, ${nowSql}))`;

/** How many rows are removed for each attempt that is closed: the database alone does that, in one statement. */
const removedPerClosed = 4;

// What has expired, and what was begun before the clock was set back.
const findDue: Statement = {
  name: "find_due",
  text: `SELECT 1 FROM attempts WHERE outcome IS NULL AND expire_time <= ${now}
    UNION ALL SELECT 1 FROM (
      SELECT begin_time FROM attempts WHERE outcome IS NULL ORDER BY expire_time DESC LIMIT 1
    ) AS l WHERE begin_time > ${now}
    LIMIT 1`,
};
// Ids are in the order of time, so the oldest attempts come first: no index by time is needed.
const oldest =
  "SELECT id, outcome, begin_time, expire_time FROM attempts ORDER BY id LIMIT $2";
const forgetClosed: Statement = {
  name: "forget_closed",
  text: `DELETE FROM attempts WHERE id IN (
      SELECT id FROM (${oldest}) AS oldest WHERE outcome IS NOT NULL AND expire_time <= ${now} - ${keepClosedMs})`,
};
// They would be in the way of all others for as long as the clock went back.
const redateClosed: Statement = {
  name: "redate_closed",
  text: `UPDATE attempts SET begin_time = ${now}, expire_time = ${now} WHERE id IN (
      SELECT id FROM (${oldest}) AS oldest WHERE outcome IS NOT NULL AND begin_time > ${now})`,
};
const forgetNameEvents: Statement = {
  name: "forget_name_events",
  text: `DELETE FROM name_events WHERE position IN (
      SELECT position FROM name_events
      WHERE position <= (SELECT position FROM name_log_head) - ${keptNameEvents} ORDER BY position LIMIT $1)`,
};
const orgsOfUser: Statement = {
  name: "orgs_of_user",
  text: "SELECT org_id FROM subjects WHERE user_id = $1 ORDER BY key LIMIT $2",
};
const firstEvent: Statement = {
  name: "first_event_of_user",
  text: userEventSql("$1", "$2", "ASC"),
};
const lastEvent: Statement = {
  name: "last_event_of_user",
  text: userEventSql("$1", "$2", "DESC"),
};
const listUsers: Statement = {
  name: "list_users",
  text: `SELECT ${subjectColumns} FROM subjects WHERE org_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3`,
};
const listLocked: Statement = {
  name: "list_locked",
  text: `SELECT ${subjectColumns} FROM subjects
    WHERE org_id = $1 AND user_id IS NOT NULL AND lock_time >= $2 AND (lock_time, user_id) > ($3, $4)
    ORDER BY lock_time, user_id LIMIT $5`,
};

/** The part of the store about users and attempts, whose commands go through the queue. */
export function createUserStore({
  database,
  queue,
  hashName,
  names,
  time: ownTime,
}: UserStoreContext): UserStore & AttemptStore {
  const needOf = (subject: Subject): Need =>
    subject.kind === "user"
      ? subject
      : { ...subject, hash: hashName(subject.foldedName) };
  /** Runs a command on the rows that it needs, in its turn. */
  const write = <T>(
    needs: readonly Need[],
    command: (commands: UserCommands, time: number) => T,
  ) => queue.run(needs, (workspace, time) => command(workspace.commands, time));

  /** Users as they are at one moment, once what has expired of them is closed. */
  const look = async (users: readonly UserKey[]) => {
    for (;;) {
      const { loaded, time } = await database.use((connection) =>
        see(connection, users, ownTime()),
      );
      const workspace = new Workspace(loaded, undefined);
      const { commands } = workspace;
      const due = users.filter((key) => {
        const stored = commands.findStored(key);
        return (
          stored !== undefined &&
          (workspace.attempts.expiredOf(stored.key, time).length > 0 ||
            workspace.attempts.aheadOf(stored.key, time).length > 0)
        );
      });
      if (due.length === 0) {
        return { commands, time };
      }
      for (const key of due) {
        await settleUser(key);
      }
    }
  };
  const settleUser = (key: UserKey) =>
    write([{ kind: "user", ...key }], (commands, time) => {
      commands.settleUser(key, time);
    });
  const settleSome = (limit: number) =>
    queue.run(
      [{ kind: "expired", limit }],
      ({ commands }, time) => commands.settleSome(time, limit),
      "first",
    );
  const isAnyDue = async () => {
    const { rows } = await database.query(findDue, ownTime());
    return rows.length > 0;
  };
  const settleAll = async () => {
    while (await isAnyDue()) {
      await settleSome(expireBatch);
    }
  };
  const findOne = async <T>(
    key: UserKey,
    show: (commands: UserCommands, stored: StoredSubject, time: number) => T,
  ): Promise<T | undefined> => {
    const { commands, time } = await look([key]);
    const stored = commands.findStored(key);
    return stored && show(commands, stored, time);
  };

  return {
    hashName,
    changeUser: (key, editor, decide) =>
      write([{ kind: "user", ...key }], (commands, time) =>
        commands.changeUser(key, editor, time, decide),
      ),
    putUser: (key, names, editor, decide) =>
      write(
        [
          { kind: "user", ...key },
          {
            kind: "aliases",
            folded: names.map(({ folded }) => folded),
            ...key,
          },
        ],
        (commands, time) => commands.putUser(key, names, editor, time, decide),
      ),
    deleteUser: (key, editor) =>
      write([{ kind: "user", ...key }], (commands, time) =>
        commands.deleteUser(key, editor, time),
      ),

    findUser: (key) =>
      findOne(key, (commands, stored) => commands.toUser(stored)),
    findLockout: (key) =>
      findOne(key, (commands, stored, time) =>
        commands.toLockout(stored, time),
      ),
    findUserRecord: async (key) => {
      const user = await findOne(key, (commands, stored) =>
        commands.toUser(stored),
      );
      if (user === undefined) {
        return undefined;
      }
      const [first, last] = await Promise.all(
        [firstEvent, lastEvent].map((statement) =>
          database.query(statement, key.userId, key.orgId),
        ),
      );
      const read = (result: typeof first) => {
        const [row] = result?.rows ?? [];
        return row && toEvent(row as unknown as EventRow);
      };
      return { user, first: read(first), last: read(last) };
    },
    findOrgsOfUser: async (userId, limit) => {
      const { rows } = await database.query(orgsOfUser, userId, limit);
      return rows.map((row) => row["org_id"] as string);
    },

    listUsers: async (orgId, page) => {
      await settleAll();
      return readUserPage(page, async (after, limit) => {
        const { rows } = await database.query(
          listUsers,
          ...[orgId, after ?? "", limit],
        );
        const found = rows.map((row) =>
          toSubject(row as unknown as SubjectRow),
        );
        const { commands } = await look(found.map(keyOf));
        return found.map((stored) => commands.toUser(stored));
      });
    },
    listLocked: async (orgId, since, page) => {
      await settleAll();
      return readLockedPage(page, async (after, limit) => {
        const { rows } = await database.query(
          listLocked,
          ...[orgId, since ?? Number.MIN_SAFE_INTEGER],
          ...[after?.time ?? Number.MIN_SAFE_INTEGER, after?.userId ?? ""],
          limit,
        );
        const found = rows.map((row) =>
          toSubject(row as unknown as SubjectRow),
        );
        const { commands, time } = await look(found.map(keyOf));
        return found.map((stored) => commands.toLockout(stored, time));
      });
    },

    beginAttempt: (subject, editor, decide) =>
      write([needOf(subject)], (commands, time) =>
        commands.beginAttempt(subject, editor, time, decide),
      ),
    completeAttempt: (orgId, attemptId, editor, decide) =>
      write([{ kind: "attempt", orgId, attemptId }], (commands, time) =>
        commands.completeAttempt(orgId, attemptId, editor, time, decide),
      ),
    reportAttempt: (subject, editor, decide) =>
      write([needOf(subject)], (commands, time) =>
        commands.reportAttempt(subject, editor, time, decide),
      ),

    settleAttempts: async (limit) => {
      const closing = async () =>
        (await isAnyDue()) ? await settleSome(limit) : 0;
      const more = limit * removedPerClosed;
      const [closed, trimmed, ...results] = await Promise.all([
        closing(),
        names.trim(),
        database.query(forgetClosed, ownTime(), more),
        database.query(redateClosed, ownTime(), more),
        database.query(forgetNameEvents, more),
      ]);
      return results.reduce((sum, { count }) => sum + count, closed + trimmed);
    },
  };
}

function keyOf(stored: StoredSubject): UserKey {
  return { orgId: stored.orgId, userId: stored.userId ?? "" };
}
