import { createContextKey } from "@connectrpc/connect";
import type { ContextValues } from "@connectrpc/connect";
import { LockoutError } from "../lockout/errors.ts";
import { grants, holdsEverywhere, isRole } from "./roles.ts";
import type { Permission } from "./roles.ts";

/** The caller, and the organisation of the call. */
export interface Caller {
  /** The token's id: the editor of what the call changes. */
  readonly id: string;
  /** The name of the token. */
  readonly name: string;
  /** The caller's own organisation. */
  readonly homeOrgId: string;
  /** Names of roles; an unknown one grants nothing. */
  readonly roles: readonly string[];
  /** The organisation of the call. */
  readonly orgId: string;
  /** Whether the call names it; else it is the caller's own. */
  readonly isOrgNamed: boolean;
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

/** Checks a permission. @throws LockoutError unless the caller has it in the organisation */
export function requirePermission(
  caller: Caller,
  orgId: string,
  permission: Permission,
): void {
  const isHome = caller.homeOrgId === orgId;
  let holdsAny = false;
  for (const role of caller.roles) {
    if (!isRole(role) || !(isHome || holdsEverywhere(role))) {
      continue;
    }
    if (grants(role, permission)) {
      return;
    }
    holdsAny = true;
  }
  throw new LockoutError(holdsAny ? "permissionDenied" : "membershipNotFound");
}
