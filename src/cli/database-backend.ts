import type { Transport } from "@connectrpc/connect";
import { hashSecret, newSecret } from "../auth/tokens.ts";
import { createLocalTransport } from "../local-services.ts";
import { LockoutError } from "../lockout/errors.ts";
import {
  addOrgPolicy,
  resetOrgPolicy,
  updateDefaultPolicy,
  updateOrgPolicy,
} from "../lockout/policy.ts";
import type { Limits } from "../lockout/policy.ts";
import { openStore } from "../store/open.ts";
import type { Instance, Store, StoredPolicy } from "../store/store.ts";
import type { Backend, EventQuery, PolicyView } from "./backend.ts";
import { OperationError } from "./failure.ts";

/** Whoever can write the database is nobody that the database knows. */
const editor = "SYSTEM";

/** Works on a database, which may be served at the same time. Throws what openStore throws, and OperationError. */
export async function openDatabaseBackend(url: string): Promise<Backend> {
  const store = await openStore(url, { exclusive: false });
  try {
    const instance = await store.findInstance();
    if (instance !== undefined) {
      return createBackend(
        store,
        instance,
        createLocalTransport({ store, instance }),
      );
    }
    throw new OperationError(
      `the database ${url} is empty: "lockoutd serve" fills it when it starts for the first time`,
    );
  } catch (error) {
    await store.close();
    throw error;
  }
}

function createBackend(
  store: Store,
  instance: Instance,
  transport: Transport,
): Backend {
  const requireOrg = async (orgId: string) => {
    if (!(await store.orgExists(orgId))) throw new LockoutError("orgUnknown");
  };
  const getDefaultPolicy = async (): Promise<PolicyView> => {
    const policy = await store.findPolicy({ kind: "instance" });
    if (policy === undefined) throw new LockoutError("defaultPolicyNotFound");
    return policyView(policy, true);
  };
  const getPolicy = async (orgId: string | undefined): Promise<PolicyView> => {
    if (orgId === undefined) return getDefaultPolicy();
    await requireOrg(orgId);
    const own = await store.findPolicy({ kind: "org", orgId });
    return own === undefined ? getDefaultPolicy() : policyView(own, false);
  };

  return {
    createOrg: (name) => store.createOrg(name),
    listOrgs: () => store.listOrgs(),

    async createToken({ orgId = instance.firstOrgId, ...request }) {
      if (!(await store.orgExists(orgId))) {
        throw new LockoutError("tokenOrgUnknown");
      }
      const secret = newSecret();
      const token = await store.createToken({
        ...request,
        orgId,
        roles: [...new Set(request.roles)],
        hash: hashSecret(secret),
      });
      return { token, secret };
    },
    listTokens: () => store.listTokens(),
    async revokeToken(tokenId) {
      if (!(await store.revokeToken(tokenId))) {
        throw new LockoutError("tokenUnknown");
      }
    },

    getPolicy,
    async setPolicy(orgId, change) {
      if (orgId === undefined) {
        await store.changePolicy({ kind: "instance" }, editor, (current) =>
          updateDefaultPolicy(merge(current, change))(current),
        );
      } else {
        const effective = await getPolicy(orgId);
        await store.changePolicy({ kind: "org", orgId }, editor, (current) => {
          const decide = current === undefined ? addOrgPolicy : updateOrgPolicy;
          return decide(orgId, merge(current ?? effective, change))(current);
        });
      }
      return getPolicy(orgId);
    },
    async resetPolicy(orgId) {
      await requireOrg(orgId);
      await store.changePolicy(
        { kind: "org", orgId },
        editor,
        resetOrgPolicy(orgId),
      );
      return getPolicy(orgId);
    },

    listEvents: (query) => store.listEvents(withoutUndefined(query)),

    transport,
    close: () => store.close(),
  };
}

function policyView(policy: StoredPolicy, isDefault: boolean): PolicyView {
  const { maxPasswordAttempts, maxOtpAttempts } = policy;
  const { resourceOwner, sequence, changeDate } = policy;
  return {
    maxPasswordAttempts,
    maxOtpAttempts,
    isDefault,
    resourceOwner,
    sequence,
    changeDate,
  };
}

function merge(current: Limits | undefined, change: Partial<Limits>): Limits {
  return {
    maxPasswordAttempts:
      change.maxPasswordAttempts ?? current?.maxPasswordAttempts ?? 0,
    maxOtpAttempts: change.maxOtpAttempts ?? current?.maxOtpAttempts ?? 0,
  };
}

function withoutUndefined({
  aggregateId,
  resourceOwner,
  editor,
  since,
  until,
  ...query
}: EventQuery) {
  return {
    ...query,
    ...(aggregateId !== undefined && { aggregateId }),
    ...(resourceOwner !== undefined && { resourceOwner }),
    ...(editor !== undefined && { editor }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}
