import type { KeyObject } from "node:crypto";
import { isAnyLocked, withoutEnded } from "../../lockout/user/lock.ts";
import type { Clock } from "../ids.ts";
import { userSubject } from "../users.ts";
import type {
  AttemptStore,
  LockedFilter,
  LockedOrder,
  LockedScope,
  StoredLockout,
  Subject,
  UserKey,
  UserStore,
} from "../users.ts";
import type { PolicyAggregate, StoredSubject } from "../commands/tables.ts";
import type { UserCommands } from "../commands/user-commands.ts";
import {
  countLockedUsers,
  readLockedPage,
  readUserPage,
} from "../commands/user-pages.ts";
import type { LockedAfter } from "../commands/user-pages.ts";
import {
  fitsUsers,
  lockedNamesValues,
  lockedSliceValues,
  toLockedSlice,
  userIdOf,
  userSliceSql,
} from "../shared/user-lists.ts";
import type { ListedRow, UserSliceValues } from "../shared/user-lists.ts";
import type { CommitQueue } from "./commit-queue.ts";
import { forgetOld } from "./forgetting.ts";
import type { Names } from "./names.ts";
import { clearOrgs } from "./org-clearing.ts";
import { countLockedNames, describeUsers, listLocked } from "./user-lists.ts";
import { nowSql } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";
import { readEnds } from "./event-ends.ts";
import type { Statement } from "./pipeline.ts";
import { readFoundPage } from "../commands/found-pages.ts";
import { findRows } from "./find-users.ts";
import { isOfNoRemovedOrg } from "../shared/removed-orgs.ts";
import { toSubject } from "../shared/rows.ts";
import { hashName } from "../shared/name-hash.ts";
import { see } from "./load.ts";
import type { Need } from "./needs.ts";
import type { SourceUpkeep } from "./source-upkeep.ts";
import { settleStorms } from "./storm-upkeep.ts";
import { Workspace } from "./workspace.ts";

/** What the part about users shares with the rest of the store. */
export interface UserStoreContext {
  readonly database: PostgresDatabase;
  readonly queue: CommitQueue;
  /** The key under which login names are hashed. */
  readonly nameKey: KeyObject;
  readonly names: Names;
  readonly sources: SourceUpkeep;
  /** Tests' own time, instead of the database's; null where there is none. */
  readonly time: () => number | null;
  /** The database's time, about, in milliseconds since 1970. */
  readonly now: Clock;
}

/** How many attempts expire in one transaction. */
const expireBatch = 100;

const nowOf = `(SELECT coalesce($1::bigint, ${nowSql}))`;

/** How many rows are removed for each attempt that is closed: the database alone does that, in one statement. */
const removedPerClosed = 4;

