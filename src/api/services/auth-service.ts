import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { AuthService } from "../../../gen/zitadel/auth_pb.js";
import type {
  MembershipQuery,
  MembershipSchema,
} from "../../../gen/zitadel/user_pb.js";
import {
  getCaller,
  ownOrgs,
  permissionsIn,
  rolesIn,
} from "../../auth/caller.ts";
import type { Caller } from "../../auth/caller.ts";
import { holdsEverywhere, isRole } from "../../auth/roles.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { OrgStore } from "../../store/access.ts";
import type { AccountStore } from "../../store/accounts.ts";
import type { Store } from "../../store/store.ts";
import type { StoredUser } from "../../store/users.ts";
import { findAccount } from "../accounts/accounts.ts";
import { readPart, windowOf } from "../requests/list-window.ts";
import { detailsOf, userOfAccount, userV1 } from "../users/zitadel-users.ts";
import type { ShownUser } from "../users/zitadel-users.ts";

/** zitadel.auth.v1.AuthService: what callers ask about themselves. */
export function createAuthService(
  store: AccountStore & Pick<OrgStore, "orgExists"> & Pick<Store, "now">,
): ServiceImpl<typeof AuthService> {
  /** The caller: its account, or a token that belongs to none, as a machine. */
  const findMe = async (caller: Caller): Promise<ShownUser> => {
    const { id, homeOrgId: orgId, name } = caller;
    const account = await findAccount(store, id);
    const token = { orgId, userId: id, aliases: [name], lock: undefined };
    const user: StoredUser =
      account === undefined
        ? { ...token, account: "active" }
        : userOfAccount(account);
    return {
      ...{
        user,
        account: account ?? { name, description: "", secret: undefined },
      },
      ...(await store.findAccountEvents({ id, orgId })),
    };
  };
  return {
    async getMyUser(_request, context) {
      return { user: userV1(await findMe(getCaller(context.values))) };
    },

    listMyZitadelPermissions(_request, context) {
      const caller = getCaller(context.values);
      return { result: [...permissionsIn(caller, caller.orgId)] };
    },

    async listMyMemberships({ query, queries }, context) {
      const caller = getCaller(context.values);
      const window = windowOf(query);
      const fits = queries.map(readQuery);
      const me = await findMe(caller);
      const { total, items } = await readPart(
        memberships(store, caller),
        window,
        {
          fits: (membership) => fits.every((fit) => fit(membership)),
          signal: context.signal,
        },
      );
      return {
        details: {
          totalResult: BigInt(total),
          viewTimestamp: timestampFromMs(store.now()),
        },
        result: items.map((membership) => ({
          ...membership,
          ...{ userId: caller.id, displayName: caller.name },
          details: detailsOf(me),
        })),
      };
    },
  };
}

type Membership = Required<
  Pick<MessageInitShape<typeof MembershipSchema>, "roles" | "type">
>;

/** Where the caller's roles hold: everywhere, and in single organisations, the oldest first. */
async function* memberships(
  store: Pick<OrgStore, "orgExists">,
  caller: Caller,
): AsyncGenerator<Membership> {
  const everywhere = caller.roles.filter(isRole).filter(holdsEverywhere);
  if (everywhere.length > 0) {
    yield { roles: everywhere, type: { case: "iam", value: true } };
  }
  for (const orgId of ownOrgs(caller)) {
    const roles = rolesIn(caller, orgId).filter(
      (role) => !holdsEverywhere(role),
    );
    if (roles.length > 0 && (await store.orgExists(orgId))) {
      yield { roles, type: { case: "orgId", value: orgId } };
    }
  }
}

/** @throws LockoutError for a query that is empty */
function readQuery({ query }: MembershipQuery): (of: Membership) => boolean {
  switch (query.case) {
    case "orgQuery":
      return ({ type }) =>
        type.case === "orgId" && type.value === query.value.orgId;
    case "iamQuery":
      return ({ type }) => (type.case === "iam") === query.value.iam;
    case "projectQuery":
    case "projectGrantQuery":
      return () => false;
    case undefined:
      throw new LockoutError("listQueryUnknown");
  }
}
