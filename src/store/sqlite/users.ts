import type { Database } from "better-sqlite3";
import type { NewId } from "../ids.ts";
import type { Clock } from "../ids.ts";
import { stormsAtOnce } from "../commands/settle-storms.ts";
import { createUserCommands } from "../commands/user-commands.ts";
import {
  countLockedUsers,
  readLockedPage,
  readUserPage,
} from "../commands/user-pages.ts";
import type { LockedAfter } from "../commands/user-pages.ts";
import { readFoundPage } from "../commands/found-pages.ts";
import { toSubject } from "../shared/rows.ts";
import {
  fitsUsers,
  lockedNamesValues,
  lockedSliceValues,
  toLockedSlice,
  userIdOf,
} from "../shared/user-lists.ts";
import type { LockedFound } from "../shared/user-lists.ts";
import type { OrgTable } from "../commands/tables.ts";
import type { Tally } from "../meter.ts";
import { userSubject } from "../users.ts";
import type {
  AttemptStore,
  LockedFilter,
  LockedOrder,
  LockedScope,
  StoredLockout,
  Subject,
  UserStore,
} from "../users.ts";
import { prepareAliases } from "./aliases.ts";
import { prepareAttempts } from "./attempts.ts";
import { prepareCounters } from "./counters.ts";
import { prepareNameEvents } from "./events.ts";
import { prepareFinding } from "./find-users.ts";
import type { Events } from "./events.ts";
import type { Policies } from "./policies.ts";
import { prepareClearing } from "./org-clearing.ts";
import { prepareReports } from "./reports.ts";
import { prepareSources } from "./sources.ts";
import { prepareStorms } from "./storms.ts";
import { prepareSubjects } from "./subjects.ts";
import type { TransactionMemory } from "./transaction-memory.ts";

/** What the part about users shares with the rest of the store. */
export interface UserStoreContext {
  /** Runs a command in a transaction; resolves when it is durable. */
  readonly write: <T>(command: () => T, place?: "last" | "first") => Promise<T>;
  /** Runs a query. */
  readonly read: <T>(query: () => T) => T;
  readonly events: Events;
  readonly orgs: OrgTable;
  readonly policies: Policies;
  readonly memory: TransactionMemory;
  readonly tally: Tally;
  readonly now: Clock;
  readonly newId: NewId;
  /** How many login names that no user has are kept. */
  readonly maxNames: number;
  /** How many users an organisation may have; 0 for any number. */
  readonly maxUsersPerOrg: number;
  /** Told how many sources of failures were removed to make room for others. */
  readonly onSourcesDropped: (count: number) => void;
}

/** How many attempts expire in one command, which blocks the event loop while it runs. */
const expireBatch = 100;

/** How many users of organisations that were removed are removed in one command. */
const clearedAtOnce = 100;

