import type { Database } from "better-sqlite3";
import type { NewId } from "../ids.ts";
import type { Clock } from "../ids.ts";
import { createUserCommands } from "../commands/user-commands.ts";
import { countSlices } from "../commands/pages.ts";
import { readLockedPage, readUserPage } from "../commands/user-pages.ts";
import type { LockedAfter } from "../commands/user-pages.ts";
import { toSubject } from "../shared/rows.ts";
import {
  fitsLocked,
  fitsUsers,
  lockedPlaceOf,
  userIdOf,
} from "../shared/user-lists.ts";
import type { ListedRow } from "../shared/user-lists.ts";
import { userSubject } from "../users.ts";
import type {
  AttemptStore,
  LockedFilter,
  Subject,
  UserStore,
} from "../users.ts";
import { prepareAliases } from "./aliases.ts";
import { prepareAttempts } from "./attempts.ts";
import { prepareCounters } from "./counters.ts";
import { prepareNameEvents } from "./events.ts";
import type { Events } from "./events.ts";
import type { Policies } from "./policies.ts";
import { prepareReports } from "./reports.ts";
import { prepareSubjects } from "./subjects.ts";
import type { TransactionMemory } from "./transaction-memory.ts";

/** What the part about users shares with the rest of the store. */
export interface UserStoreContext {
  /** Runs a command in a transaction; resolves when it is durable. */
  readonly write: <T>(command: () => T, place?: "last" | "first") => Promise<T>;
  /** Runs a query. */
  readonly read: <T>(query: () => T) => T;
  readonly events: Events;
  readonly policies: Policies;
  readonly memory: TransactionMemory;
  readonly now: Clock;
  readonly newId: NewId;
  /** How many login names that no user has are kept. */
  readonly maxNames: number;
  /** How many users an organisation may have; 0 for any number. */
  readonly maxUsersPerOrg: number;
}

/** How many attempts expire in one command, which blocks the event loop while it runs. */
const expireBatch = 100;

/** Before every time there is. */
const longAgo = Number.MIN_SAFE_INTEGER;

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
  const reports = prepareReports(database);
  const nameEvents = prepareNameEvents(database, memory);
  const commands = createUserCommands(
    {
      subjects,
      counters: prepareCounters(database),
      attempts,
      aliases: prepareAliases(database),
      reports,
      events,
      nameEvents,
      policies,
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
  const settleAll = async (): Promise<void> => {
    const time = now();
    while (read(() => isAnyDue(time))) {
      await write(() => commands.settleSome(time, expireBatch));
    }
  };

  const lockedSlices =
    <Item>(
      orgId: string,
      filter: LockedFilter,
      show: (row: ListedRow) => Item,
    ) =>
    (after: LockedAfter | undefined, limit: number) =>
      read(() => {
        const rows = subjects.listLocked({
          ...{ orgId, limit, since: filter.since ?? longAgo },
          afterTime: after?.time ?? longAgo,
          afterId: after?.userId ?? "",
          folded: filter.prefix?.folded ?? "",
          seesEvents: filter.fromAddress === undefined ? 0 : 1,
        });
        return {
          items: rows.filter((row) => fitsLocked(row, filter, now())).map(show),
          next: rows.length < limit ? undefined : lockedPlaceOf(rows.at(-1)),
        };
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

    findLockout: async (subject) => {
      await settle(subject);
      return read(() => commands.findLockout(subject, now()));
    },

    unlock: (subject, editor, decide) =>
      write(() => commands.unlock(subject, editor, now(), decide)),

    countLockedNames: async (orgId, since) => {
      await settleAll();
      return read(() =>
        subjects.countLockedNames(orgId, since ?? longAgo, now()),
      );
    },

    listLocked: async (orgId, filter, page) => {
      await settleAll();
      return readLockedPage(
        page,
        filter,
        lockedSlices(orgId, filter, (row) =>
          commands.toLockout(toSubject(row), now()),
        ),
      );
    },
    countLocked: async (orgId, filter) => {
      await settleAll();
      return countSlices(lockedSlices(orgId, filter, () => undefined));
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
          attempts.isForgettable(time, limit) ||
          reports.isForgettable(time) ||
          nameEvents.isForgettable(),
      );
      if (!isLeft) {
        return 0;
      }
      return write(
        () =>
          commands.settleSome(time, limit) +
          attempts.forget(time, limit) +
          reports.forget(time, limit) +
          nameEvents.forget(limit),
        "first",
      );
    },
  };
}
