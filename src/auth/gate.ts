import type { HandlerContext } from "@connectrpc/connect";
import { LockoutError } from "../lockout/errors/errors.ts";
import { andThen } from "../store/awaitable.ts";
import type { Awaitable } from "../store/awaitable.ts";
import type { OrgStore, TokenStore } from "../store/access.ts";
import type { Store } from "../store/store.ts";
import type { Authenticate } from "./authenticate.ts";
import { getCaller, requirePermission, setCaller } from "./caller.ts";
import type { Identity } from "./identity.ts";
import { createLastUses } from "./last-uses.ts";
import type { PermissionTable } from "./permission-table.ts";
import { grants, holdsEverywhere, isRole } from "./roles.ts";
import type { Permission } from "./roles.ts";

/** What the gate needs to know of the store. */
export type GateStore = Pick<TokenStore, "noteTokenUse"> &
  Pick<OrgStore, "orgExists"> &
  Pick<Store, "now">;

/**
 * The gate that every call passes before its body is read. It checks the token, the organisation and the permission, in ZITADEL's order.
 *
 * @throws LockoutError
 */
export function createGate(
  store: GateStore,
  table: PermissionTable,
  authenticate: Authenticate,
): (context: HandlerContext) => Awaitable<void> {
  const noteUse = createLastUses(store);
  return (context) => {
    const access = table.get(context.method);
    if (access === "public") {
      return;
    }
    if (access === undefined) {
      throw new Error(`no access is known for ${context.method.name}`);
    }
    const authorization = context.requestHeader.get("authorization");
    return andThen(authenticate(authorization), (token) => {
      // The header may be there and empty: the same as absent.
      const named = context.requestHeader.get("x-zitadel-orgid") ?? "";
      const orgId = named === "" ? token.orgId : named;
      return andThen(requireOrg(store, orgId, token), () => {
        const caller = {
          id: token.id,
          name: token.name,
          homeOrgId: token.orgId,
          roles: token.roles,
          rolesByOrg: token.rolesByOrg,
          orgId,
          isOrgNamed: named !== "",
          expirationDate: token.expirationDate,
        };
        // First, so that the log names the caller of a refused call.
        setCaller(context.values, caller);
        if (access !== "authenticated") {
          requirePermission(caller, orgId, access);
        }
        if (token.stored !== undefined) {
          noteUse(token.stored, store.now());
        }
      });
    });
  };
}

/** @param identity whose own organisation exists @throws LockoutError `orgUnknown` */
function requireOrg(
  store: Pick<OrgStore, "orgExists">,
  orgId: string,
  identity?: Pick<Identity, "orgId">,
): Awaitable<void> {
  if (orgId === identity?.orgId) {
    return;
  }
  return andThen(store.orgExists(orgId), (exists) => {
    if (!exists) {
      throw new LockoutError("orgUnknown");
    }
  });
}

/**
 * Checks the token of a call again, and its organisation: for calls that last, since the token may be revoked or expire meanwhile, its account have
 * other roles, and the organisation be removed. Then whoever holds it has to call anew. What a token says by itself, such as roles by
 * organisation, stays.
 *
 * @throws LockoutError
 */
export function createTokenCheck(
  store: Pick<OrgStore, "orgExists">,
  authenticate: Authenticate,
): (context: HandlerContext) => Awaitable<void> {
  return ({ requestHeader, values }) =>
    andThen(authenticate(requestHeader.get("authorization")), (token) => {
      const caller = getCaller(values);
      if (
        token.orgId !== caller.homeOrgId ||
        token.roles.join(" ") !== caller.roles.join(" ")
      ) {
        throw new LockoutError("tokenInvalid");
      }
      return requireOrg(store, caller.orgId, token);
    });
}

/**
 * The gate of pages that are of the whole installation: a token whose role has the permission in every organisation.
 *
 * @throws LockoutError
 */
export function createPageGate(
  store: GateStore,
  permission: Permission,
  authenticate: Authenticate,
): (authorization: string | null) => Awaitable<void> {
  const noteUse = createLastUses(store);
  return (authorization) =>
    andThen(authenticate(authorization), (token) => {
      const isGranted = token.roles.some(
        (role) =>
          isRole(role) && holdsEverywhere(role) && grants(role, permission),
      );
      if (!isGranted) {
        throw new LockoutError("permissionDenied");
      }
      if (token.stored !== undefined) {
        noteUse(token.stored, store.now());
      }
    });
}

/**
 * The gate of calls in this process: whoever can write the database needs no token. The caller is `SYSTEM`, and may do everything. Without
 * the header the organisation is `homeOrgId`.
 *
 * @throws LockoutError
 */
export function createSystemGate(
  store: Pick<OrgStore, "orgExists">,
  homeOrgId: string,
): (context: HandlerContext) => Promise<void> {
  return async ({ requestHeader, values }) => {
    const named = requestHeader.get("x-zitadel-orgid");
    const orgId = named ?? homeOrgId;
    await requireOrg(store, orgId);
    setCaller(values, {
      id: "SYSTEM",
      name: "",
      homeOrgId,
      ...{ roles: ["IAM_OWNER"], rolesByOrg: undefined, orgId },
      isOrgNamed: named !== null,
      expirationDate: undefined,
    });
  };
}
