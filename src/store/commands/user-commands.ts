import type {
  Attempt,
  BeginChange,
  BeginResult,
  CompleteChange,
  CompleteResult,
} from "../../lockout/attempt.ts";
import { LockoutError } from "../../lockout/errors.ts";
import { aliasesChanged } from "../../lockout/user-events.ts";
import { removeUser } from "../../lockout/user.ts";
import type { DecideUser, UserChange, UserView } from "../../lockout/user.ts";
import type { NewId } from "../ids.ts";
import { createSubjectCommands, foundAgain } from "./subject-commands.ts";
import { userAggregate } from "./tables.ts";
import type { StoredSubject, UserTables } from "./tables.ts";
import type {
  Alias,
  Changed,
  StoredLockout,
  StoredUser,
  Subject,
  UserKey,
} from "../users.ts";

/**
 * The commands of `user-store.ts` as they run inside a transaction, at a time: the same on every engine. And what is shown
 * of a subject that was read.
 */
export interface UserCommands {
  changeUser<Result>(
    key: UserKey,
    editor: string,
    time: number,
    decide: DecideUser<Result>,
  ): Changed<Result>;
  putUser(
    key: UserKey,
    aliases: readonly Alias[],
    editor: string,
    time: number,
    decide: DecideUser<void>,
  ): StoredUser;
  deleteUser(key: UserKey, editor: string, time: number): boolean;
  beginAttempt(
    subject: Subject,
    editor: string,
    time: number,
    decide: (view: UserView, attemptId: string) => BeginChange,
  ): BeginResult;
  completeAttempt(
    orgId: string,
    attemptId: string,
    editor: string,
    time: number,
    decide: (view: UserView, attempt: Attempt) => CompleteChange,
  ): CompleteResult;
  reportAttempt(
    subject: Subject,
    editor: string,
    time: number,
    decide: (view: UserView) => UserChange<CompleteResult>,
  ): CompleteResult;
  /** Closes the user's attempts that have expired. */
  settleUser(key: UserKey, time: number): void;
  /** Closes attempts of anybody that have expired, and says how many. */
  settleSome(time: number, limit: number): number;
  findStored(key: UserKey): StoredSubject | undefined;
  toUser(stored: StoredSubject): StoredUser;
  toLockout(stored: StoredSubject, time: number): StoredLockout;
}

/** @param newId makes the ids of attempts */
export function createUserCommands(
  tables: UserTables,
  newId: NewId,
): UserCommands {
  const { subjects, attempts, aliases, events } = tables;
  const commands = createSubjectCommands(tables);

  const toUser = (stored: StoredSubject): StoredUser => ({
    ...keyOf(stored),
    account: stored.account,
    lock: stored.lock,
    aliases: aliases.list(stored.key),
  });
  /** The attempt as it is once its subject's expired ones are closed: it may be one of them. */
  const attemptAt = (attempt: Attempt, time: number): Attempt => {
    const isDue = attempt.expireTime <= time || attempt.beginTime > time;
    return attempt.closed === undefined && isDue
      ? (attempts.find(attempt.id) ?? attempt)
      : attempt;
  };

  return {
    changeUser: (key, editor, time, decide) => {
      const done = commands.run(commands.findUser(key), editor, time, decide);
      return { result: done.change.result, events: done.events };
    },

    putUser: (key, names, editor, time, decide) => {
      commands.run(commands.findUser(key), editor, time, decide);
      const { stored } = commands.findUser(key);
      if (stored === undefined) {
        throw new Error("a command puts a user whom it does not register");
      }
      const before = aliases.list(stored.key);
      aliases.replace(key.orgId, stored.key, names);
      const user = toUser(stored);
      for (const event of aliasesChanged(before, user.aliases)) {
        events.append(
          userAggregate(key.orgId, key.userId),
          editor,
          event,
          time,
        );
      }
      return user;
    },

    deleteUser: (key, editor, time) => {
      const found = commands.findUser(key);
      if (found.stored === undefined) {
        return false;
      }
      commands.run(found, editor, time, removeUser);
      subjects.remove(found.stored.key);
      return true;
    },

    beginAttempt: (subject, editor, time, decide) => {
      const { change, key } = commands.run(
        commands.find(subject),
        editor,
        time,
        (view) => decide(view, newId()),
      );
      const { result, opened } = change;
      if (opened === undefined) {
        return result;
      }
      if (key === undefined) {
        throw new Error("an attempt is opened for nobody");
      }
      let attempt = opened;
      while (!attempts.open(key, attempt)) {
        attempt = { ...opened, id: newId() };
      }
      return { ...result, attempt };
    },

    completeAttempt: (orgId, attemptId, editor, time, decide) => {
      const attempt = attempts.find(attemptId);
      if (attempt === undefined) {
        throw new LockoutError("attemptUnknown");
      }
      const stored = subjects.get(attempt.subject);
      if (stored?.orgId !== orgId) {
        throw new LockoutError("attemptUnknown");
      }
      const { change } = commands.run(
        foundAgain(stored),
        editor,
        time,
        (view) => decide(view, attemptAt(attempt, time)),
      );
      if (change.closed !== undefined) {
        attempts.close(attemptId, change.closed);
      }
      return change.result;
    },

    reportAttempt: (subject, editor, time, decide) =>
      commands.run(commands.find(subject), editor, time, decide).change.result,

    settleUser: (key, time) => {
      commands.settle(commands.findUser(key), time);
    },
    settleSome: (time, limit) => commands.settleSome(time, limit),
    findStored: (key) => commands.findUser(key).stored,
    toUser,
    toLockout: (stored, time) => ({
      ...keyOf(stored),
      view: {
        ...commands.view(stored, "SYSTEM", time),
        user: { account: stored.account, lock: stored.lock },
      },
    }),
  };
}

function keyOf({ orgId, userId }: StoredSubject): UserKey {
  return { orgId, userId: userId ?? "" };
}
