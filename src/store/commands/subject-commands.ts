import { expireAttempt, redated } from "../../lockout/attempt/attempt.ts";
import { factors } from "../../lockout/user/factor.ts";
import { userAdded } from "../../lockout/user/user-events.ts";
import type {
  CommandView,
  UserChange,
  UserState,
  UserView,
} from "../../lockout/user/user.ts";
import { isAnyOpen } from "../../lockout/user/devices.ts";
import { firstEnded } from "../../lockout/user/lock.ts";
import { endLock } from "../../lockout/user/lock-end.ts";
import { newUser } from "../../lockout/user/user.ts";
import type { RecordedEvent } from "../events.ts";
import { measuredEvents } from "./measured-events.ts";
import {
  nameAggregate,
  requireOrg,
  sourceKey,
  userAggregate,
  zeroCounters,
} from "./tables.ts";
import type {
  CountersByFactor,
  StoredAttempt,
  StoredSubject,
  SubjectId,
  UserTables,
} from "./tables.ts";
import type { Subject, UserKey } from "../users.ts";

/** A subject as a command finds it: it may not be stored yet. */
export interface Found {
  readonly id: SubjectId;
  readonly stored: StoredSubject | undefined;
  /** A login name that leads to a user, and is not kept yet. */
  readonly newName?: SubjectId | undefined;
}

/** What a command on a subject led to. */
export interface Done<Change> {
  readonly change: Change;
  /** The subject's key, if it is stored now. */
  readonly key: number | undefined;
  readonly events: readonly RecordedEvent[];
}

/** What commands on users have in common: how a subject is found, counted and settled. */
export interface SubjectCommands {
  find(subject: Subject): Found;
  /** A login name itself, where it is kept, whoever it leads to. */
  findName(orgId: string, foldedName: string): Found | undefined;
  findUser(key: UserKey): Found;
  /** What a decision on a subject is made from, as it is. */
  view(found: Found, editor: string, time: number): UserView;
  /** Runs a command on a subject whose expired attempts it closes before. Inside a transaction, as all that follow. */
  run<Change extends UserChange<unknown>>(
    subject: Found,
    editor: string,
    time: number,
    decide: (view: CommandView) => Change,
  ): Done<Change>;
  /** Closes the subject's attempts that have expired, and ends the lock that has ended by itself. */
  settle(subject: Found, time: number): void;
  /** Closes attempts of anybody that have expired, and ends locks that have ended by themselves; says how many there were. */
  settleSome(time: number, limit: number): number;
}

