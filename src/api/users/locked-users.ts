import { LockReason as LockReasonNumber } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { ListLockedUsersRequest } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { requirePermission } from "../../auth/caller.ts";
import type { Caller } from "../../auth/caller.ts";
import { foldName } from "../../lockout/user/alias.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { ErrorName } from "../../lockout/errors/errors.ts";
import type { LockReason } from "../../lockout/user/lock.ts";
import type { InTurn, Turn } from "../../pacing/turns.ts";
import type {
  LockedFilter,
  LockedOrder,
  LockedScope,
  StoredLockout,
  TextsOfUser,
  UserStore,
} from "../../store/users.ts";
import { lockReasons } from "../messages/lock-reasons.ts";
import { boundMs } from "../messages/moment.ts";
import { readPage } from "../requests/pages.ts";

/** A page of locked users. */
export interface LockedPage {
  readonly users: readonly StoredLockout[];
  readonly next: string;
  /** How many fit, on all pages. */
  readonly total: number;
  /** How many login names that lead to nobody are locked. */
  readonly unknownNames: number;
}

/**
 * Reads a page of locked users, and counts all.
 *
 * @throws LockoutError, also where the caller may not see those of all organisations and asks for them
 */
export async function listLockedUsers(
  store: UserStore,
  inTurn: InTurn,
  turn: Turn,
  caller: Caller,
  request: ListLockedUsersRequest,
): Promise<LockedPage> {
  const scope = readScope(caller, request);
  const order = readOrder(request.orderBy);
  const filter: LockedFilter = {
    since: request.since && boundMs(request.since),
    reasons: readReasons(request.reason, "lockedListInvalid"),
    prefix: readText(request.namePrefix, "lockedListInvalid"),
  };
  const page = await readPage(inTurn, turn, request, (asked) =>
    store.listLocked(scope, filter, asked, order),
  );
  return {
    users: page.items,
    next: page.next ?? "",
    total: await inTurn(() => store.countLocked(scope, filter), turn),
    // What they begin with is not known: only a hash of each is kept.
    unknownNames: await store.countLockedNames(scope, filter),
  };
}

/** The reasons of a filter; undefined for all. @throws LockoutError `invalid` */
export function readReasons(
  number: LockReasonNumber,
  invalid: ErrorName,
): readonly LockReason[] | undefined {
  if (number === LockReasonNumber.UNSPECIFIED) {
    return undefined;
  }
  const reason = lockReasons.get(number);
  if (reason === undefined) {
    throw new LockoutError(invalid);
  }
  return [reason];
}

/** A text to look for in ids and aliases; undefined where it is empty. @throws LockoutError `invalid` */
export function readText(
  text: string,
  invalid: ErrorName,
): TextsOfUser | undefined {
  if (text === "") {
    return undefined;
  }
  const folded = foldName(text);
  if (folded === "") {
    throw new LockoutError(invalid);
  }
  return { id: text, folded };
}

/** Whose users are meant: the organisation's of the call, or everybody's. @throws LockoutError where the caller may not see those */
export function readScope(
  caller: Caller,
  { allOrganizations }: Pick<ListLockedUsersRequest, "allOrganizations">,
): LockedScope {
  const { orgId } = caller;
  if (!allOrganizations) {
    return { orgId };
  }
  // Roles that have it hold on every organisation.
  requirePermission(caller, orgId, "iam.policy.read");
  return { orgId: undefined };
}

/** As AIP-132 has it: blanks do not matter. */
function readOrder(orderBy: string): LockedOrder {
  switch (orderBy.trim().replaceAll(/ +/g, " ")) {
    case "":
    case "lock_time":
    case "lock_time asc":
      return "oldest first";
    case "lock_time desc":
      return "newest first";
    default:
      throw new LockoutError("lockedListInvalid");
  }
}
