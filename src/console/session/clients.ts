import { Code, ConnectError, createClient } from "@connectrpc/connect";
import type { Client, Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { AccessService } from "../../../gen/lockout/v1/access_service_pb.js";
import { AttemptService } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { HookService } from "../../../gen/lockout/v1/hook_service_pb.js";
import { PolicyService } from "../../../gen/lockout/v1/policy_service_pb.js";
import { UserService } from "../../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../../gen/zitadel/management_pb.js";
import { UserService as ZitadelUserService } from "../../../gen/zitadel/user/v2/user_service_pb.js";

/** The calls that the console makes. */
export interface Clients {
  readonly admin: Client<typeof AdminService>;
  readonly access: Client<typeof AccessService>;
  readonly attempts: Client<typeof AttemptService>;
  readonly hooks: Client<typeof HookService>;
  readonly management: Client<typeof ManagementService>;
  readonly policies: Client<typeof PolicyService>;
  readonly users: Client<typeof UserService>;
  readonly accounts: Client<typeof ZitadelUserService>;
}

/** Told why the token is good no more. */
export type OnEnd = (error: unknown) => void;

/** For how long somebody is signed in. */
export interface Lifetime {
  /** Aborted when it is over: whoever signs in afterwards is somebody else. */
  readonly signal: AbortSignal;
  /** Called where a call says that the token is good no more. */
  readonly onEnd: OnEnd;
}

/** Whether a call failed since the token is good no more. */
export function isEnd(error: unknown): boolean {
  return ConnectError.from(error).code === Code.Unauthenticated;
}

/**
 * Clients whose calls show a token, and name an organisation. No call goes on after the sign-out.
 *
 * @param orgId empty for the caller's own
 */
export function createClients(
  token: string,
  orgId: string,
  { signal, onEnd }: Lifetime,
): Clients {
  const authorize: Interceptor = (next) => async (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    if (orgId !== "") {
      request.header.set("x-zitadel-orgid", orgId);
    }
    try {
      return await next({
        ...request,
        signal: AbortSignal.any([request.signal, signal]),
      });
    } catch (error) {
      if (isEnd(error) && !signal.aborted) {
        onEnd(error);
      }
      throw error;
    }
  };
  const transport = createConnectTransport({
    // Behind a proxy the server may have a prefix.
    baseUrl: new URL("..", location.href).href.replace(/\/$/, ""),
    interceptors: [authorize],
  });
  return {
    admin: createClient(AdminService, transport),
    access: createClient(AccessService, transport),
    attempts: createClient(AttemptService, transport),
    hooks: createClient(HookService, transport),
    management: createClient(ManagementService, transport),
    policies: createClient(PolicyService, transport),
    users: createClient(UserService, transport),
    accounts: createClient(ZitadelUserService, transport),
  };
}
