import type { Database } from "better-sqlite3";
import type { NewId } from "../ids.ts";
import type { Clock } from "../ids.ts";
import { createUserCommands } from "../commands/user-commands.ts";
import { readLockedPage, readUserPage } from "../commands/user-pages.ts";
import type { AttemptStore, UserKey, UserStore } from "../users.ts";
import { prepareAliases } from "./aliases.ts";
import { prepareAttempts } from "./attempts.ts";
import { prepareCounters } from "./counters.ts";
import { prepareNameEvents } from "./events.ts";
import type { Events } from "./events.ts";
import type { Policies } from "./policies.ts";
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
  const nameEvents = prepareNameEvents(database, memory);
  const commands = createUserCommands(
    {
      subjects,
      counters: prepareCounters(database),
      attempts,
      aliases: prepareAliases(database),
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
  const settleUser = async (key: UserKey): Promise<void> => {
    const time = now();
    const due = read(() => {
      const stored = commands.findStored(key);
      return stored && isDue(stored.key, time);
    });
    if (due) {
      await write(() => {
        commands.settleUser(key, time);
      });
    }
  };
  const settleAll = async (): Promise<void> => {
    const time = now();
    while (read(() => isAnyDue(time))) {
      await write(() => commands.settleSome(time, expireBatch));
    }
  };

  return {
    changeUser: (key, editor, decide) =>
      write(() => commands.changeUser(key, editor, now(), decide)),
    putUser: (key, names, editor, decide) =>
      write(() => commands.putUser(key, names, editor, now(), decide)),
    deleteUser: (key, editor) =>
      write(() => commands.deleteUser(key, editor, now())),

    hashName: (foldedName) => read(() => subjects.hashName(foldedName)),

    findUser: async (key) => {
      await settleUser(key);
      return read(() => {
        const stored = commands.findStored(key);
        return stored && commands.toUser(stored);
      });
    },

    findUserRecord: async (key) => {
      await settleUser(key);
      return read(() => {
        const stored = commands.findStored(key);
        return (
          stored && {
            user: commands.toUser(stored),
            ...events.endsOf(key),
          }
        );
      });
    },

    findOrgsOfUser: async (userId, limit) =>
      read(() => subjects.orgsOfUser(userId, limit)),

    listUsers: async (orgId, page) => {
      await settleAll();
      return readUserPage(page, (after, limit) =>
        read(() =>
          subjects
            .listUsers(orgId, after, limit)
            .map((stored) => commands.toUser(stored)),
        ),
      );
    },

    findLockout: async (key) => {
      await settleUser(key);
      return read(() => {
        const stored = commands.findStored(key);
        return stored && commands.toLockout(stored, now());
      });
    },

    listLocked: async (orgId, since, page) => {
      await settleAll();
      return readLockedPage(page, (after, limit) =>
        read(() =>
          subjects
            .listLocked(orgId, since ?? Number.MIN_SAFE_INTEGER, after, limit)
            .map((stored) => commands.toLockout(stored, now())),
        ),
      );
    },

    beginAttempt: (subject, editor, decide) =>
      write(() => commands.beginAttempt(subject, editor, now(), decide)),
    completeAttempt: (orgId, attemptId, editor, decide) =>
      write(() =>
        commands.completeAttempt(orgId, attemptId, editor, now(), decide),
      ),
    reportAttempt: (subject, editor, decide) =>
      write(() => commands.reportAttempt(subject, editor, now(), decide)),

    settleAttempts: async (limit) => {
      const time = now();
      const isLeft = read(
        () =>
          isAnyDue(time) ||
          attempts.isForgettable(time, limit) ||
          nameEvents.isForgettable(),
      );
      if (!isLeft) {
        return 0;
      }
      return write(
        () =>
          commands.settleSome(time, limit) +
          attempts.forget(time, limit) +
          nameEvents.forget(limit),
        "first",
      );
    },
  };
}
