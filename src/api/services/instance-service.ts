import type { ServiceImpl } from "@connectrpc/connect";
import { State } from "../../../gen/zitadel/instance/v2/instance_pb.js";
import type { InstanceService } from "../../../gen/zitadel/instance/v2/instance_service_pb.js";
import { getCaller, requirePermission } from "../../auth/caller.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { instanceFacts } from "../orgs/instance-facts.ts";
import type { About, OrgLookups, OrgLookupStore } from "../orgs/org-lookups.ts";

/** zitadel.instance.v2.InstanceService */
export function createInstanceService(
  store: OrgLookupStore,
  orgs: OrgLookups,
  about: About,
): ServiceImpl<typeof InstanceService> {
  return {
    async getInstance({ instanceId }, context) {
      const caller = getCaller(context.values);
      requirePermission(caller, caller.orgId, "iam.read");
      const { id } = await orgs.findInstance();
      if (instanceId !== "" && instanceId !== id) {
        throw new LockoutError("instanceUnknown");
      }
      const facts = await instanceFacts(store, id, about);
      const { creationDate, changeDate } = facts.details;
      const times = {
        ...(creationDate !== undefined && { creationDate }),
        ...(changeDate !== undefined && { changeDate }),
      };
      const { name, version, domain } = facts;
      return {
        instance: {
          ...{ id, state: State.RUNNING, name, version, ...times },
          customDomains: [
            {
              ...{ instanceId: id, domain, primary: true },
              ...(creationDate !== undefined && { creationDate }),
            },
          ],
        },
      };
    },
  };
}
