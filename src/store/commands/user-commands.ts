import type { CompleteResult } from "../../lockout/user/comparison.ts";
import type {
  Attempt,
  BeginChange,
  BeginResult,
  CompleteChange,
} from "../../lockout/attempt/attempt.ts";
import { foldName } from "../../lockout/user/alias.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { withoutEnded } from "../../lockout/user/lock.ts";
import { withoutEndedLocks } from "../../lockout/user/lock-end.ts";
import {
  aliasesChanged,
  nameUnlocked,
} from "../../lockout/user/user-events.ts";
import {
  emptyName,
  newUser,
  removeUser,
  takeOverName,
} from "../../lockout/user/user.ts";
import type {
  CommandView,
  DecideUser,
  UserChange,
} from "../../lockout/user/user.ts";
import type { Changed, RecordedEvent } from "../events.ts";
import type { NewId } from "../ids.ts";
import {
  createSubjectCommands,
  foundAgain,
  stateOf,
} from "./subject-commands.ts";
import type { Found } from "./subject-commands.ts";
import {
  orgAggregate,
  requireOrg,
  sourceKey,
  userAggregate,
} from "./tables.ts";
import { settleSources } from "./settle-sources.ts";
import { settleStormsOf } from "./settle-storms.ts";
import type {
  SourceKey,
  StoredReport,
  StoredSubject,
  UserTables,
} from "./tables.ts";
import type {
  Alias,
  ReportKey,
  StoredLockout,
  StoredUser,
  Subject,
  UserKey,
} from "../users.ts";
import { keepClosedMs } from "../users.ts";

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
  deleteUser(
    key: UserKey,
    editor: string,
    time: number,
  ): RecordedEvent | undefined;
  beginAttempt(
    subject: Subject,
    editor: string,
    time: number,
    decide: (view: CommandView, attemptId: string) => BeginChange,
  ): BeginResult;
  completeAttempt(
    orgId: string,
    attemptId: string,
    editor: string,
    time: number,
    decide: (view: CommandView, attempt: Attempt) => CompleteChange,
  ): CompleteResult;
  reportAttempt(
    subject: Subject,
    editor: string,
    time: number,
    decide: (view: CommandView) => UserChange<CompleteResult>,
    once: ReportKey | undefined,
  ): CompleteResult;
  unlock(
    subject: Subject,
    editor: string,
    time: number,
    decide: DecideUser<void>,
  ): StoredLockout;
  /** Closes the subject's attempts that have expired. */
  settleSubject(subject: Subject, time: number): void;
  /** Closes attempts of anybody that have expired, and says how many. */
  settleSome(time: number, limit: number): number;
  /** Removes what has leaked away of sources, and dates anew what is of a time to come. */
  settleSources(keys: readonly SourceKey[], time: number): void;
  /** Counts the locks that were noted of an organisation, and says whether storms have begun and ended. */
  settleStormsOf(orgId: string, time: number): void;
  findStored(subject: Subject): StoredSubject | undefined;
  findLockout(subject: Subject, time: number): StoredLockout | undefined;
  /** Without locks that have ended by this time, though no event says so yet. */
  toUser(stored: StoredSubject, time: number): StoredUser;
  toLockout(stored: StoredSubject, time: number): StoredLockout;
}

