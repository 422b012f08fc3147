import type { ServiceImpl } from "@connectrpc/connect";
import type { OrganizationService } from "../../../gen/zitadel/org/v2/org_service_pb.js";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { OrgLookups } from "../orgs/org-lookups.ts";

/** zitadel.org.v2.OrganizationService */
export function createOrganizationService(
  orgs: OrgLookups,
): ServiceImpl<typeof OrganizationService> {
  return {
    async addOrganization({ name, admins, orgId = "" }, context) {
      if (admins.length > 0 || orgId !== "") {
        throw new LockoutError("organizationByNameOnly");
      }
      const { id, details } = await orgs.create(name, context);
      return { organizationId: id, details };
    },

    async listOrganizations(request, context) {
      const { total, time, ...list } = await orgs.list(request, context);
      return { ...list, details: { totalResult: total, timestamp: time } };
    },
  };
}