// What has expired, and what was begun before the clock was set back.
const findDue: Statement = {
  name: "find_due",
  text: `SELECT 1 FROM attempts WHERE outcome IS NULL AND expire_time <= ${nowOf}
    UNION ALL SELECT 1 FROM (
      SELECT begin_time FROM attempts WHERE outcome IS NULL ORDER BY expire_time DESC LIMIT 1
    ) AS l WHERE begin_time > ${nowOf}
    LIMIT 1`,
};
const findEndedLock: Statement = {
  name: "find_ended_lock",
  text: `SELECT 1 WHERE EXISTS (SELECT 1 FROM subjects WHERE lock_end <= ${nowOf})
    OR EXISTS (SELECT 1 FROM subjects WHERE factor_lock_end <= ${nowOf})`,
};
const orgsOfUser: Statement = {
  name: "orgs_of_user",
  text: `SELECT org_id FROM subjects WHERE user_id = $1 AND ${isOfNoRemovedOrg("org_id")} ORDER BY key LIMIT $2`,
};
const userValues = ["orgId", "afterId", "limit", "folded"] as const;
const listUsers: Statement = {
  name: "list_users",
  text: userSliceSql((name) => `$${userValues.indexOf(name) + 1}`),
};
/** The part of the store about users and attempts, whose commands go through the queue. */
export function createUserStore({
  database,
  queue,
  nameKey,
  names,
  sources,
  time: ownTime,
  now,
}: UserStoreContext): UserStore & AttemptStore {
  const needOf = (subject: Subject): Need =>
    subject.kind === "user"
      ? subject
      : { ...subject, hash: hashName(nameKey, subject.foldedName) };
  const needsToSee = (subject: Subject): readonly Need[] =>
    subject.kind === "user"
      ? [subject, { ...subject, kind: "aliases", folded: [] }]
      : [needOf(subject)];
  /** Runs a command on the rows that it needs, in its turn. */
  const write = <T>(
    needs: readonly Need[],
    command: (commands: UserCommands, time: number) => T,
  ) => queue.run(needs, (workspace, time) => command(workspace.commands, time));

  /** Subjects as they are at one moment, once what has expired of them is closed. */
  const look = async (subjects: readonly Subject[]) => {
    for (;;) {
      const { loaded, time } = await database.use((connection) =>
        see(connection, subjects.flatMap(needsToSee), ownTime()),
      );
      const workspace = new Workspace(loaded, nameKey);
      const { commands } = workspace;
      const due = subjects.filter((subject) => {
        const stored = commands.findStored(subject);
        return (
          stored !== undefined &&
          (workspace.attempts.expiredOf(stored.key, time).length > 0 ||
            workspace.attempts.aheadOf(stored.key, time).length > 0)
        );
      });
      if (due.length === 0) {
        return { commands, time };
      }
      for (const subject of due) {
        await settle(subject);
      }
    }
  };
  const settle = (subject: Subject) =>
    write([needOf(subject)], (commands, time) => {
      commands.settleSubject(subject, time);
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
  const describeOne = async (lockout: StoredLockout) => {
    const [described] = await describeUsers(database, [lockout]);
    return described ?? lockout;
  };
  const findUser = async (key: UserKey) => {
    const subject = userSubject(key);
    const { commands, time } = await look([subject]);
    const stored = commands.findStored(subject);
    return stored && commands.toUser(stored, time);
  };

  const lockedSlice = async (
    scope: LockedScope,
    filter: LockedFilter,
    order: LockedOrder,
    after: LockedAfter | undefined,
    limit: number,
  ) => {
    const listed = await listLocked(
      database,
      { isEverywhere: scope.orgId === undefined, order },
      lockedSliceValues(scope, filter, order, after, limit),
    );
    return toLockedSlice(listed, filter, now(), limit);
  };

  return {
    hashName: (foldedName) => hashName(nameKey, foldedName),
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
          ...names.map(({ folded }): Need => ({
            kind: "kept name",
            orgId: key.orgId,
            hash: hashName(nameKey, folded),
          })),
        ],
        (commands, time) => commands.putUser(key, names, editor, time, decide),
      ),
    deleteUser: (key, editor) =>
      write([{ kind: "user", ...key }], (commands, time) =>
        commands.deleteUser(key, editor, time),
      ),

    findUser,
    findLockout: async (subject) => {
      const { commands, time } = await look([subject]);
      const lockout = commands.findLockout(subject, time);
      return lockout && (await describeOne(lockout));
    },
    unlock: async (subject, editor, decide) =>
      describeOne(
        await write(
          // For the event of a name: the organisation's sequence.
          [needOf(subject), { kind: "policy", owner: orgOwner(subject.orgId) }],
          (commands, time) => commands.unlock(subject, editor, time, decide),
        ),
      ),
    countLockedNames: async (scope, filter) => {
      await settleAll();
      return countLockedNames(
        database,
        scope.orgId === undefined,
        lockedNamesValues(scope, filter, Math.floor(now())),
      );
    },
    findUserRecord: async (key) => {
      const user = await findUser(key);
      if (user === undefined) {
        return undefined;
      }
      return { user, ...(await readEnds(database, key)) };
    },
    findOrgsOfUser: async (userId, limit) => {
      const { rows } = await database.query(orgsOfUser, userId, limit);
      return rows.map((row) => row["org_id"] as string);
    },

    listUsers: async (orgId, filter, page) => {
      await settleAll();
      const folded = filter.part?.folded ?? "";
      return readUserPage(page, filter, async (after = "", limit) => {
        const asked: UserSliceValues = {
          ...{ orgId, afterId: after, limit, folded },
        };
        const { rows } = await database.query(
          listUsers,
          ...userValues.map((name) => asked[name]),
        );
        const listed = rows as unknown as readonly ListedRow[];
        const found = listed
          .filter((row) => fitsUsers(row, filter, now()))
          .map(toSubject);
        const { commands, time } = await look(found.map(subjectOf));
        return {
          items: found.map((stored) => commands.toUser(stored, time)),
          next: rows.length < limit ? undefined : userIdOf(listed.at(-1)),
        };
      });
    },
    findUsers: async (orgId, text, page, signal) => {
      await settleAll();
      return readFoundPage(
        page,
        async (phase, after) => {
          const { rows, next } = await findRows(
            ...([database, orgId, text, phase, after] as const),
          );
          const found = rows.map(({ row }) => toSubject(row));
          const { commands, time } = await look(found.map(subjectOf));
          const lockouts = await describeUsers(
            database,
            found.map((stored) => commands.toLockout(stored, time)),
          );
          return {
            items: rows.flatMap(({ place }, index) => {
              const [stored, lockout] = [found[index], lockouts[index]];
              return stored === undefined || lockout === undefined
                ? []
                : [
                    {
                      place,
                      found: { user: commands.toUser(stored, time), lockout },
                    },
                  ];
            }),
            next,
          };
        },
        signal,
      );
    },
    listLocked: async (scope, filter, page, order = "oldest first") => {
      await settleAll();
      return readLockedPage(page, scope, filter, order, async (...slice) => {
        const { found, next } = await lockedSlice(
          scope,
          filter,
          order,
          ...slice,
        );
        const { commands, time } = await look(
          found.map(({ stored }) => subjectOf(stored)),
        );
        const items = found
          .filter(({ stored }) => isAnyLocked(withoutEnded(stored, time)))
          .map(({ stored, place }) => ({
            ...commands.toLockout(stored, time),
            place,
          }));
        return { items: await describeUsers(database, items), next };
      });
    },
    countLocked: async (scope, filter) => {
      await settleAll();
      return countLockedUsers(filter, async (...slice) => {
        const { found, next } = await lockedSlice(
          scope,
          filter,
          "oldest first",
          ...slice,
        );
        return { items: found, next };
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
    reportAttempt: (subject, editor, decide, once) =>
      write(
        [
          needOf(subject),
          ...(once === undefined
            ? []
            : [
                {
                  ...({ kind: "report", orgId: subject.orgId } as const),
                  key: once.key,
                },
              ]),
        ],
        (commands, time) =>
          commands.reportAttempt(subject, editor, time, decide, once),
      ),

    settleAttempts: async (limit) => {
      const closing = async () => {
        const found = await Promise.all([
          isAnyDue(),
          database.query(findEndedLock, ownTime()),
        ]);
        const isDue = found[0] || found[1].rows.length > 0;
        const closed = isDue ? await settleSome(limit) : 0;
        // Once all locks are noted that expired attempts have caused.
        return closed < limit
          ? closed + (await settleStorms(database, queue, ownTime()))
          : closed;
      };
      const done = await Promise.all([
        closing(),
        names.trim(),
        sources.settle(limit),
        forgetOld(database, ownTime(), limit * removedPerClosed),
        clearOrgs(database, limit),
      ]);
      return done.reduce((sum, count) => sum + count, 0);
    },
  };
}

function subjectOf({ orgId, userId = "" }: StoredSubject): Subject {
  return userSubject({ orgId, userId });
}

function orgOwner(orgId: string): PolicyAggregate {
  return { type: "org", id: orgId };
}
