/** The permissions that calls ask for. */
export const permissions = [
  "iam.policy.read",
  "iam.policy.write",
  "policy.read",
  "policy.write",
  "policy.delete",
  "user.read",
  "user.write",
  "events.read",
  "attempt.write",
  "iam.access.read",
  "iam.access.write",
  "iam.metrics.read",
  "iam.hook.read",
  "iam.hook.write",
  "org.hook.read",
  "org.hook.write",
] as const;

/** One of {@link permissions}. */
export type Permission = (typeof permissions)[number];

/**
 * What each role may do. Roles named IAM_ hold on every organisation, roles named ORG_ on the caller's own.
 * The names and the first eight permissions are ZITADEL's; `attempt.write`, `iam.access.*`, `iam.metrics.read` and those of hooks are our own.
 */
export const roles = {
  IAM_OWNER: [...permissions],
  IAM_OWNER_VIEWER: [
    "iam.policy.read",
    "policy.read",
    "user.read",
    "events.read",
    "iam.access.read",
    "iam.metrics.read",
  ],
  IAM_ORG_MANAGER: [
    "policy.read",
    "policy.write",
    "policy.delete",
    "user.read",
    "user.write",
  ],
  IAM_USER_MANAGER: ["user.read", "user.write"],
  IAM_LOGIN_CLIENT: [
    "iam.policy.read",
    "policy.read",
    "user.read",
    "user.write",
    "attempt.write",
  ],
  ORG_OWNER: [
    "policy.read",
    "policy.write",
    "policy.delete",
    "user.read",
    "user.write",
    "attempt.write",
    "org.hook.read",
    "org.hook.write",
  ],
  ORG_SETTINGS_MANAGER: ["policy.read", "policy.write", "policy.delete"],
  ORG_USER_MANAGER: ["policy.read", "user.read", "user.write"],
  ORG_OWNER_VIEWER: ["policy.read", "user.read"],
} as const satisfies Record<string, readonly Permission[]>;

/** The name of one of {@link roles}. */
export type Role = keyof typeof roles;

/** Whether a role of this name exists. */
export function isRole(name: string): name is Role {
  return Object.hasOwn(roles, name);
}

/** Whether the role holds on every organisation, and not on the caller's own alone. */
export function holdsEverywhere(role: Role): boolean {
  return role.startsWith("IAM_");
}

/** Whether the role has the permission. */
export function grants(role: Role, permission: Permission): boolean {
  const granted: readonly Permission[] = roles[role];
  return granted.includes(permission);
}
