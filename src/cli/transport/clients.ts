import { createClient } from "@connectrpc/connect";
import type { Client, Transport } from "@connectrpc/connect";
import { AccessService } from "../../../gen/lockout/v1/access_service_pb.js";
import { AttemptService } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { HookService } from "../../../gen/lockout/v1/hook_service_pb.js";
import { PolicyService } from "../../../gen/lockout/v1/policy_service_pb.js";
import { UserService } from "../../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../../gen/zitadel/management_pb.js";

/**
 * What commands call: the services of a server, or the same services in this process on a database. Both refuse the same things for
 * the same reasons.
 */
export interface Clients {
  readonly access: Client<typeof AccessService>;
  readonly admin: Client<typeof AdminService>;
  readonly attempts: Client<typeof AttemptService>;
  readonly hooks: Client<typeof HookService>;
  readonly management: Client<typeof ManagementService>;
  readonly policies: Client<typeof PolicyService>;
  readonly users: Client<typeof UserService>;
  /** Names the organisation of a call; undefined is the caller's own, at the database the first one. */
  readonly on: (orgId: string | undefined) => {
    readonly headers: Record<string, string>;
  };
}

/** Makes the clients that call over a transport. */
export function createClients(transport: Transport): Clients {
  return {
    access: createClient(AccessService, transport),
    admin: createClient(AdminService, transport),
    attempts: createClient(AttemptService, transport),
    hooks: createClient(HookService, transport),
    management: createClient(ManagementService, transport),
    policies: createClient(PolicyService, transport),
    users: createClient(UserService, transport),
    on: (orgId) => ({
      headers: orgId === undefined ? {} : { "x-zitadel-orgid": orgId },
    }),
  };
}
