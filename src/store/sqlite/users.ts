import type { Database } from "better-sqlite3";
import type { Attempt } from "../../lockout/attempt.ts";
import { LockoutError } from "../../lockout/errors.ts";
import { fromPageToken, toPageToken } from "../page-token.ts";
import type { Clock } from "../store.ts";
import type {
  AttemptStore,
  Page,
  PageRequest,
  StoredLockout,
  StoredUser,
  UserKey,
  UserStore,
} from "../user-store.ts";
import { prepareAliases } from "./aliases.ts";
import { prepareAttempts } from "./attempts.ts";
import { prepareCounters } from "./counters.ts";
import type { Events } from "./events.ts";
import type { Policies } from "./policies.ts";
import { createSubjectCommands, foundAgain } from "./subject-commands.ts";
import { prepareSubjects } from "./subjects.ts";
import type { StoredSubject } from "./subjects.ts";

/** What the part about users shares with the rest of the store. */
export interface UserStoreContext {
  /** Runs a command in a transaction; resolves when it is durable. */
  readonly write: <T>(command: () => T) => Promise<T>;
  /** Runs a query. */
  readonly read: <T>(query: () => T) => T;
  readonly events: Events;
  readonly policies: Policies;
  readonly now: Clock;
  /** How many login names that lead to nobody are kept. */
  readonly maxNames: number;
}

/** How long it is kept how an attempt was closed, in milliseconds: at least, since it is removed now and then. */
const keepClosedMs = 10 * 60 * 1000;

/** So many attempts expire in one command, which blocks the event loop while it runs. */
const expireBatch = 100;

