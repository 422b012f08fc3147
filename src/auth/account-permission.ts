import type { Account } from "../lockout/account/account-record.ts";
import { LockoutError } from "../lockout/errors/errors.ts";
import { holdsPermission, holdsPermissionEverywhere } from "./caller.ts";
import type { Caller } from "./caller.ts";
import { holdsEverywhere, isRole, roles as grants } from "./roles.ts";

/**
 * Checks that a caller may give these roles to an account, or change an account that has them: else whoever may write users could sign in as one who
 * may do more. What the account may do by a role named IAM_ the caller must be allowed everywhere; what by one named ORG_, in the
 * account's organisation.
 *
 * @throws LockoutError
 */
export function requireRoles(
  caller: Caller,
  { orgId, roles }: Pick<Account, "orgId" | "roles">,
): void {
  for (const role of roles.filter(isRole)) {
    const holds = grants[role].every((permission) =>
      holdsEverywhere(role)
        ? holdsPermissionEverywhere(caller, permission)
        : holdsPermission(caller, orgId, permission),
    );
    if (!holds) {
      throw new LockoutError("permissionDenied");
    }
  }
}
