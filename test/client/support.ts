import { createClient } from "@connectrpc/connect";
import type { Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { createLockoutClient } from "../../client/src/index.ts";
import type { LockoutClient } from "../../client/src/index.ts";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

/** A server that locks at a limit, with a client of it and an administrator. */
export interface House {
  readonly server: TestServer;
  readonly client: LockoutClient;
  /** A client with an interceptor in it. */
  clientWith(interceptor: Interceptor): LockoutClient;
  lock(userId: string): Promise<void>;
  deactivate(userId: string): Promise<void>;
  unlock(userId: string): Promise<void>;
  /** The types of the user's events, oldest first. */
  events(userId: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function openHouse(limit: number): Promise<House> {
  const server = await startTestServer({
    defaultPolicy: { maxPasswordAttempts: limit, maxOtpAttempts: limit },
  });
  const { url, adminToken: token } = server;
  const transport = createGrpcTransport({
    baseUrl: url,
    interceptors: [
      (next) => (request) => {
        request.header.set("authorization", `Bearer ${token}`);
        return next(request);
      },
    ],
  });
  const admin = createClient(AdminService, transport);
  const management = createClient(ManagementService, transport);
  const client = createLockoutClient({ url, token });
  return {
    server,
    client,
    clientWith: (interceptor) => clientWith(url, token, interceptor),
    lock: async (id) => {
      await management.lockUser({ id });
    },
    deactivate: async (id) => {
      await management.deactivateUser({ id });
    },
    unlock: async (id) => {
      await management.unlockUser({ id });
    },
    events: async (aggregateId) => {
      const { events } = await admin.listEvents({ aggregateId, asc: true });
      return events.map(({ type }) => type?.type ?? "");
    },
    close: async () => {
      client.close();
      await server.close();
    },
  };
}

export function clientWith(
  url: string,
  token: string,
  interceptor: Interceptor,
): LockoutClient {
  return createLockoutClient({
    url,
    token,
    transport: (options) =>
      createGrpcTransport({
        ...options,
        interceptors: [...options.interceptors, interceptor],
      }),
  });
}