/** The part of the store about users and attempts, on tables that it prepares. */
export function createUserStore(
  database: Database,
  context: UserStoreContext,
): UserStore & AttemptStore {
  const { write, read, events, policies, memory, now } = context;
  const attempts = prepareAttempts(database, memory);
  const subjects = prepareSubjects(database, memory, context, (key) => {
    attempts.removeOpen(key);
  });
  const sources = prepareSources(database, memory, context.onSourcesDropped);
  const storms = prepareStorms(database);
  const findRows = prepareFinding(database);
  const reports = prepareReports(database);
  const aliases = prepareAliases(database);
  const clearing = prepareClearing(database, memory, subjects);
  const nameEvents = prepareNameEvents(database);
  const commands = createUserCommands(
    {
      orgs: context.orgs,
      subjects,
      counters: prepareCounters(database),
      attempts,
      sources,
      storms,
      aliases,
      reports,
      events,
      nameEvents,
      policies,
      tally: context.tally,
    },
    context.newId,
  );

  /** Whether the clock has to do something about open attempts. */
  const isDue = (subject: number, time: number) =>
    attempts.expiredOf(subject, time).length > 0 ||
    attempts.aheadOf(subject, time).length > 0;
  const isAnyDue = (time: number) =>
    attempts.expired(time, 1).length > 0 || attempts.ahead(time, 1).length > 0;

  /** So that a read shows every attempt closed that has expired. */
  const settle = async (subject: Subject): Promise<void> => {
    const time = now();
    const due = read(() => {
      const stored = commands.findStored(subject);
      return stored && isDue(stored.key, time);
    });
    if (due) {
      await write(() => {
        commands.settleSubject(subject, time);
      });
    }
  };
  const settleSources = (time: number, limit: number): number => {
    const due = sources.due(time, limit);
    commands.settleSources(due, time);
    return due.length;
  };
  const settleStorms = async (): Promise<number> => {
    const due = read(() => storms.due(now(), stormsAtOnce));
    for (const orgId of due) {
      await write(() => {
        commands.settleStormsOf(orgId, now());
      });
    }
    return due.length;
  };
  const settleAll = async (): Promise<void> => {
    const time = now();
    while (read(() => isAnyDue(time))) {
      await write(() => commands.settleSome(time, expireBatch));
    }
  };

  const describe = (lockout: StoredLockout): StoredLockout => {
    const stored =
      lockout.userId === ""
        ? undefined
        : commands.findStored(userSubject(lockout));
    return {
      ...lockout,
      description: {
        aliases: stored === undefined ? [] : aliases.list(stored.key),
        lastAddress: stored && subjects.lastAddress(stored.key),
      },
    };
  };
  const lockedSlices =
    <Item>(
      scope: LockedScope,
      filter: LockedFilter,
      order: LockedOrder,
      show: (found: LockedFound) => Item,
    ) =>
    (after: LockedAfter | undefined, limit: number) =>
      read(() => {
        const rows = subjects.listLocked(
          { isEverywhere: scope.orgId === undefined, order },
          lockedSliceValues(scope, filter, order, after, limit),
        );
        const { found, next } = toLockedSlice(rows, filter, now(), limit);
        return { items: found.map(show), next };
      });

  return {
    changeUser: (key, editor, decide) =>
      write(() => commands.changeUser(key, editor, now(), decide)),
    putUser: (key, names, editor, decide) =>
      write(() => commands.putUser(key, names, editor, now(), decide)),
    deleteUser: (key, editor) =>
      write(() => commands.deleteUser(key, editor, now())),

    hashName: (foldedName) => read(() => subjects.hashName(foldedName)),

    findUser: async (key) => {
      await settle(userSubject(key));
      return read(() => {
        const stored = commands.findStored(userSubject(key));
        return stored && commands.toUser(stored, now());
      });
    },

    findUserRecord: async (key) => {
      await settle(userSubject(key));
      return read(() => {
        const stored = commands.findStored(userSubject(key));
        return (
          stored && {
            user: commands.toUser(stored, now()),
            ...events.endsOf(key),
          }
        );
      });
    },

    findOrgsOfUser: async (userId, limit) =>
      read(() => subjects.orgsOfUser(userId, limit)),

    listUsers: async (orgId, filter, page) => {
      await settleAll();
      const folded = filter.part?.folded ?? "";
      return readUserPage(page, filter, (after = "", limit) =>
        read(() => {
          const rows = subjects.listUsers({
            ...{ orgId, afterId: after, limit, folded },
          });
          return {
            items: rows
              .filter((row) => fitsUsers(row, filter, now()))
              .map((row) => commands.toUser(toSubject(row), now())),
            next: rows.length < limit ? undefined : userIdOf(rows.at(-1)),
          };
        }),
      );
    },

    findUsers: async (orgId, text, page, signal) => {
      await settleAll();
      return readFoundPage(
        page,
        (phase, after) =>
          read(() => {
            const { rows, next } = findRows(orgId, text, phase, after);
            return {
              items: rows.map(({ place, row }) => {
                const [stored, time] = [toSubject(row), now()];
                return {
                  place,
                  found: {
                    user: commands.toUser(stored, time),
                    lockout: describe(commands.toLockout(stored, time)),
                  },
                };
              }),
              next,
            };
          }),
        signal,
      );
    },

    findLockout: async (subject) => {
      await settle(subject);
      return read(() => {
        const lockout = commands.findLockout(subject, now());
        return lockout && describe(lockout);
      });
    },

    unlock: async (subject, editor, decide) => {
      const lockout = await write(() =>
        commands.unlock(subject, editor, now(), decide),
      );
      return read(() => describe(lockout));
    },

    countLockedNames: async (scope, filter) => {
      await settleAll();
      return read(() =>
        subjects.countLockedNames(
          scope.orgId === undefined,
          lockedNamesValues(scope, filter, now()),
        ),
      );
    },

    listLocked: async (scope, filter, page, order = "oldest first") => {
      await settleAll();
      return readLockedPage(
        page,
        scope,
        filter,
        order,
        lockedSlices(scope, filter, order, ({ stored, place }) => ({
          ...describe(commands.toLockout(stored, now())),
          place,
        })),
      );
    },
    countLocked: async (scope, filter) => {
      await settleAll();
      return countLockedUsers(
        filter,
        lockedSlices(scope, filter, "oldest first", () => undefined),
      );
    },

    beginAttempt: (subject, editor, decide) =>
      write(() => commands.beginAttempt(subject, editor, now(), decide)),
    completeAttempt: (orgId, attemptId, editor, decide) =>
      write(() =>
        commands.completeAttempt(orgId, attemptId, editor, now(), decide),
      ),
    reportAttempt: (subject, editor, decide, once) =>
      write(() => commands.reportAttempt(subject, editor, now(), decide, once)),

    settleAttempts: async (limit) => {
      const time = now();
      const isLeft = read(
        () =>
          isAnyDue(time) ||
          subjects.withEndedLocks(time, 1).length > 0 ||
          sources.due(time, 1).length > 0 ||
          storms.due(time, 1).length > 0 ||
          clearing.isDue() ||
          attempts.isForgettable(time, limit) ||
          reports.isForgettable(time) ||
          nameEvents.isForgettable(),
      );
      if (!isLeft) {
        return 0;
      }
      const { closed, others } = await write(
        () => ({
          closed: commands.settleSome(time, limit),
          others:
            settleSources(time, limit) +
            attempts.forget(time, limit) +
            reports.forget(time, limit) +
            nameEvents.forget(limit),
        }),
        "first",
      );
      // Once all locks are noted that expired attempts have caused.
      const settled = closed < limit ? await settleStorms() : 0;
      const cleared = read(() => clearing.isDue())
        ? await write(() => clearing.clear(clearedAtOnce), "first")
        : 0;
      return closed + others + settled + cleared;
    },
  };
}
