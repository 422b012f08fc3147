import { createClient } from "@connectrpc/connect";
import type { Client } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import { HookService } from "../../gen/lockout/v1/hook_service_pb.js";
import type { Delivery } from "../../gen/lockout/v1/hook_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import type { HooksConfig, ServerConfig } from "../../src/config.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

/** A server that sends to receivers on this machine, and what calls it. */
export interface HookStage {
  readonly server: TestServer;
  readonly hooks: Client<typeof HookService>;
  readonly access: Client<typeof AccessService>;
  readonly admin: Client<typeof AdminService>;
  readonly management: Client<typeof ManagementService>;
  readonly users: Client<typeof UserService>;
  readonly attempts: Client<typeof AttemptService>;
  /** Headers of a call of the administrator, on the organisation. */
  on(orgId?: string): { readonly headers: Record<string, string> };
  /** Registers a user: one event. */
  addUser(userId: string, orgId?: string): Promise<void>;
  /** Locks a user: one event. */
  lock(userId: string, orgId?: string): Promise<void>;
  unlock(userId: string, orgId?: string): Promise<void>;
  deliveries(hookId: string): Promise<readonly Delivery[]>;
}

/** Receivers on this machine, and so short waits that tests can have them. */
export const localHooks: HooksConfig = {
  ...{ allowHttp: true, allowPrivate: true },
  retrySchedule: [0, 20, 40, 60],
};

/** Starts a server. */
export async function startHookStage(
  config: Partial<ServerConfig> = {},
): Promise<HookStage> {
  const server = await startTestServer({
    ...{ hooks: localHooks },
    ...config,
  });
  const clients = hookClients(server.url, server.adminToken);
  return { server, ...clients };
}

/** The calls of an administrator of a server. */
export function hookClients(
  url: string,
  token: string,
): Omit<HookStage, "server"> {
  const transport = createGrpcTransport({ baseUrl: url });
  const on = (orgId = "") => ({
    headers: {
      authorization: `Bearer ${token}`,
      ...(orgId !== "" && { "x-zitadel-orgid": orgId }),
    },
  });
  const hooks = createClient(HookService, transport);
  const management = createClient(ManagementService, transport);
  const users = createClient(UserService, transport);
  return {
    ...{ hooks, management, users, on },
    access: createClient(AccessService, transport),
    admin: createClient(AdminService, transport),
    attempts: createClient(AttemptService, transport),
    addUser: async (userId, orgId) => {
      await users.putUser({ userId }, on(orgId));
    },
    lock: async (userId, orgId) => {
      await management.lockUser({ id: userId }, on(orgId));
    },
    unlock: async (userId, orgId) => {
      await management.unlockUser({ id: userId }, on(orgId));
    },
    deliveries: async (hookId) =>
      (await hooks.listInstanceHookDeliveries({ hookId }, on())).deliveries,
  };
}
