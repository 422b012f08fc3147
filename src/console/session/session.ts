import type { Caller } from "../../../gen/lockout/v1/access_service_pb.js";
import { createClients } from "./clients.ts";
import type { Clients, Lifetime } from "./clients.ts";
import { createLive } from "./live.ts";
import type { Live } from "./live.ts";

/** Both end with the tab; a reload keeps them. */
const keys = { token: "lockoutd.token", org: "lockoutd.organization" } as const;

/** Stands for all organisations, where one is chosen. */
export const allOrganizations = "*";

/** Somebody who is signed in, and the organisation that is chosen. */
export interface Session {
  readonly token: string;
  /** Who it is, and what he may do in that organisation. */
  readonly caller: Caller;
  /** The organisation of the calls, and its name: the caller's own, where all are chosen. */
  readonly orgId: string;
  readonly orgName: string;
  /** Whether all organisations are chosen: calls that can show all do. */
  readonly isAll: boolean;
  readonly clients: Clients;
  readonly live: Live;
  readonly lifetime: Lifetime;
}

/** The token of this tab, if it has one. */
export function savedToken(): string | undefined {
  return sessionStorage.getItem(keys.token) ?? undefined;
}

/** Forgets the token. */
export function signOut(): void {
  sessionStorage.removeItem(keys.token);
  sessionStorage.removeItem(keys.org);
}

/** Signs in anew with what this tab had. @throws ConnectError where the token has ended */
export function resume(token: string, lifetime: Lifetime): Promise<Session> {
  return signIn(token, lifetime, sessionStorage.getItem(keys.org) ?? "");
}

/**
 * Asks who shows this token, and keeps it for this tab.
 *
 * @param chosen an organisation, or {@link allOrganizations}; empty for the caller's own
 * @param signal aborted where something else is chosen meanwhile: then nothing is kept
 * @throws ConnectError where it is none
 * @throws the reason of the signal, or of the lifetime's, where that is over meanwhile
 */
export async function signIn(
  token: string,
  lifetime: Lifetime,
  chosen = "",
  signal?: AbortSignal,
): Promise<Session> {
  const isAll = chosen === allOrganizations;
  const clients = createClients(token, isAll ? "" : chosen, lifetime);
  // Of its own: where the lifetime's ended a call, that would hide why the server refuses the token.
  const options = signal === undefined ? {} : { signal };
  const [caller, other] = await Promise.all([
    clients.access.getCaller({}, options),
    isAll || chosen === ""
      ? undefined
      : clients.management.getMyOrg({}, options),
  ]);
  signal?.throwIfAborted();
  lifetime.signal.throwIfAborted();
  sessionStorage.setItem(keys.token, token);
  sessionStorage.setItem(keys.org, chosen);
  return {
    ...{ token, caller, isAll, clients, lifetime },
    orgId: other?.org?.id ?? caller.organizationId,
    orgName: other?.org?.name ?? caller.organizationName,
    live: createLive(clients, lifetime),
  };
}

/** Whether the caller may do this in the organisation that is chosen. */
export function may({ caller }: Session, permission: string): boolean {
  return caller.permissions.includes(permission);
}

/** Clients for something of an organisation that is perhaps not the chosen one. */
export function clientsIn(session: Session, orgId: string): Clients {
  return orgId === session.orgId || orgId === ""
    ? session.clients
    : createClients(session.token, orgId, session.lifetime);
}
