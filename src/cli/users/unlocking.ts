import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type {
  Lockout,
  UnlockUsersRequestSchema,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { OrgClients } from "../calls/org-clients.ts";
import { createProgress } from "../terminal/progress.ts";
import { isAnyLocked, lastLockTime } from "./user-text.ts";
import { idOf } from "./who.ts";
import type { Who } from "./who.ts";

/** Whom to unlock. */
export type UnlockRequest = MessageInitShape<typeof UnlockUsersRequestSchema>;

/** What is recorded with an unlock, and whether it is one. */
export interface UnlockNotes {
  readonly note: string;
  readonly ticket: string;
  readonly dryRun: boolean;
}

/** So many ids are in one request. */
const idsAtOnce = 500;

/** Who was locked, and how; and whose newer lock was left. */
export interface Unlocked {
  readonly locked: ReadonlyMap<Who, Lockout>;
  readonly left: ReadonlySet<Who>;
}

/** Unlocks those who are named. */
export async function unlockAll(
  clients: OrgClients,
  all: readonly Who[],
  { note, ticket, dryRun }: UnlockNotes,
): Promise<Unlocked> {
  const users = new Map(
    all.flatMap((who) =>
      who.kind === "user" ? [[who.userId, who] as const] : [],
    ),
  );
  const ids = [...users.keys()];
  const locked = new Map<Who, Lockout>();
  const progress = createProgress("users", ids.length);
  for (let start = 0; start < ids.length; start += idsAtOnce) {
    const userIds = ids.slice(start, start + idsAtOnce);
    const request = { userIds, note, ticket, dryRun };
    for (const lockout of await everyPage(clients, request)) {
      const who = users.get(lockout.userId);
      if (who !== undefined) {
        locked.set(who, lockout);
      }
    }
    progress.show(start + userIds.length, start + userIds.length);
  }
  progress.clear();
  const { attempts, on } = clients;
  for (const who of all.filter(({ kind }) => kind === "name")) {
    const lockout = await attempts.getLockout(idOf(who), on);
    if (isAnyLocked(lockout)) {
      locked.set(who, lockout);
      if (!dryRun) {
        await attempts.unlock({ subject: subjectOf(who), note, ticket }, on);
      }
    }
  }
  return { locked, left: new Set() };
}

/** Unlocks those whose lock is not newer than a time in milliseconds. */
export async function unlockOld(
  { attempts, on }: OrgClients,
  all: readonly Who[],
  { note, ticket, dryRun }: UnlockNotes,
  ifLockedAt: number,
): Promise<Unlocked> {
  const locked = new Map<Who, Lockout>();
  const left = new Set<Who>();
  for (const who of all) {
    const lockout = await attempts.getLockout(idOf(who), on);
    if (!isAnyLocked(lockout)) {
      continue;
    }
    if (isNewer(lockout, ifLockedAt)) {
      left.add(who);
      continue;
    }
    locked.set(who, lockout);
    if (dryRun) {
      continue;
    }
    try {
      const time = timestampFromMs(ifLockedAt);
      await attempts.unlock(
        { subject: subjectOf(who), note, ticket, ifLockedAt: time },
        on,
      );
    } catch (error) {
      if (
        !(error instanceof ConnectError) ||
        error.code !== Code.FailedPrecondition
      ) {
        throw error;
      }
      // Meanwhile somebody else has unlocked the user, who may be locked anew.
      locked.delete(who);
      if (isAnyLocked(await attempts.getLockout(idOf(who), on))) {
        left.add(who);
      }
    }
  }
  return { locked, left };
}

function isNewer(lockout: Lockout, ms: number): boolean {
  const lockTime = lastLockTime(lockout);
  return lockTime !== undefined && timestampMs(lockTime) > ms;
}

function subjectOf(who: Who) {
  return who.kind === "user"
    ? ({ case: "userId", value: who.userId } as const)
    : ({ case: "loginName", value: who.loginName } as const);
}

/** Unlocks all pages of a request, and shows how far it is. */
export async function everyPage(
  { attempts, on }: OrgClients,
  request: UnlockRequest,
): Promise<readonly Lockout[]> {
  const done: Lockout[] = [];
  let progress: ReturnType<typeof createProgress> | undefined;
  let pageToken = "";
  do {
    const page = await attempts.unlockUsers({ ...request, pageToken }, on);
    done.push(...page.users);
    progress ??= createProgress("users", page.totalSize);
    progress.show(done.length, done.length);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  progress.clear();
  return done;
}
