import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { AdminService } from "../../../gen/zitadel/admin_pb.js";
import type { ManagementService } from "../../../gen/zitadel/management_pb.js";
import type {
  MemberSchema,
  SearchQuery,
} from "../../../gen/zitadel/member_pb.js";
import { Type } from "../../../gen/zitadel/user_pb.js";
import { requireRoles } from "../../auth/account-permission.ts";
import { getCaller } from "../../auth/caller.ts";
import { holdsEverywhere, isRole } from "../../auth/roles.ts";
import { changeMemberRoles } from "../../lockout/account/account.ts";
import type { MemberChange } from "../../lockout/account/account.ts";
import type { Account } from "../../lockout/account/account-record.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { InTurn } from "../../pacing/turns.ts";
import type { AccountStore } from "../../store/accounts.ts";
import { everyItem } from "../../store/pages.ts";
import type { Store } from "../../store/store.ts";
import type { AccountCommands } from "../accounts/account-commands.ts";
import { findAccount } from "../accounts/accounts.ts";
import {
  changedDetails,
  createdDetails,
  onlyEvent,
} from "../messages/details.ts";
import { readPart, showEach, windowOf } from "../requests/list-window.ts";
import type { ListQuery } from "../requests/list-window.ts";
import { turnOf } from "../requests/pages.ts";
import { detailsOf, userOfAccount } from "../users/zitadel-users.ts";

type MemberStore = AccountStore & Pick<Store, "now">;

/** Where roles hold: of the instance those named IAM_, of an organisation those named ORG_. */
type Holds = "everywhere" | "in the organisation";

/** The methods of zitadel.admin.v1.AdminService that give roles which hold everywhere. */
export function createInstanceMembers(
  store: MemberStore,
  accounts: AccountCommands,
  inTurn: InTurn,
): Pick<
  ServiceImpl<typeof AdminService>,
  "addIAMMember" | "updateIAMMember" | "removeIAMMember" | "listIAMMembers"
> {
  const { add, update, remove, list } = createMembers(
    ...([store, accounts, inTurn, "everywhere"] as const),
  );
  return {
    addIAMMember: add,
    updateIAMMember: update,
    removeIAMMember: remove,
    listIAMMembers: list,
  };
}

/** The methods of zitadel.management.v1.ManagementService that give roles which hold in the organisation of the call. */
export function createOrgMembers(
  store: MemberStore,
  accounts: AccountCommands,
  inTurn: InTurn,
): Pick<
  ServiceImpl<typeof ManagementService>,
  "addOrgMember" | "updateOrgMember" | "removeOrgMember" | "listOrgMembers"
> {
  const { add, update, remove, list } = createMembers(
    ...([store, accounts, inTurn, "in the organisation"] as const),
  );
  return {
    addOrgMember: add,
    updateOrgMember: update,
    removeOrgMember: remove,
    listOrgMembers: list,
  };
}

/** A request for a list of members. */
interface MemberListRequest {
  readonly query?: ListQuery | undefined;
  readonly queries: readonly SearchQuery[];
}

/** A request that gives roles. */
interface MemberRequest {
  readonly userId: string;
  readonly roles: readonly string[];
}

function createMembers(
  store: MemberStore,
  accounts: AccountCommands,
  inTurn: InTurn,
  holds: Holds,
) {
  const isMeant = (role: string) =>
    isRole(role) && holdsEverywhere(role) === (holds === "everywhere");
  /** @throws LockoutError */
  const change = async (
    how: MemberChange,
    { userId, roles }: MemberRequest,
    context: HandlerContext,
  ) => {
    const caller = getCaller(context.values);
    const wanted = [...new Set(roles)];
    if (!wanted.every(isMeant) || (how !== "remove" && wanted.length === 0)) {
      throw new LockoutError("memberRolesInvalid");
    }
    const decide = changeMemberRoles(how, isMeant, wanted);
    const changed = await accounts.change(userId, context, (before, now) => {
      // Roles named ORG_ hold in the account's own organisation, whichever the call names.
      if (holds === "in the organisation" && before.orgId !== caller.orgId) {
        throw new LockoutError("accountUnknown");
      }
      requireRoles(caller, { orgId: before.orgId, roles: wanted });
      return decide(before, now);
    });
    return onlyEvent(changed);
  };
  return {
    add: async (request: MemberRequest, context: HandlerContext) => ({
      details: createdDetails(await change("add", request, context)),
    }),

    update: async (request: MemberRequest, context: HandlerContext) => ({
      details: changedDetails(await change("update", request, context)),
    }),

    remove: async (
      { userId }: Pick<MemberRequest, "userId">,
      context: HandlerContext,
    ) => {
      const event = await change("remove", { userId, roles: [] }, context);
      return { details: changedDetails(event) };
    },

    list: async (
      { query, queries }: MemberListRequest,
      context: HandlerContext,
    ) => {
      const { orgId } = getCaller(context.values);
      const window = windowOf(query);
      const ids = queries.map(readQuery);
      const scope = holds === "everywhere" ? undefined : orgId;
      return inTurn(async () => {
        const { total, items } = await readPart(
          accountsOf(store, scope, ids[0]),
          window,
          {
            fits: ({ id, roles }) =>
              roles.some(isMeant) && ids.every((one) => one === id),
            signal: context.signal,
          },
        );
        const result = await showEach(items, context.signal, (account) =>
          memberOf(store, account, isMeant),
        );
        return {
          details: {
            totalResult: BigInt(total),
            viewTimestamp: timestampFromMs(store.now()),
          },
          result,
        };
      }, turnOf(context));
    },
  };
}

/** @throws LockoutError for a query that is not served */
function readQuery({ query }: SearchQuery): string {
  if (query.case === undefined) {
    throw new LockoutError("listQueryUnknown");
  }
  return query.value.userId;
}

/** The accounts of an organisation, or of all; with an id that one alone. */
async function* accountsOf(
  store: MemberStore,
  orgId: string | undefined,
  id: string | undefined,
): AsyncGenerator<Account> {
  if (id === undefined) {
    yield* everyItem((page) => store.listAccounts(orgId, page));
    return;
  }
  const account = await findAccount(store, id);
  if (account === undefined) {
    return;
  }
  if (orgId === undefined || orgId === account.orgId) {
    yield account;
  }
}

async function memberOf(
  store: MemberStore,
  account: Account,
  isMeant: (role: string) => boolean,
): Promise<MessageInitShape<typeof MemberSchema>> {
  const { id, loginName, name, orgId, roles } = account;
  const events = await store.findAccountEvents(account);
  return {
    userId: id,
    details: detailsOf({ user: userOfAccount(account), ...events }),
    roles: roles.filter(isMeant),
    ...{ preferredLoginName: loginName, displayName: name },
    ...{ userType: Type.MACHINE, userResourceOwner: orgId },
  };
}
