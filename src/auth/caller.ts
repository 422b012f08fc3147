import { createContextKey } from "@connectrpc/connect";
import type { ContextValues } from "@connectrpc/connect";
import { LockoutError } from "../lockout/errors/errors.ts";
import type { Identity } from "./identity.ts";
import { grants, holdsEverywhere, isRole, permissions } from "./roles.ts";
import type { Permission, Role } from "./roles.ts";

/** The caller, and the organisation of the call. */
export interface Caller {
  /** The token's id: the editor of what the call changes. */
  readonly id: string;
  /** The name of the token. */
  readonly name: string;
  /** The caller's own organisation: that of calls that name none. */
  readonly homeOrgId: string;
  /** Names of the roles that hold there; an unknown one grants nothing. */
  readonly roles: readonly string[];
  /** As in {@link Identity}. */
  readonly rolesByOrg: Identity["rolesByOrg"];
  /** The organisation of the call. */
  readonly orgId: string;
  /** Whether the call names it; else it is the caller's own. */
  readonly isOrgNamed: boolean;
  /** When the caller's token ends, in milliseconds since 1970 UTC; undefined where it does not. */
  readonly expirationDate: number | undefined;
}

const callerKey = createContextKey<Caller | undefined>(undefined, {
  description: "caller",
});

/** Remembers the caller for the rest of the call. */
export function setCaller(values: ContextValues, caller: Caller): void {
  values.set(callerKey, caller);
}

/** The caller, once the gate has identified it, also of a call that the gate then refuses; undefined for public methods. */
export function findCaller(values: ContextValues): Caller | undefined {
  return values.get(callerKey);
}

/** The caller of a method that is not public. @throws Error for a public one: it has no caller */
export function getCaller(values: ContextValues): Caller {
  const caller = values.get(callerKey);
  if (caller === undefined) {
    throw new Error("a public method has no caller");
  }
  return caller;
}

/** Whether the caller has the permission in every organisation. */
export function holdsPermissionEverywhere(
  caller: Caller,
  permission: Permission,
): boolean {
  return caller.roles.some(
    (role) => isRole(role) && holdsEverywhere(role) && grants(role, permission),
  );
}

/** Whether the caller has the permission in the organisation. */
export function holdsPermission(
  caller: Caller,
  orgId: string,
  permission: Permission,
): boolean {
  return namesIn(caller, orgId).some(
    (role) => holdsIn(caller, orgId, role) && grants(role, permission),
  );
}

/** Whether the caller has a role in the organisation. */
export function isMember(caller: Caller, orgId: string): boolean {
  return namesIn(caller, orgId).some((role) => holdsIn(caller, orgId, role));
}

/** Whether the caller has a role in every organisation. */
export function isMemberEverywhere(caller: Caller): boolean {
  return caller.roles.some((role) => isRole(role) && holdsEverywhere(role));
}

/** All permissions that the caller has in the organisation. */
export function permissionsIn(
  caller: Caller,
  orgId: string,
): readonly Permission[] {
  return permissions.filter((permission) =>
    holdsPermission(caller, orgId, permission),
  );
}

/** The caller's roles that hold in the organisation. */
export function rolesIn(caller: Caller, orgId: string): readonly Role[] {
  return namesIn(caller, orgId).filter((role): role is Role =>
    holdsIn(caller, orgId, role),
  );
}

/** The names of roles among which are those that hold in the organisation. */
function namesIn(
  { roles, rolesByOrg }: Caller,
  orgId: string,
): readonly string[] {
  return rolesByOrg?.get(orgId) ?? roles;
}

/** Whether one of {@link namesIn} is known, and holds in the organisation. */
function holdsIn(
  { homeOrgId, rolesByOrg }: Caller,
  orgId: string,
  role: string,
): role is Role {
  return (
    isRole(role) &&
    (homeOrgId === orgId ||
      holdsEverywhere(role) ||
      rolesByOrg?.has(orgId) === true)
  );
}

/** The organisations where the caller may have roles that do not hold everywhere, the oldest first. */
export function ownOrgs({
  homeOrgId,
  rolesByOrg,
}: Pick<Caller, "homeOrgId" | "rolesByOrg">): readonly string[] {
  return rolesByOrg === undefined ? [homeOrgId] : [...rolesByOrg.keys()];
}

/** Some organisations, the oldest first, or all. */
export type OrgScope = readonly string[] | "all";

/** The organisations in which the caller has the permission. */
export function orgsWith(caller: Caller, permission: Permission): OrgScope {
  return holdsPermissionEverywhere(caller, permission)
    ? "all"
    : ownOrgs(caller).filter((orgId) =>
        holdsPermission(caller, orgId, permission),
      );
}

/** Checks a permission. @throws LockoutError unless the caller has it in the organisation */
export function requirePermission(
  caller: Caller,
  orgId: string,
  permission: Permission,
): void {
  if (holdsPermission(caller, orgId, permission)) {
    return;
  }
  throw new LockoutError(
    isMember(caller, orgId) ? "permissionDenied" : "membershipNotFound",
  );
}