/** Makes the commands on these tables. */
export function createSubjectCommands({
  orgs,
  subjects,
  counters,
  attempts,
  sources,
  storms,
  aliases,
  events: unmeasured,
  nameEvents,
  policies,
  tally,
}: UserTables): SubjectCommands {
  const events = measuredEvents(unmeasured, tally);
  const findUser = (key: UserKey): Found => {
    const id: SubjectId = { kind: "user", ...key };
    // Of a removed organisation rows may be left.
    const stored = orgs.isRemoved(key.orgId) ? undefined : subjects.find(key);
    return { id, stored };
  };

  const find = (subject: Subject): Found => {
    if (subject.kind === "user") {
      return findUser(subject);
    }
    const { orgId, foldedName, formerName } = subject;
    const hash = subjects.hashName(foldedName);
    const id: SubjectId = { kind: "name", orgId, hash };
    if (orgs.isRemoved(orgId)) {
      return { id, stored: undefined };
    }
    const user =
      (formerName === undefined
        ? undefined
        : aliases.find(orgId, formerName)) ?? aliases.find(orgId, foldedName);
    const name = subjects.findName(orgId, hash);
    const key = user ?? name;
    if (key === undefined) {
      // As much is read as of a user, and nothing done with it.
      const other = subjects.findAnother(orgId, hash);
      if (other !== undefined && subjects.get(other) !== undefined) {
        counters.read(other);
      }
      return { id, stored: undefined };
    }
    return {
      id,
      stored: subjects.get(key),
      newName: user !== undefined && name === undefined ? id : undefined,
    };
  };

  const findName: SubjectCommands["findName"] = (orgId, foldedName) => {
    const hash = subjects.hashName(foldedName);
    const key = subjects.findName(orgId, hash);
    const stored = key === undefined ? undefined : subjects.get(key);
    return stored && { id: { kind: "name", orgId, hash }, stored };
  };

  const viewOf = (
    id: SubjectId,
    stored: StoredSubject | undefined,
    counted: CountersByFactor,
    editor: string,
    time: number,
  ): UserView => ({
    user: stored && stateOf(stored),
    counters: counted,
    ...policies.policyFor(id.orgId),
    editor,
    now: time,
  });

  const commandViewOf = (
    ...[id, stored, ...rest]: Parameters<typeof viewOf>
  ): CommandView => {
    // The user's own, by whichever login name somebody came: what one has made is known by the others.
    const owner = stored === undefined ? id : idOf(stored);
    return {
      ...viewOf(id, stored, ...rest),
      hashSecret: (secretDigest) => subjects.hashSecret(owner, secretDigest),
      findSource: (network) => sources.find(sourceKey(id.orgId, network)),
      signDevice: (deviceId) => subjects.signDevice(owner, deviceId),
      readDeviceToken: (token) => subjects.readDeviceToken(owner, token),
    };
  };

  /** Writes what a command led to; returns the subject if there is one now. */
  const apply = (
    { id, stored }: Found,
    change: UserChange<unknown>,
    view: UserView,
    writtenAt = view.now,
  ): { readonly key: number | undefined; readonly events: RecordedEvent[] } => {
    const {
      user,
      steps,
      events: changes,
      voidsOpen,
      compared,
      source,
      lockTime,
    } = change;
    if (compared !== undefined) {
      const { factor, outcome } = compared;
      tally.note(tally.meter.completed(id.orgId, factor, outcome));
    }
    let key = stored?.key;
    let recorded = changes;
    const isKept = key !== undefined || id.kind === "user" || isCounted(change);
    if (user !== undefined && isKept) {
      if (key === undefined) {
        key = subjects.create(id, user).key;
        if (id.kind === "user") {
          recorded = [userAdded(user.account), ...changes];
        }
      } else {
        subjects.update(key, user);
      }
    }
    if (key === undefined) {
      if (!isCounted(change)) {
        return { key, events: [] };
      }
      throw new Error("a command counts for a user whom it does not register");
    }
    for (const step of steps) {
      counters.step(key, step, step.time ?? view.now);
    }
    if (source !== undefined) {
      sources.put(sourceKey(id.orgId, source.network), source.source);
    }
    if (voidsOpen === true) {
      attempts.voidOpen(key);
    }
    const userId = stored?.userId ?? (id.kind === "user" ? id.userId : "");
    const isName = userId === "";
    if (lockTime !== undefined) {
      storms.note(id.orgId, lockTime, isName);
    }
    const aggregate = isName
      ? nameAggregate(id.orgId, key)
      : userAggregate(id.orgId, userId);
    const log = isName ? nameEvents : events;
    const appended = recorded.map((event) =>
      log.append(aggregate, view.editor, event, writtenAt),
    );
    return { key, events: isName ? [] : appended };
  };

  const viewAt = (stored: StoredSubject, time: number) =>
    commandViewOf(
      idOf(stored),
      stored,
      counters.read(stored.key),
      "SYSTEM",
      time,
    );

  /** Ends the locks that have ended by themselves, as of the moments they did, by events of now. */
  const endLocksOf = (key: number, until: number, now: number) => {
    for (;;) {
      const stored = subjects.get(key);
      const endTime = stored && firstEnded(stored, until)?.lock.endTime;
      if (stored === undefined || endTime === undefined) {
        return;
      }
      const view = viewAt(stored, endTime);
      apply(foundAgain(stored), endLock(view), view, now);
    }
  };

  /** Closes an expired attempt as of the moment it expired, behind a lock that had ended before. */
  const expire = (attempt: StoredAttempt, now: number): void => {
    endLocksOf(attempt.subject, attempt.expireTime, now);
    const stored = subjects.get(attempt.subject);
    // Open attempts are removed with their subject.
    if (stored === undefined) {
      throw new Error("an open attempt is nobody's");
    }
    const view = viewAt(stored, attempt.expireTime);
    const change = expireAttempt(view, attempt);
    apply(foundAgain(stored), change, view);
    if (change.closed !== undefined) {
      attempts.close(attempt.id, change.closed);
    }
  };

  /** Gives new times to attempts that were begun before the clock was set back to this time. */
  const redate = (ahead: readonly StoredAttempt[], time: number): void => {
    for (const attempt of ahead) {
      attempts.redate(redated(attempt, time) ?? attempt);
    }
  };

  /** Removes subjects of organisations that were removed, of which nothing is decided any more; says whether it has removed one. */
  const createClearing = () => {
    const cleared = new Set<number>();
    return (key: number): boolean => {
      const stored = subjects.get(key);
      if (stored !== undefined && orgs.isRemoved(stored.orgId)) {
        subjects.remove(key);
        cleared.add(key);
      }
      return cleared.has(key);
    };
  };

  /** What a command sees of a subject, once its expired attempts are closed. */
  const look = (
    { id, stored }: Found,
    editor: string,
    time: number,
  ): { readonly found: Found; readonly view: CommandView } => {
    if (stored === undefined) {
      const view = commandViewOf(id, stored, zeroCounters, editor, time);
      return { found: { id, stored }, view };
    }
    let current: StoredSubject | undefined = stored;
    let counted = counters.read(stored.key);
    let expired: readonly StoredAttempt[] = [];
    if (hasOpen(counted) || isAnyOpen(stored.devices)) {
      redate(attempts.aheadOf(stored.key, time), time);
      expired = attempts.expiredOf(stored.key, time);
    }
    if (expired.length > 0 || firstEnded(stored, time) !== undefined) {
      for (const attempt of expired) {
        expire(attempt, time);
      }
      // Perhaps one that an expired attempt has caused.
      endLocksOf(stored.key, time, time);
      current = subjects.get(stored.key);
      counted = counters.read(stored.key);
    }
    return {
      found: { id, stored: current },
      view: commandViewOf(id, current, counted, editor, time),
    };
  };

  const run: SubjectCommands["run"] = (subject, editor, time, decide) => {
    requireOrg(orgs, subject.id.orgId);
    const { found, view } = look(subject, editor, time);
    const change = decide(view);
    const applied = apply(found, change, view);
    // As a name that no user has is kept when something is counted for it: the time that this takes must not tell who it leads to.
    if (subject.newName !== undefined && isCounted(change)) {
      subjects.create(subject.newName, newUser);
    }
    return { change, ...applied };
  };

  return {
    find,
    findUser,
    findName,
    view: ({ id, stored }, ...rest) =>
      viewOf(
        id,
        stored,
        stored === undefined ? zeroCounters : counters.read(stored.key),
        ...rest,
      ),
    run,
    settle: (subject, time) => {
      look(subject, "SYSTEM", time);
    },
    settleSome: (time, limit) => {
      const ahead = attempts.ahead(time, limit);
      redate(ahead, time);
      const expired = attempts.expired(time, limit);
      const wasCleared = createClearing();
      for (const attempt of expired) {
        if (!wasCleared(attempt.subject)) {
          expire(attempt, time);
        }
      }
      const ended = subjects.withEndedLocks(time, limit);
      for (const { key } of ended) {
        if (!wasCleared(key)) {
          endLocksOf(key, time, time);
        }
      }
      return expired.length + ended.length;
    },
  };
}

/** A subject that is stored, so that its id is not needed to create it. */
export function foundAgain(stored: StoredSubject): Found {
  return { id: idOf(stored), stored };
}

function idOf({ orgId, userId, nameHash }: StoredSubject): SubjectId {
  return userId === undefined
    ? { kind: "name", orgId, hash: nameHash ?? new Uint8Array(0) }
    : { kind: "user", orgId, userId };
}

/** How a stored subject stands. */
export function stateOf({
  account,
  lock,
  factorLocks,
  rememberedSecrets,
  devices,
}: StoredSubject): UserState {
  return { account, lock, factorLocks, rememberedSecrets, devices };
}

/** Whether something is counted, so that a name is kept. */
function isCounted({ steps, events }: UserChange<unknown>): boolean {
  return steps.length > 0 || events.length > 0;
}

function hasOpen(counted: CountersByFactor): boolean {
  return factors.some((factor) => counted[factor].open > 0);
}