/** @param newId makes the ids of attempts */
export function createUserCommands(
  tables: UserTables,
  newId: NewId,
): UserCommands {
  const { subjects, attempts, sources, aliases, events, reports, tally } =
    tables;
  const commands = createSubjectCommands(tables);

  const toUser = (stored: StoredSubject, time: number): StoredUser => ({
    ...keyOf(stored),
    ...withoutEnded(stateOf(stored), time),
    aliases: aliases.list(stored.key),
  });
  const toLockout = (stored: StoredSubject, time: number): StoredLockout => ({
    ...keyOf(stored),
    view: withoutEndedLocks({
      ...commands.view(foundAgain(stored), "SYSTEM", time),
      user: stateOf(stored),
    }),
  });
  /** The attempt as it is once its subject's expired ones are closed: it may be one of them. */
  const attemptAt = (attempt: Attempt, time: number): Attempt => {
    const isDue = attempt.expireTime <= time || attempt.beginTime > time;
    return attempt.closed === undefined && isDue
      ? (attempts.find(attempt.id) ?? attempt)
      : attempt;
  };

  /** Has a name that leads to the user from now on leave what was counted for it to the user. */
  const takeOver = (
    key: UserKey,
    foldedName: string,
    editor: string,
    time: number,
  ) => {
    const name = commands.findName(key.orgId, foldedName);
    if (name === undefined) {
      return;
    }
    const { change } = commands.run(name, "SYSTEM", time, (view) => ({
      ...emptyName(view),
      result: view,
    }));
    const user = commands.findUser(key);
    commands.run(user, editor, time, takeOverName(change.result));
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
      const after = aliases.list(stored.key);
      for (const event of aliasesChanged(before, after)) {
        events.append(
          userAggregate(key.orgId, key.userId),
          editor,
          event,
          time,
        );
      }
      const had = new Set(before.map(foldName));
      for (const { folded } of names) {
        if (!had.has(folded)) {
          takeOver(key, folded, editor, time);
        }
      }
      return toUser(commands.findUser(key).stored ?? stored, time);
    },

    deleteUser: (key, editor, time) => {
      const found = commands.findUser(key);
      if (found.stored === undefined) {
        return undefined;
      }
      const { events: removed } = commands.run(found, editor, time, removeUser);
      subjects.remove(found.stored.key);
      return removed.at(-1);
    },

    beginAttempt: (subject, editor, time, decide) => {
      const found = commands.find(subject);
      const { change, key } = commands.run(found, editor, time, (view) =>
        decide(view, newId()),
      );
      const { result, factor, opened, network } = change;
      tally.note(
        tally.meter.attempt(
          ...([subject.orgId, factor, result.decision] as const),
          isKnown(found),
        ),
      );
      if (opened === undefined) {
        return result;
      }
      if (key === undefined) {
        throw new Error("an attempt is opened for nobody");
      }
      const source =
        network === undefined ? undefined : sourceKey(subject.orgId, network);
      if (source !== undefined) {
        sources.hold(source, time);
      }
      let attempt = opened;
      while (!attempts.open(key, attempt, source)) {
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

    reportAttempt: (subject, editor, time, decide, once) => {
      const { orgId } = subject;
      requireOrg(tables.orgs, orgId);
      const known = once && reports.find(orgId, once.key);
      if (known !== undefined && isRemembered(known, time)) {
        if (known.request !== once?.request) {
          throw new LockoutError("idempotencyKeyReused");
        }
        return known.result;
      }
      const found = commands.find(subject);
      const { result } = commands.run(found, editor, time, decide).change;
      if (once !== undefined) {
        reports.put({ ...once, orgId, time, result });
      }
      return result;
    },

    unlock: (subject, editor, time, decide) => {
      const found = commands.find(subject);
      const { change, key } = commands.run(found, editor, time, decide);
      const stored = key === undefined ? undefined : subjects.get(key);
      if (stored === undefined) {
        throw new Error("a command unlocks nobody");
      }
      const { id } = found;
      if (stored.userId === undefined && id.kind === "name") {
        for (const event of change.events) {
          events.append(
            orgAggregate(id.orgId),
            editor,
            nameUnlocked(Buffer.from(id.hash).toString("hex"), event),
            time,
          );
        }
      }
      return toLockout(stored, time);
    },

    settleSubject: (subject, time) => {
      commands.settle(commands.find(subject), time);
    },
    settleSome: (time, limit) => commands.settleSome(time, limit),
    settleSources: (keys, time) => {
      settleSources(tables, keys, time);
    },
    settleStormsOf: (orgId, time) => {
      settleStormsOf(tables, orgId, time);
    },
    findStored: (subject) => commands.find(subject).stored,
    findLockout: (subject, time) => {
      const found = commands.find(subject);
      const { stored } = found;
      if (stored !== undefined) {
        return toLockout(stored, time);
      }
      if (subject.kind === "user") {
        return undefined;
      }
      const { orgId } = subject;
      const view = commands.view(found, "SYSTEM", time);
      return { orgId, userId: "", view: { ...view, user: newUser } };
    },
    toUser,
    toLockout,
  };
}

function keyOf({ orgId, userId }: StoredSubject): UserKey {
  return { orgId, userId: userId ?? "" };
}

/** Whether it is a user whose secret is guessed at: by the id, registered or not, or by a login name. */
function isKnown({ id, stored }: Found): boolean {
  return id.kind === "user" || stored?.userId !== undefined;
}

/** Also where the clock was set back a little since. */
function isRemembered({ time }: StoredReport, now: number): boolean {
  return Math.abs(now - time) < keepClosedMs;
}
