import { toJson } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import {
  Decision,
  Factor,
  LockoutSchema,
  LockReason,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import type {
  FactorState,
  Lockout,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import {
  UserSchema,
  UserState,
} from "../../../gen/lockout/v1/user_service_pb.js";
import type { User } from "../../../gen/lockout/v1/user_service_pb.js";
import { printable } from "../../telemetry/printable.ts";
import { toTable, toTime } from "../terminal/output.ts";
import { style } from "../terminal/style.ts";
import type { OrgClients } from "../calls/org-clients.ts";
import type { Who } from "./who.ts";

/** A user, or a login name that no user has, as a command shows it. */
export interface Shown {
  readonly who: Who;
  /** Of a user. */
  readonly user: User | undefined;
  readonly lockout: Lockout;
}

/** Reads what is shown. */
export async function readShown(
  { users, attempts, on }: OrgClients,
  who: Who,
): Promise<Shown> {
  if (who.kind === "name") {
    const { loginName } = who;
    const lockout = await attempts.getLockout({ loginName }, on);
    return { who, user: undefined, lockout };
  }
  const { userId } = who;
  const user = await users.getUser({ userId }, on);
  const lockout = await attempts.getLockout({ userId }, on);
  return { who, user, lockout };
}

/** What scripts are shown. */
export function shownJson({ who, user, lockout }: Shown) {
  return {
    ...(who.kind === "name" && { loginName: who.loginName }),
    ...(user !== undefined && { user: toJson(UserSchema, user) }),
    lockout: toJson(LockoutSchema, lockout),
  };
}

/** What people are shown. */
export function shownText({ who, user, lockout }: Shown): string {
  const lines = [
    ...(who.kind === "name"
      ? [`Name:     ${printable(who.loginName)}, which no user has`]
      : []),
    ...(user === undefined
      ? []
      : [
          `User:     ${printable(user.userId)}, of the organisation ${user.resourceOwner}`,
          `State:    ${styledState(user.state)}`,
        ]),
    ...(user === undefined || user.aliases.length === 0
      ? []
      : [`Aliases:  ${user.aliases.map(printable).join(", ")}`]),
    ...(lockout.locked ? [`Locked:   ${lockText(lockout)}`] : []),
    ...lockout.factors
      .filter(({ locked }) => locked)
      .map((state) => `Locked:   ${factorName(state)}: ${lockText(state)}`),
  ];
  if (lockout.devices > 0) {
    const kept = `${lockout.devices} ${lockout.devices === 1 ? "device is" : "devices are"} kept`;
    lines.push(`Devices:  ${kept}`);
  }
  const counters = toTable(
    ["FACTOR", "FAILED", "OPEN", "LIMIT", "NEXT ATTEMPT", "LAST FAILURE"],
    lockout.factors.map((state) => [
      factorName(state),
      String(state.failedAttempts),
      String(state.openAttempts),
      state.limit === 0 ? "none" : String(state.limit),
      Decision[state.nextDecision].toLowerCase(),
      state.lastFailureTime === undefined
        ? ""
        : toTime(timestampMs(state.lastFailureTime)),
    ]),
  );
  return `${lines.join("\n")}\n\n${counters}`;
}

/** Locks, a line each. */
export function lockTable(lockouts: readonly Lockout[]): string {
  const rows = lockouts.flatMap((lockout) => [
    ...(lockout.locked ? [lockRow(lockout, lockout, "")] : []),
    ...lockout.factors
      .filter(({ locked }) => locked)
      .map((state) => lockRow(lockout, state, factorName(state))),
  ]);
  const columns = ["ID", "LOCKED", "REASON", "BY", "FACTOR"];
  // Nothing is said of factors where none is locked by itself.
  const shown = rows.some((row) => row[4] !== "") ? 5 : 4;
  return toTable(
    columns.slice(0, shown),
    rows.map((row) => row.slice(0, shown)),
  );
}

/** Whether a user or a login name is locked, or one of the factors. */
export function isAnyLocked({ locked, factors }: Lockout): boolean {
  return locked || factors.some((state) => state.locked);
}

/** When the last lock began; undefined where nothing is locked. */
export function lastLockTime({
  locked,
  lockTime,
  factors,
}: Lockout): Timestamp | undefined {
  return [
    ...(locked ? [lockTime] : []),
    ...factors.flatMap((state) => (state.locked ? [state.lockTime] : [])),
  ].reduce(
    (last, time) =>
      last === undefined ||
      (time !== undefined && timestampMs(time) > timestampMs(last))
        ? time
        : last,
    undefined,
  );
}

/** What a lock says, a user's or a factor's. */
type LockFields = Pick<
  FactorState,
  "reason" | "lockTime" | "lockedBy" | "lockEndTime"
>;

function lockRow(
  { userId }: Lockout,
  lock: LockFields,
  factor: string,
): readonly string[] {
  const { reason, lockedBy } = lock;
  return [userId, lockTime(lock), reasonName(reason), lockedBy, factor];
}

function lockText(lock: LockFields): string {
  return `${lockTime(lock)}, ${reasonName(lock.reason)}, by ${lock.lockedBy}${lockEnd(lock)}`;
}

function factorName({ factor }: FactorState): string {
  return Factor[factor].toLowerCase();
}

/** The state of a user, as people read it. */
export function stateName(state: UserState): string {
  return UserState[state].toLowerCase();
}

function styledState(state: UserState): string {
  return style(state === UserState.LOCKED ? "bad" : "good", stateName(state));
}

function lockTime({ lockTime }: LockFields): string {
  return lockTime === undefined ? "" : toTime(timestampMs(lockTime));
}

/** When the lock ends. */
function lockEnd({ lockEndTime }: LockFields): string {
  return lockEndTime === undefined
    ? ", until somebody unlocks"
    : `, until ${toTime(timestampMs(lockEndTime))}`;
}

function reasonName(reason: LockReason): string {
  return LockReason[reason].toLowerCase().replaceAll("_", " ");
}
