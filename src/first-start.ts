import { everyItem } from "./store/pages.ts";
import { createDefaultPolicy } from "./lockout/policy/policy.ts";
import type { Limits } from "./lockout/policy/limits.ts";
import type { Instance, Store } from "./store/store.ts";
import type { Role } from "./auth/roles.ts";
import { findAdminTokenFault } from "./auth/admin-token.ts";
import { hashSecret, newSecret } from "./auth/tokens.ts";

/** The name of the token that the operator sets; whatever has this name gives way to it. */
const operatorTokenName = "administrator (LOCKOUTD_ADMIN_TOKEN)";

const administratorRoles: readonly Role[] = ["IAM_OWNER"];

/** What the operator may set for the first start. */
export interface FirstStart {
  /** 0 where it is not set. */
  readonly defaultPolicy: Partial<Limits>;
  /** The secret of the administrator's token, if the operator sets it. */
  readonly adminToken: string | undefined;
}

/** What the first start created. */
export interface CreatedInstance {
  readonly instanceId: string;
  readonly orgId: string;
  /** To be shown once; undefined where the operator set it, and so knows it, or it is in a file. */
  readonly adminToken: string | undefined;
  /** The file that has the token, where the operator named one. */
  readonly tokenFile?: string;
}

/**
 * Sees to it that there is an instance with an administrator. The first start creates it. A secret that the
 * operator sets is the administrator's from that start on: it replaces one that was set before.
 *
 * @throws RangeError where the operator's secret is too short, or cannot be sent in a header
 */
export async function ensureAdministrator(
  store: Store,
  { defaultPolicy, adminToken }: FirstStart,
): Promise<{
  readonly instance: Instance;
  readonly created?: CreatedInstance;
}> {
  const fault =
    adminToken === undefined ? undefined : findAdminTokenFault(adminToken);
  if (fault !== undefined) {
    throw new RangeError(`the administrator's token ${fault}`);
  }
  const secret = adminToken ?? newSecret();
  const token = {
    hash: hashSecret(secret),
    name: adminToken === undefined ? "administrator" : operatorTokenName,
    roles: administratorRoles,
    expirationDate: undefined,
  };
  const { created, ...instance } = await store.initialise({
    orgName: "Default",
    policy: createDefaultPolicy({
      maxPasswordAttempts: defaultPolicy.maxPasswordAttempts ?? 0,
      maxOtpAttempts: defaultPolicy.maxOtpAttempts ?? 0,
    }),
    token,
  });
  if (created) {
    return {
      instance,
      created: {
        instanceId: instance.id,
        orgId: instance.firstOrgId,
        adminToken: adminToken === undefined ? secret : undefined,
      },
    };
  }
  if (adminToken !== undefined) {
    await replaceOperatorToken(store, { ...token, orgId: instance.firstOrgId });
  }
  return { instance };
}

async function replaceOperatorToken(
  store: Store,
  token: Parameters<Store["createToken"]>[0],
): Promise<void> {
  const current = await store.findToken(token.hash);
  for await (const { id, name } of everyItem((page) =>
    store.listTokens(false, page),
  )) {
    if (name === operatorTokenName && id !== current?.id) {
      await store.revokeToken(id, "SYSTEM");
    }
  }
  if (current !== undefined) {
    return;
  }
  try {
    await store.createToken(token, "SYSTEM");
  } catch (error) {
    // Another node that starts with the same secret was first.
    if ((await store.findToken(token.hash)) === undefined) {
      throw error;
    }
  }
}