export function createUserStore(
  database: Database,
  { write, read, events, policies, now, maxNames }: UserStoreContext,
): UserStore & AttemptStore {
  const attempts = prepareAttempts(database);
  const subjects = prepareSubjects(database, maxNames, (key) => {
    attempts.removeOpen(key);
  });
  const aliases = prepareAliases(database);

  const commands = createSubjectCommands({
    subjects,
    counters: prepareCounters(database),
    attempts,
    aliases,
    events,
    policies,
  });

  /** So that a read shows every attempt closed that has expired. */
  const settleUser = async (key: UserKey): Promise<void> => {
    const time = now();
    const due = read(() => {
      const { stored } = commands.findUser(key);
      return stored && attempts.expiredOf(stored.key, time).length > 0;
    });
    if (due)
      await write(() => {
        commands.settle(commands.findUser(key), time);
      });
  };
  const settleAll = async (): Promise<void> => {
    const time = now();
    while (read(() => attempts.expired(time, 1).length > 0))
      await write(() => commands.settleSome(time, expireBatch));
  };

  const toUser = (stored: StoredSubject): StoredUser => ({
    ...keyOf(stored),
    account: stored.account,
    lock: stored.lock,
    aliases: aliases.list(stored.key),
  });
  const toLockout = (stored: StoredSubject): StoredLockout => ({
    ...keyOf(stored),
    view: {
      ...commands.view(stored, "SYSTEM", now()),
      user: { account: stored.account, lock: stored.lock },
    },
  });

  return {
    changeUser: (key, editor, decide) =>
      write(() => {
        const done = commands.run(
          commands.findUser(key),
          editor,
          now(),
          decide,
        );
        return { result: done.change.result, events: done.events };
      }),

    putUser: (key, names, editor, decide) =>
      write(() => {
        commands.run(commands.findUser(key), editor, now(), decide);
        const { stored } = commands.findUser(key);
        if (stored === undefined)
          throw new Error("a command puts a user whom it does not register");
        aliases.replace(key.orgId, stored.key, names);
        return toUser(stored);
      }),

    findUser: async (key) => {
      await settleUser(key);
      return read(() => {
        const { stored } = commands.findUser(key);
        return stored && toUser(stored);
      });
    },

    findOrgsOfUser: async (userId) => read(() => subjects.orgsOfUser(userId)),

    listUsers: async (orgId, page) => {
      const after =
        page.after === undefined ? undefined : userAfter(page.after);
      await settleAll();
      return read(() =>
        toPage(
          subjects.listUsers(orgId, after, page.size + 1),
          page,
          toUser,
          ({ userId }) => ["users", userId],
        ),
      );
    },

    deleteUser: (key) =>
      write(() => {
        const { stored } = commands.findUser(key);
        if (stored === undefined) return false;
        subjects.remove(stored.key);
        return true;
      }),

    findLockout: async (key) => {
      await settleUser(key);
      return read(() => {
        const { stored } = commands.findUser(key);
        return stored && toLockout(stored);
      });
    },

    listLocked: async (orgId, since, page) => {
      const after =
        page.after === undefined ? undefined : lockedAfter(page.after);
      await settleAll();
      return read(() =>
        toPage(
          subjects.listLocked(
            orgId,
            since ?? Number.MIN_SAFE_INTEGER,
            after,
            page.size + 1,
          ),
          page,
          toLockout,
          ({ userId, view }) => ["locked", view.user.lock?.time ?? 0, userId],
        ),
      );
    },

    beginAttempt: (subject, editor, decide) =>
      write(() => {
        const { change, key } = commands.run(
          commands.find(subject),
          editor,
          now(),
          decide,
        );
        if (change.opened !== undefined) {
          if (key === undefined)
            throw new Error("an attempt is opened for nobody");
          attempts.open(key, change.opened);
        }
        return change.result;
      }),

    completeAttempt: (orgId, attemptId, editor, decide) =>
      write(() => {
        const time = now();
        const attempt = attempts.find(attemptId);
        if (attempt === undefined) throw new LockoutError("attemptUnknown");
        const stored = subjects.get(attempt.subject);
        if (stored?.orgId !== orgId) throw new LockoutError("attemptUnknown");
        const { change } = commands.run(
          foundAgain(stored),
          editor,
          time,
          (view) => decide(view, attemptAt(attempt, time)),
        );
        if (change.closed !== undefined)
          attempts.close(attemptId, change.closed);
        return change.result;
      }),

    reportAttempt: (subject, editor, decide) =>
      write(
        () =>
          commands.run(commands.find(subject), editor, now(), decide).change
            .result,
      ),

    settleAttempts: async (limit) => {
      const time = now();
      let closed = 0;
      for (;;) {
        const batch = Math.min(expireBatch, limit - closed);
        const expired = await write(() => commands.settleSome(time, batch));
        closed += expired;
        if (expired < batch || closed === limit) break;
      }
      await write(() => {
        attempts.forget(time - keepClosedMs, limit);
      });
      return closed;
    },
  };

  /** The attempt as it is once its subject's expired ones are closed: it may be one of them. */
  function attemptAt(attempt: Attempt, time: number): Attempt {
    const expired = attempt.closed === undefined && attempt.expireTime <= time;
    return (expired ? attempts.find(attempt.id) : undefined) ?? attempt;
  }
}

function keyOf({ orgId, userId }: StoredSubject): UserKey {
  return { orgId, userId: userId ?? "" };
}

function userAfter(token: string): string {
  const [, userId] = fromPageToken(token, "users");
  if (typeof userId !== "string") throw new RangeError("not a page of users");
  return userId;
}

function lockedAfter(token: string): {
  readonly time: number;
  readonly userId: string;
} {
  const [, time, userId] = fromPageToken(token, "locked");
  if (typeof time !== "number" || typeof userId !== "string")
    throw new RangeError("not a page of locked users");
  return { time, userId };
}

/** A page of what was found, one more than fits if there is a next page. */
function toPage<Item>(
  found: readonly StoredSubject[],
  { size }: PageRequest,
  toItem: (stored: StoredSubject) => Item,
  endAt: (item: Item) => readonly (string | number)[],
): Page<Item> {
  const items = found.slice(0, size).map(toItem);
  const last = items.at(-1);
  const more = found.length > size && last !== undefined;
  return { items, next: more ? toPageToken(endAt(last)) : undefined };
}
