import { expireAttempt } from "../lockout/attempt.ts";
import { factors } from "../lockout/factor.ts";
import type { UserChange, UserView } from "../lockout/user.ts";
import type { RecordedEvent } from "./store.ts";
import { zeroCounters } from "./tables.ts";
import type {
  CountersByFactor,
  StoredAttempt,
  StoredSubject,
  SubjectId,
  UserTables,
} from "./tables.ts";
import type { Subject, UserKey } from "./user-store.ts";

/** A subject as a command finds it: nothing of it is stored where nobody asked before. */
export interface Found {
  readonly id: SubjectId;
  readonly stored: StoredSubject | undefined;
}

/** What a command on a subject led to. */
export interface Done<Change> {
  readonly change: Change;
  /** The subject's key, if it is stored now. */
  readonly key: number | undefined;
  readonly events: readonly RecordedEvent[];
}

export interface SubjectCommands {
  find(subject: Subject): Found;
  findUser(key: UserKey): Found;
  /** What a decision on a stored subject is made from, as it is. */
  view(stored: StoredSubject, editor: string, time: number): UserView;
  /** Runs a command on a subject whose expired attempts it closes before. Inside a transaction, as all that follow. */
  run<Change extends UserChange<unknown>>(
    subject: Found,
    editor: string,
    time: number,
    decide: (view: UserView) => Change,
  ): Done<Change>;
  /** Closes the subject's attempts that have expired. */
  settle(subject: Found, time: number): void;
  /** Closes attempts of anybody that have expired, and says how many. */
  settleSome(time: number, limit: number): number;
}

export function createSubjectCommands({
  subjects,
  counters,
  attempts,
  aliases,
  events,
  policies,
}: UserTables): SubjectCommands {
  const findUser = (key: UserKey): Found => {
    const id: SubjectId = { kind: "user", ...key };
    return { id, stored: subjects.find(id) };
  };

  const find = (subject: Subject): Found => {
    if (subject.kind === "user") return findUser(subject);
    const { orgId, foldedName } = subject;
    const key = aliases.find(orgId, foldedName);
    const id: SubjectId = {
      kind: "name",
      orgId,
      hash: subjects.hashName(foldedName),
    };
    return {
      id,
      stored: key === undefined ? subjects.find(id) : subjects.get(key),
    };
  };

  const viewOf = (
    orgId: string,
    stored: StoredSubject | undefined,
    counted: CountersByFactor,
    editor: string,
    time: number,
  ): UserView => ({
    user: stored && { account: stored.account, lock: stored.lock },
    counters: counted,
    limits: policies.limitsFor(orgId),
    editor,
    now: time,
  });

  /** Writes what a command led to; returns the subject if there is one now. */
  const apply = (
    { id, stored }: Found,
    { user, steps, events: changes, voidsOpen }: UserChange<unknown>,
    view: UserView,
  ): { readonly key: number | undefined; readonly events: RecordedEvent[] } => {
    let key = stored?.key;
    if (user !== undefined) {
      if (key === undefined) key = subjects.create(id, user).key;
      else subjects.update(key, user);
    }
    if (key === undefined) {
      if (steps.length === 0 && changes.length === 0)
        return { key, events: [] };
      throw new Error("a command counts for a user whom it does not register");
    }
    for (const step of steps) counters.step(key, step, view.now);
    if (voidsOpen === true) attempts.voidOpen(key);
    const userId = stored?.userId ?? (id.kind === "user" ? id.userId : "");
    // A name without a user has no events.
    const recorded =
      userId === ""
        ? []
        : changes.map((event) =>
            events.append(
              { type: "user", id: userId, resourceOwner: id.orgId },
              view.editor,
              event,
              view.now,
            ),
          );
    return { key, events: recorded };
  };

  /** Closes an expired attempt as of the moment it expired. */
  const expire = (attempt: StoredAttempt): void => {
    const stored = subjects.get(attempt.subject);
    // Open attempts are removed with their subject.
    if (stored === undefined) throw new Error("an open attempt is nobody's");
    const view = viewOf(
      stored.orgId,
      stored,
      counters.read(stored.key),
      "SYSTEM",
      attempt.expireTime,
    );
    const change = expireAttempt(view, attempt);
    apply(foundAgain(stored), change, view);
    if (change.closed !== undefined) attempts.close(attempt.id, change.closed);
  };

  /** What a command sees of a subject, once its expired attempts are closed. */
  const look = (
    { id, stored }: Found,
    editor: string,
    time: number,
  ): { readonly found: Found; readonly view: UserView } => {
    if (stored === undefined) {
      const view = viewOf(id.orgId, stored, zeroCounters, editor, time);
      return { found: { id, stored }, view };
    }
    let current: StoredSubject | undefined = stored;
    let counted = counters.read(stored.key);
    if (hasOpen(counted)) {
      const expired = attempts.expiredOf(stored.key, time);
      if (expired.length > 0) {
        expired.forEach(expire);
        current = subjects.get(stored.key);
        counted = counters.read(stored.key);
      }
    }
    return {
      found: { id, stored: current },
      view: viewOf(id.orgId, current, counted, editor, time),
    };
  };

  const run: SubjectCommands["run"] = (subject, editor, time, decide) => {
    const { found, view } = look(subject, editor, time);
    const change = decide(view);
    const applied = apply(found, change, view);
    // Of names, the most recent ones are kept, also those that were only refused.
    if (found.stored !== undefined && found.stored.userId === undefined)
      subjects.touch(found.stored.key);
    return { change, ...applied };
  };

  return {
    find,
    findUser,
    view: (stored, editor, time) =>
      viewOf(stored.orgId, stored, counters.read(stored.key), editor, time),
    run,
    settle: (subject, time) => {
      look(subject, "SYSTEM", time);
    },
    settleSome: (time, limit) => {
      const expired = attempts.expired(time, limit);
      expired.forEach(expire);
      return expired.length;
    },
  };
}

/** A subject that is stored, so that its id is not needed to create it. */
export function foundAgain(stored: StoredSubject): Found {
  const { orgId, userId } = stored;
  const id: SubjectId =
    userId === undefined
      ? { kind: "name", orgId, hash: new Uint8Array(0) }
      : { kind: "user", orgId, userId };
  return { id, stored };
}

function hasOpen(counted: CountersByFactor): boolean {
  return factors.some((factor) => counted[factor].open > 0);
}
