import { LockReason as LockReasonNumber } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { UnlockUsersRequest } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { readNetworks } from "../../addresses/networks.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { unlockIfLocked } from "../../lockout/user/unlock.ts";
import { isAnyLocked, latestLock } from "../../lockout/user/lock.ts";
import type { LockReason } from "../../lockout/user/lock.ts";
import type { UnlockRemarks } from "../../lockout/user/user-events.ts";
import type { InTurn } from "../../pacing/turns.ts";
import type { Awaitable } from "../../store/awaitable.ts";
import type {
  LockedFilter,
  StoredLockout,
  UserKey,
  UserStore,
} from "../../store/users.ts";
import { userSubject } from "../../store/users.ts";
import { readText, readReasons } from "./locked-users.ts";
import { boundMs } from "../messages/moment.ts";
import { readPage } from "../requests/pages.ts";
import { requireUserId } from "./subjects.ts";

/** What UnlockUsers leads to. */
export interface Unlocked {
  /** As they were. */
  readonly users: readonly StoredLockout[];
  readonly next: string;
  readonly unlocked: number;
  readonly total: number;
}

/** Who asks, and how it is done. */
export interface UnlockContext {
  readonly store: UserStore;
  readonly inTurn: InTurn;
  readonly orgId: string;
  readonly editor: string;
  readonly remarks: UnlockRemarks;
  /** Ends it between users. */
  readonly signal: AbortSignal;
  /** As in the options of the service: what the caller may no longer do ends between users too. */
  readonly checkToken: () => Awaitable<void>;
}

/** So many users are unlocked at once: others have their turn in between. */
const atOnce = 50;

/** A page of ids ends after so many, since its response may hold as many lockouts: less than 1 MiB. */
const idsInPage = 500;

const defaultPageSize = 1000;
const maxPageSize = 10_000;

/** What of a filter leaves users whom an administrator locked as they are. */
const byFailures: readonly LockReason[] = [
  ...(["password_attempts", "otp_attempts", "ceiling"] as const),
];

/** Unlocks a page of the users who are meant. @throws LockoutError */
export async function unlockUsers(
  context: UnlockContext,
  request: UnlockUsersRequest,
): Promise<Unlocked> {
  const filter = readFilter(request);
  const ids = [...new Set(request.userIds)].map(requireUserId);
  if ((filter === undefined) === (ids.length === 0)) {
    throw new LockoutError("unlockScopeMissing");
  }
  return filter === undefined
    ? unlockIds(context, request, ids)
    : unlockFitting(context, request, filter);
}

async function unlockIds(
  context: UnlockContext,
  { pageToken, pageSize, dryRun }: UnlockUsersRequest,
  ids: readonly string[],
): Promise<Unlocked> {
  if (!/^\d{0,5}$/.test(pageToken) || pageSize < 0) {
    throw new LockoutError("pageInvalid");
  }
  const start = Number(pageToken);
  const end =
    start + Math.min(pageSize === 0 ? idsInPage : pageSize, idsInPage);
  const meant = ids
    .slice(start, end)
    .map((userId) => ({ orgId: context.orgId, userId, lockTime: undefined }));
  const users = dryRun
    ? await see(context, meant)
    : await unlock(context, meant);
  return {
    users,
    next: end < ids.length ? String(end) : "",
    unlocked: dryRun ? 0 : users.length,
    total: ids.length,
  };
}

async function unlockFitting(
  context: UnlockContext,
  request: UnlockUsersRequest,
  filter: LockedFilter,
): Promise<Unlocked> {
  const { store, inTurn, orgId, editor, signal } = context;
  const turn = { of: editor, signal };
  // The number is in the token: to count again would take as long for each page.
  const [, counted, pageToken = ""] =
    /^(\d{1,9})\.(.+)$/.exec(request.pageToken) ?? [];
  if (counted === undefined && request.pageToken !== "") {
    throw new LockoutError("pageInvalid");
  }
  const total =
    counted === undefined
      ? await inTurn(() => store.countLocked({ orgId }, filter), turn)
      : Number(counted);
  const page = await readPage(
    inTurn,
    turn,
    { pageSize: request.pageSize, pageToken },
    (asked) => store.listLocked({ orgId }, filter, asked),
    { defaultPageSize, maxPageSize },
  );
  const users = request.dryRun
    ? page.items
    : await unlock(
        context,
        page.items.map(({ userId, view }) => ({
          ...{ orgId, userId },
          lockTime: latestLock(view.user)?.time,
        })),
      );
  return {
    users,
    next: page.next === undefined ? "" : `${total}.${page.next}`,
    unlocked: request.dryRun ? 0 : users.length,
    total,
  };
}

/** A user, with the begin of the latest lock that was seen; undefined for whichever there is. */
type Meant = UserKey & { readonly lockTime: number | undefined };

/** Unlocks who is locked, and says how they were. */
function unlock(
  context: UnlockContext,
  meant: readonly Meant[],
): Promise<readonly StoredLockout[]> {
  const { store, editor, remarks } = context;
  return inChunks(context, meant, async ({ orgId, userId, lockTime }) => {
    const { result: view } = await store.changeUser(
      { orgId, userId },
      editor,
      unlockIfLocked(lockTime, remarks),
    );
    return view?.user && { orgId, userId, view: { ...view, user: view.user } };
  });
}

/** Who is locked. */
function see(
  context: UnlockContext,
  meant: readonly Meant[],
): Promise<readonly StoredLockout[]> {
  return inChunks(context, meant, async ({ orgId, userId }) => {
    const found = await context.store.findLockout(
      userSubject({ orgId, userId }),
    );
    if (found === undefined || !isAnyLocked(found.view.user)) {
      return undefined;
    }
    // As where they are unlocked: a page of those who are named may have many, each with a hundred aliases.
    const { view } = found;
    return { orgId, userId, view };
  });
}

async function inChunks(
  { signal, checkToken }: UnlockContext,
  meant: readonly Meant[],
  each: (user: Meant) => Promise<StoredLockout | undefined>,
): Promise<readonly StoredLockout[]> {
  const done: StoredLockout[] = [];
  for (let start = 0; start < meant.length; start += atOnce) {
    signal.throwIfAborted();
    await checkToken();
    const chunk = meant.slice(start, start + atOnce);
    for (const user of await Promise.all(chunk.map(each))) {
      if (user !== undefined) {
        done.push(user);
      }
    }
  }
  return done;
}

/** Undefined where nothing is set. @throws LockoutError */
function readFilter({
  since,
  reason: number,
  address,
  namePrefix,
}: UnlockUsersRequest): LockedFilter | undefined {
  const isReasonSet = number !== LockReasonNumber.UNSPECIFIED;
  if (
    since === undefined &&
    !isReasonSet &&
    address === "" &&
    namePrefix === ""
  ) {
    return undefined;
  }
  return {
    since: since && boundMs(since),
    reasons: readReasons(number, "unlockFilterInvalid") ?? byFailures,
    fromAddress: address === "" ? undefined : readAddress(address),
    prefix: readText(namePrefix, "unlockFilterInvalid"),
  };
}

/** Whether an address is in this network, or is this one. @throws LockoutError */
function readAddress(text: string): (address: string) => boolean {
  try {
    const networks = readNetworks([text]);
    return (address) => networks.has(address);
  } catch (error) {
    if (!(error instanceof RangeError)) {
      throw error;
    }
    throw new LockoutError("unlockFilterInvalid", { cause: error });
  }
}
