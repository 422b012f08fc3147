import { createClient } from "@connectrpc/connect";
import type { Client } from "@connectrpc/connect";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import type { Backend } from "./backend.ts";

/** The services on the users of one organisation. */
export interface UserClients {
  readonly users: Client<typeof UserService>;
  readonly attempts: Client<typeof AttemptService>;
  readonly management: Client<typeof ManagementService>;
  /** Names the organisation; undefined is the caller's own, at the database the first one. */
  readonly on: (orgId: string | undefined) => {
    readonly headers: Record<string, string>;
  };
}

/** The clients of a backend. */
export function userClients({ transport }: Backend): UserClients {
  return {
    users: createClient(UserService, transport),
    attempts: createClient(AttemptService, transport),
    management: createClient(ManagementService, transport),
    on: (orgId) => ({
      headers: orgId === undefined ? {} : { "x-zitadel-orgid": orgId },
    }),
  };
}
