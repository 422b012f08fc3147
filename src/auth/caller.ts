import { createContextKey } from "@connectrpc/connect";
import type { ContextValues } from "@connectrpc/connect";
import { LockoutError } from "../lockout/errors.ts";
import { grants, holdsEverywhere } from "./roles.ts";
import type { Permission, Role } from "./roles.ts";

/** Who calls, and on which organisation. */
export interface Caller {
  /** The token's id: the editor of what the call changes. */
  readonly id: string;
  /** The caller's own organisation. */
  readonly homeOrgId: string;
  readonly roles: readonly Role[];
  /** The organisation of the call. */
  readonly orgId: string;
}

const callerKey = createContextKey<Caller | undefined>(undefined, {
  description: "caller",
});

/** Remembers the caller for the rest of the call. */
export function setCaller(values: ContextValues, caller: Caller): void {
  values.set(callerKey, caller);
}

/** The caller. Throws where the method is public: there is none. */
export function getCaller(values: ContextValues): Caller {
  const caller = values.get(callerKey);
  if (caller === undefined) {
    throw new Error("a public method has no caller");
  }
  return caller;
}

/** Throws LockoutError unless the caller has the permission in the organisation. */
export function requirePermission(
  caller: Caller,
  orgId: string,
  permission: Permission,
): void {
  const held = caller.roles.filter(
    (role) => holdsEverywhere(role) || caller.homeOrgId === orgId,
  );
  if (held.length === 0) throw new LockoutError("membershipNotFound");
  if (!held.some((role) => grants(role, permission))) {
    throw new LockoutError("permissionDenied");
  }
}
