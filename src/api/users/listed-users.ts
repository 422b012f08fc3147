import type { AccountStore } from "../../store/accounts.ts";
import type { OrgStore } from "../../store/access.ts";
import type { OrgScope } from "../../auth/caller.ts";
import { everyItem } from "../../store/pages.ts";
import type { UserLookupStore } from "../../store/user-lookups.ts";
import type { UserStore } from "../../store/users.ts";
import { findAccount } from "../accounts/accounts.ts";
import type { Listed, ListedFilter } from "./user-queries.ts";
import { userOfAccount } from "./zitadel-users.ts";

/** What lists of users read. */
export type ListedUserStore = UserStore &
  UserLookupStore &
  AccountStore &
  Pick<OrgStore, "listOrgs">;

/** So many organisations that have a user of one id are looked at. */
const maxOrgsOfId = 1000;

/**
 * Service accounts, the oldest first, then users by organisation and id: at least those who fit the filter, which is to be asked of each. Undefined
 * where nobody was found, so that whoever reads can pause there too.
 */
export async function* listedUsers(
  store: ListedUserStore,
  scope: OrgScope,
  { ids, folded }: Pick<ListedFilter, "ids" | "folded">,
): AsyncGenerator<Listed | undefined> {
  if (ids !== undefined) {
    yield* withIds(store, scope, ids);
  } else if (folded !== undefined) {
    yield* withNames(store, scope, folded);
  } else {
    yield* accountsOf(store, scope);
    yield* usersOf(store, scope);
  }
}

/** The service accounts of organisations. */
export async function* accountsOf(
  store: Pick<AccountStore, "listAccounts">,
  scope: OrgScope,
): AsyncGenerator<Listed> {
  for (const orgId of scope === "all" ? [undefined] : scope) {
    for await (const account of everyItem((page) =>
      store.listAccounts(orgId, page),
    )) {
      yield { user: userOfAccount(account), isMachine: true };
    }
  }
}

async function* usersOf(
  store: ListedUserStore,
  scope: OrgScope,
): AsyncGenerator<Listed | undefined> {
  for await (const orgIds of orgsOf(store, scope)) {
    for (const orgId of orgIds) {
      for await (const user of everyItem((page) =>
        store.listUsers(orgId, {}, page),
      )) {
        yield { user, isMachine: false };
      }
      yield undefined;
    }
  }
}

async function* withIds(
  store: ListedUserStore,
  scope: OrgScope,
  ids: readonly string[],
): AsyncGenerator<Listed | undefined> {
  for (const userId of ids) {
    yield undefined;
    const account = await findAccount(store, userId);
    if (account !== undefined && isWithin(scope, account.orgId)) {
      yield { user: userOfAccount(account), isMachine: true };
      continue;
    }
    const orgIds =
      scope === "all" ? await store.findOrgsOfUser(userId, maxOrgsOfId) : scope;
    for (const orgId of orgIds) {
      const user = await store.findUser({ orgId, userId });
      if (user !== undefined) {
        yield { user, isMachine: false };
      }
    }
  }
}

/** Those who have one of these login names, as folded. Undefined as in {@link listedUsers}. */
export async function* withNames(
  store: ListedUserStore,
  scope: OrgScope,
  folded: readonly string[],
): AsyncGenerator<Listed | undefined> {
  const [name] = folded;
  if (name === undefined) {
    return;
  }
  const account = await store.findAccountByName(name);
  if (account !== undefined && isWithin(scope, account.orgId)) {
    yield { user: userOfAccount(account), isMachine: true };
  }
  for await (const orgIds of orgsOf(store, scope)) {
    yield undefined;
    for (const key of await store.findUsersNamed(orgIds, folded)) {
      const user = await store.findUser(key);
      if (user !== undefined) {
        yield { user, isMachine: false };
      }
    }
  }
}

function isWithin(scope: OrgScope, orgId: string): boolean {
  return scope === "all" || scope.includes(orgId);
}

async function* orgsOf(
  store: Pick<OrgStore, "listOrgs">,
  scope: OrgScope,
): AsyncGenerator<readonly string[]> {
  if (scope !== "all") {
    yield scope;
    return;
  }
  let after: string | undefined;
  do {
    const { items, next } = await store.listOrgs({ size: 1000, after });
    yield items.map(({ id }) => id);
    after = next;
  } while (after !== undefined);
}
