import type { EventPayload } from "../../lockout/events/event.ts";
import type { Devices } from "../../lockout/user/devices.ts";
import { factors } from "../../lockout/user/factor.ts";
import type { Factor } from "../../lockout/user/factor.ts";
import type { FactorLocks } from "../../lockout/user/lock.ts";
import {
  replayUserEvent,
  unseenUser,
  withPrunedEvents,
} from "../../lockout/replay.ts";
import type { ReplayedUser } from "../../lockout/replay.ts";
import type { Problems } from "./problems.ts";

/** A user as it is stored. */
export interface UserRow {
  readonly key: number;
  readonly org_id: string;
  readonly user_id: string;
  /** Events up to this position are of an earlier user with the same id. */
  readonly since_position: number;
  /** 1 where the registration is an event. */
  readonly recorded: number;
  readonly account: string;
  readonly lock_time: number | null;
  /** JSON: by factor. */
  readonly factor_locks: string | null;
  /** JSON. */
  readonly devices: string | null;
}

/** What is counted of a factor. */
export interface Failures {
  readonly failed: number;
  readonly inRow: number;
}

/** What is stored of users beside their rows, by their keys. */
export interface UserDetails {
  /** Failures by factor, those that count and those in a row; none where there is no counter. */
  readonly failures: ReadonlyMap<number, ReadonlyMap<Factor, Failures>>;
  readonly aliases: ReadonlyMap<number, readonly string[]>;
}

/** Compares users with the result of their events: that they exist, their states, locks, counters and aliases. */
export class UserCheck {
  readonly #problems: Problems;
  readonly #rows: readonly UserRow[];
  readonly #hasWindow: (orgId: string) => boolean;
  readonly #since: ReadonlyMap<string, number>;
  /** By organisation, then by id. */
  readonly #users = new Map<string, Map<string, ReplayedUser>>();

  /** @param hasWindow whether an observation window has ever held in an organisation */
  constructor(
    problems: Problems,
    rows: readonly UserRow[],
    hasWindow: (orgId: string) => boolean,
  ) {
    this.#problems = problems;
    this.#hasWindow = hasWindow;
    this.#rows = rows;
    this.#since = new Map(
      rows.map((row) => [key(row.org_id, row.user_id), row.since_position]),
    );
  }

  /**
   * Takes the next event of a user.
   *
   * @param afterPruned whether events of attempts before it were removed
   */
  add(
    orgId: string,
    userId: string,
    position: number,
    type: string,
    payload: EventPayload,
    afterPruned: boolean,
  ): void {
    const own = key(orgId, userId);
    // Removals before they were events left no trace but this.
    if (position <= (this.#since.get(own) ?? 0)) {
      return;
    }
    const users = this.#users.get(orgId) ?? new Map<string, ReplayedUser>();
    this.#users.set(orgId, users);
    const before = users.get(userId) ?? unseenUser;
    const user = replayUserEvent(
      afterPruned ? withPrunedEvents(before) : before,
      type,
      payload,
    );
    if (user === undefined) {
      users.delete(userId);
    } else {
      users.set(userId, user);
    }
  }

  /** Takes the removal of an organisation: nobody of it is left. */
  removeOrg(orgId: string): void {
    this.#users.delete(orgId);
  }

  /** Compares, once all events were taken. */
  check(details: UserDetails): void {
    for (const row of this.#rows) {
      const users = this.#users.get(row.org_id);
      const user = users?.get(row.user_id) ?? unseenUser;
      this.#checkUser(row, user, details);
      users?.delete(row.user_id);
    }
    for (const [orgId, users] of this.#users) {
      for (const [userId, { isRecorded }] of users) {
        if (isRecorded) {
          this.#problems.report(
            `${nameOf(orgId, userId)} is missing: the events say that there is one`,
          );
        }
      }
    }
  }

  #checkUser(row: UserRow, user: ReplayedUser, details: UserDetails): void {
    const who = nameOf(row.org_id, row.user_id);
    const report = (problem: string) => {
      this.#problems.report(`${who} ${problem}`);
    };
    if (row.recorded === 1 && !user.isRecorded) {
      report("is there, but no event says that there is one");
    }
    if (user.account !== undefined && user.account !== row.account) {
      report(`is ${row.account}, but the events come to ${user.account}`);
    }
    if (user.isLocked !== (row.lock_time !== null)) {
      report(
        `is ${row.lock_time === null ? "not locked" : "locked"}, but the events say otherwise`,
      );
    }
    const locks = JSON.parse(row.factor_locks ?? "{}") as FactorLocks;
    for (const factor of factors) {
      const isLocked = locks[factor] !== undefined;
      if (user.lockedFactors.has(factor) !== isLocked) {
        report(
          `has ${isLocked ? "a" : "no"} lock of ${factor}, but the events say otherwise`,
        );
      }
      const { failed = 0, inRow = 0 } =
        details.failures.get(row.key)?.get(factor) ?? {};
      const [come, comeInRow] = [user.failed[factor], user.failedInRow[factor]];
      const isOpen = user.atLeast.has(factor);
      // Events do not say where a window of observation began anew.
      const isRight = this.#hasWindow(row.org_id)
        ? failed <= inRow
        : failed === come || (isOpen && failed >= come);
      if (!isRight) {
        report(
          `has ${failed} failures of ${factor}, but the events come to ${come}`,
        );
      } else if (inRow !== comeInRow && !(isOpen && inRow >= comeInRow)) {
        report(
          `has ${inRow} failures of ${factor} in a row, but the events come to ${comeInRow}`,
        );
      }
    }
    const kept = (JSON.parse(row.devices ?? "{}") as Partial<Devices>).kept;
    const ids = (kept ?? []).map(({ id }) => id);
    const come = user.devices;
    if (
      come !== undefined &&
      (ids.length !== come.size || !ids.every((id) => come.has(id)))
    ) {
      report(
        `has ${ids.length} known devices, but the events come to ${[...come].join(", ") || "none"}`,
      );
    }
    const aliases = new Set(details.aliases.get(row.key));
    for (const name of aliases) {
      if (!(user.aliases.get(name) ?? !user.isRecorded)) {
        report(`has the alias ${name}, but the events say otherwise`);
      }
    }
    for (const [name, isThere] of user.aliases) {
      if (isThere && !aliases.has(name)) {
        report(`lacks the alias ${name}, which the events give to it`);
      }
    }
  }
}

function nameOf(orgId: string, userId: string): string {
  return `user ${userId} of the organisation ${orgId}`;
}

// An id may hold a line feed, an organisation's does not.
function key(orgId: string, userId: string): string {
  return `${orgId}\n${userId}`;
}
