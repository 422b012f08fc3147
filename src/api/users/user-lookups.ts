import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";
import { getCaller, holdsPermission, orgsWith } from "../../auth/caller.ts";
import type { Caller, OrgScope } from "../../auth/caller.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { InTurn } from "../../pacing/turns.ts";
import type { Store } from "../../store/store.ts";
import type { StoredUser } from "../../store/users.ts";
import { readPart, showEach, windowOf } from "../requests/list-window.ts";
import type { ListQuery } from "../requests/list-window.ts";
import { accountsOf, listedUsers, withNames } from "./listed-users.ts";
import type { ListedUserStore } from "./listed-users.ts";
import { turnOf } from "../requests/pages.ts";
import { foldedTexts, readUserQueries } from "./user-queries.ts";
import type { StateNumbers, UserQuery } from "./user-queries.ts";
import { findUserRecord } from "./zitadel-users.ts";
import type { ShownUser } from "./zitadel-users.ts";

/** A request for a list of users, of v1 or v2. */
interface UserListRequest {
  readonly query?: ListQuery | undefined;
  readonly sortingColumn: number;
  readonly queries: readonly UserQuery[];
}

/** `USER_FIELD_NAME_USER_NAME` */
const byUserName = 1;

/** The most characters of login names that a list may hold. */
const maxCharacters = 4_000_000;

/** How users and service accounts are listed and found, for the services that do so. */
export function createUserLookups(
  store: ListedUserStore & Pick<Store, "now">,
  inTurn: InTurn,
) {
  const count = async (scope: OrgScope, signal: AbortSignal) => {
    const everyone = { offset: 0, limit: 0, ascending: true };
    let { total } = await readPart(accountsOf(store, scope), everyone, {
      ...{ fits: () => true, signal },
    });
    for (const orgId of scope === "all" ? [undefined] : scope) {
      total += await store.countUsers(orgId);
    }
    return total;
  };
  return {
    /** Lists those of organisations. @throws LockoutError */
    list: async <Message>(
      request: UserListRequest,
      scope: OrgScope,
      states: StateNumbers,
      show: (user: ShownUser) => Message,
      context: HandlerContext,
    ) => {
      const window = windowOf(request.query);
      const filter = readUserQueries(request.queries, states);
      const asked = within(scope, filter.orgIds);
      const isSorted = request.sortingColumn === byUserName;
      return inTurn(async () => {
        const { total, items } = await readPart(
          listedUsers(store, asked, filter),
          window,
          {
            fits: filter.fits,
            sortedBy: isSorted
              ? ({ user }) => user.aliases[0] ?? ""
              : undefined,
            total:
              request.queries.length === 0 && !isSorted
                ? await count(asked, context.signal)
                : undefined,
            signal: context.signal,
          },
        );
        const users = items.map(({ user }) => user);
        requireShort(users);
        const found = await showEach(
          users,
          context.signal,
          ({ orgId, userId }) => findIfThere(store, { orgId, userId }),
        );
        return {
          total: BigInt(total),
          time: timestampFromMs(store.now()),
          sortingColumn: isSorted ? byUserName : (0 as const),
          result: found.filter((user) => user !== undefined).map(show),
        };
      }, turnOf(context));
    },

    /** The one with a login name. @throws LockoutError where the caller sees none, or several */
    findNamed: async (
      loginName: string,
      context: HandlerContext,
    ): Promise<ShownUser> => {
      const caller = getCaller(context.values);
      // Whether there are more than two need not be known.
      const two = { offset: 0, limit: 2, ascending: true };
      const { items } = await inTurn(
        () =>
          readPart(
            withNames(
              store,
              orgsWith(caller, "user.read"),
              foldedTexts(loginName),
            ),
            two,
            { fits: () => true, total: two.limit, signal: context.signal },
          ),
        turnOf(context),
      );
      const [user, other] = items.map((item) => item.user);
      if (other !== undefined) {
        throw new LockoutError("loginNameAmbiguous");
      }
      if (user === undefined) {
        throw new LockoutError("userUnknown");
      }
      return findUserRecord(store, user);
    },
  };
}

/** What {@link createUserLookups} makes. */
export type UserLookups = ReturnType<typeof createUserLookups>;

/** The organisations in which the caller may see users: of a call that names one, that one alone. */
export function readableOrgsOfCall(caller: Caller): OrgScope {
  const { orgId, isOrgNamed } = caller;
  if (!isOrgNamed) {
    return orgsWith(caller, "user.read");
  }
  return holdsPermission(caller, orgId, "user.read") ? [orgId] : [];
}

function within(
  scope: OrgScope,
  orgIds: readonly string[] | undefined,
): OrgScope {
  if (orgIds === undefined) {
    return scope;
  }
  return scope === "all" ? orgIds : scope.filter((id) => orgIds.includes(id));
}

/** @throws LockoutError where the response would be too long */
function requireShort(users: readonly StoredUser[]): void {
  const characters = users
    .flatMap(({ aliases }) => aliases)
    .reduce((sum, name) => sum + name.length, 0);
  if (characters > maxCharacters) {
    throw new LockoutError("listTooLong");
  }
}

/** Undefined where the user was removed since. */
async function findIfThere(
  store: ListedUserStore,
  { orgId, userId }: { readonly orgId: string; readonly userId: string },
): Promise<ShownUser | undefined> {
  try {
    return await findUserRecord(store, { orgId, userId });
  } catch (error) {
    if (error instanceof LockoutError) {
      return undefined;
    }
    throw error;
  }
}
