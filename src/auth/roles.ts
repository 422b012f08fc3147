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
  "iam.read",
  "iam.write",
  "iam.member.read",
  "iam.member.write",
  "iam.member.delete",
  "org.read",
  "org.write",
  "org.create",
  "org.global.read",
  "org.member.read",
  "org.member.write",
  "org.member.delete",
  "user.delete",
  "user.global.read",
] as const;

/** One of {@link permissions}. */
export type Permission = (typeof permissions)[number];

/**
 * What each role may do. Roles named IAM_ hold on every organisation, roles named ORG_ on the caller's own.
 * Names and permissions are ZITADEL's, but for `attempt.write`, `iam.access.*`, `iam.metrics.read` and those of hooks, which are our own.
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
    "iam.read",
    "org.read",
    "org.global.read",
    "user.global.read",
  ],
  IAM_ORG_MANAGER: [
    "policy.read",
    "policy.write",
    "policy.delete",
    "user.read",
    "user.write",
    "org.read",
    "org.write",
    "org.create",
    "org.global.read",
    "org.member.read",
    "org.member.write",
    "org.member.delete",
    "user.delete",
    "user.global.read",
  ],
  IAM_USER_MANAGER: [
    "user.read",
    "user.write",
    "org.read",
    "org.global.read",
    "user.delete",
    "user.global.read",
  ],
  IAM_LOGIN_CLIENT: [
    "iam.policy.read",
    "policy.read",
    "user.read",
    "user.write",
    "attempt.write",
    "iam.read",
    "org.read",
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
    "org.read",
    "org.write",
    "org.global.read",
    "org.member.read",
    "org.member.write",
    "org.member.delete",
    "user.delete",
    "user.global.read",
  ],
  ORG_SETTINGS_MANAGER: [
    "policy.read",
    "policy.write",
    "policy.delete",
    "org.read",
  ],
  ORG_USER_MANAGER: [
    "policy.read",
    "user.read",
    "user.write",
    "org.read",
    "org.global.read",
    "user.delete",
    "user.global.read",
  ],
  ORG_OWNER_VIEWER: [
    "policy.read",
    "user.read",
    "org.read",
    "org.global.read",
    "user.global.read",
  ],
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
