import type { HandlerContext } from "@connectrpc/connect";
import { requireRoles } from "../../auth/account-permission.ts";
import {
  getCaller,
  holdsPermission,
  requirePermission,
} from "../../auth/caller.ts";
import type { Caller } from "../../auth/caller.ts";
import type { Permission } from "../../auth/roles.ts";
import { changeAccountState } from "../../lockout/account/account.ts";
import type { Account } from "../../lockout/account/account-record.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { DecideUser, UserApi } from "../../lockout/user/user.ts";
import { mayBeAccountId } from "../../store/accounts.ts";
import type { AccountStore } from "../../store/accounts.ts";
import type { Subject } from "../../store/users.ts";
import { changedDetails, onlyEvent } from "../messages/details.ts";

/** The service account with an id; undefined where it is none's. */
export async function findAccount(
  store: Pick<AccountStore, "findAccount">,
  id: string,
): Promise<Account | undefined> {
  return mayBeAccountId(id) ? store.findAccount(id) : undefined;
}

/** The same, where the caller has a permission on it, and it is of the organisation that the call names. */
export async function findAccountFor(
  store: Pick<AccountStore, "findAccount">,
  caller: Caller,
  id: string,
  permission: Permission,
): Promise<Account | undefined> {
  const account = await findAccount(store, id);
  return account !== undefined &&
    (!caller.isOrgNamed || caller.orgId === account.orgId) &&
    holdsPermission(caller, account.orgId, permission)
    ? account
    : undefined;
}

/**
 * Refuses an id that is a service account's of the organisation: it has no attempts, and is no user. Other organisations' accounts are as unknown
 * as their users, so that nobody learns which ids they have.
 *
 * @throws LockoutError
 */
export async function refuseAccount(
  store: Pick<AccountStore, "findAccount">,
  subject: Subject,
): Promise<void> {
  if (
    subject.kind === "user" &&
    (await findAccount(store, subject.userId))?.orgId === subject.orgId
  ) {
    throw new LockoutError("subjectIsAccount");
  }
}

/**
 * Whether a call that changes the state of an account finds it, before it is known whether the caller may change it: where the caller may read
 * users. By v1 it is one of the organisation of the call. By v2, which names an organisation only where it has the header, also one elsewhere.
 */
function isFound(
  caller: Caller,
  { orgId }: Account,
  version: UserApi["version"],
): boolean {
  const isLookedFor =
    orgId === caller.orgId || (version === "v2" && !caller.isOrgNamed);
  return isLookedFor && holdsPermission(caller, orgId, "user.read");
}

/**
 * Locks, unlocks, deactivates or reactivates a service account, where the id is that of one which the caller may see: by the same commands, and with
 * the same refusals in the same order, as a user. Undefined where no such account has the id.
 *
 * @throws LockoutError
 */
export async function changeStateOfAccount(
  store: AccountStore,
  id: string,
  context: HandlerContext,
  version: UserApi["version"],
  decide: (api: UserApi) => DecideUser<void>,
) {
  const caller = getCaller(context.values);
  const found = await findAccount(store, id);
  if (found === undefined || !isFound(caller, found, version)) {
    return undefined;
  }
  const changed = await store.changeAccount(id, caller.id, (account, now) => {
    const authorise = () => {
      requirePermission(caller, account.orgId, "user.write");
      requireRoles(caller, account);
    };
    return changeAccountState(decide({ version, authorise }), caller.id)(
      account,
      now,
    );
  });
  if (changed === undefined) {
    throw new LockoutError("userUnknown");
  }
  return { details: changedDetails(onlyEvent(changed)) };
}
