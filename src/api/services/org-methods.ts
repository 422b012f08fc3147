import type { ServiceImpl } from "@connectrpc/connect";
import { State } from "../../../gen/zitadel/instance_pb.js";
import type { AdminService } from "../../../gen/zitadel/admin_pb.js";
import type { ManagementService } from "../../../gen/zitadel/management_pb.js";
import { getCaller } from "../../auth/caller.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { instanceFacts } from "../orgs/instance-facts.ts";
import type { About, OrgLookups, OrgLookupStore } from "../orgs/org-lookups.ts";
import { findVisibleOrg } from "../orgs/visible-orgs.ts";

/** The methods of zitadel.admin.v1.AdminService that are about organisations and the instance. */
export function createAdminOrgMethods(
  store: OrgLookupStore,
  orgs: OrgLookups,
  about: About,
): Pick<
  ServiceImpl<typeof AdminService>,
  | "getOrgByID"
  | "getDefaultOrg"
  | "listOrgs"
  | "getMyInstance"
  | "setUpOrg"
  | "removeOrg"
> {
  return {
    async getOrgByID({ id }, context) {
      const caller = getCaller(context.values);
      const org = await findVisibleOrg(store, caller, id);
      return { org: await orgs.showFound(org) };
    },

    async getDefaultOrg() {
      const { firstOrgId } = await orgs.findInstance();
      return { org: await orgs.showFound(await store.findOrg(firstOrgId)) };
    },

    async listOrgs(request, context) {
      const { total, time, ...list } = await orgs.list(request, context);
      return { ...list, details: { totalResult: total, viewTimestamp: time } };
    },

    async getMyInstance() {
      const { id } = await orgs.findInstance();
      const { details, name, version, domain } = await instanceFacts(
        ...([store, id, about] as const),
      );
      return {
        instance: {
          ...{ id, details, state: State.RUNNING, name, version },
          domains: [{ details, domain, primary: true }],
        },
      };
    },

    async setUpOrg({ org, user, roles }, context) {
      if (
        user.case !== undefined ||
        roles.length > 0 ||
        (org?.domain ?? "") !== ""
      ) {
        throw new LockoutError("organizationByNameOnly");
      }
      const { id, details } = await orgs.create(org?.name ?? "", context);
      return { orgId: id, details };
    },

    async removeOrg({ orgId }, context) {
      return { details: await orgs.remove(orgId, context) };
    },
  };
}

/** The methods of zitadel.management.v1.ManagementService that are about organisations. */
export function createManagementOrgMethods(
  store: OrgLookupStore,
  orgs: OrgLookups,
): Pick<
  ServiceImpl<typeof ManagementService>,
  "getMyOrg" | "getOrgByDomainGlobal" | "addOrg" | "updateOrg"
> {
  return {
    async getMyOrg(_request, context) {
      const { orgId } = getCaller(context.values);
      return { org: await orgs.showFound(await store.findOrg(orgId)) };
    },

    async getOrgByDomainGlobal({ domain }, context) {
      return { org: await orgs.findByDomain(domain, context) };
    },

    addOrg: ({ name }, context) => orgs.create(name, context),

    updateOrg: ({ name }, context) => orgs.rename(name, context),
  };
}
