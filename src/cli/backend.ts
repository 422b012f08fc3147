import type { Transport } from "@connectrpc/connect";
import type { Limits } from "../lockout/policy.ts";
import type { Org, TokenRecord } from "../store/store.ts";

/** A policy as it holds for an organisation or the instance. */
export interface PolicyView extends Limits {
  /** Whether it is the instance's. */
  readonly isDefault: boolean;
  /** The instance's id or the organisation's. */
  readonly resourceOwner: string;
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly changeDate: number;
}

export interface EventView {
  /** Milliseconds since 1970. */
  readonly creationDate: number;
  readonly sequence: number;
  readonly type: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly resourceOwner: string;
  readonly editor: string;
  readonly payload: unknown;
}

export interface EventQuery {
  /** Oldest first; else newest first. */
  readonly ascending: boolean;
  /** 1 to 1000. */
  readonly limit: number;
  readonly types: readonly string[];
  readonly aggregateTypes: readonly string[];
  readonly aggregateId: string | undefined;
  readonly resourceOwner: string | undefined;
  readonly editor: string | undefined;
  /** Events from this time on, in milliseconds since 1970. */
  readonly since: number | undefined;
  /** Events before this time, in milliseconds since 1970. */
  readonly until: number | undefined;
}

export interface TokenRequest {
  readonly name: string;
  readonly roles: readonly string[];
  /** Undefined is the caller's own organisation: at the database the first one. */
  readonly orgId: string | undefined;
  readonly expirationDate: number | undefined;
}

/**
 * What commands work on: a database or a server. Both refuse the same things for the same reasons, by
 * LockoutError or ConnectError.
 */
export interface Backend {
  createOrg(name: string): Promise<Org>;
  listOrgs(): Promise<readonly Org[]>;

  createToken(
    request: TokenRequest,
  ): Promise<{ readonly token: TokenRecord; readonly secret: string }>;
  listTokens(): Promise<readonly TokenRecord[]>;
  revokeToken(tokenId: string): Promise<void>;

  /** The policy that holds for the organisation, or the default policy. */
  getPolicy(orgId: string | undefined): Promise<PolicyView>;
  /**
   * Changes the numbers that are given, and keeps the others as they hold at present. An organisation without a
   * policy of its own gets one.
   */
  setPolicy(
    orgId: string | undefined,
    change: Partial<Limits>,
  ): Promise<PolicyView>;
  /** Removes an organisation's policy; answers with the one that holds instead. */
  resetPolicy(orgId: string): Promise<PolicyView>;

  listEvents(query: EventQuery): Promise<readonly EventView[]>;

  /** For the services on users and attempts: their messages say all that a command needs. */
  readonly transport: Transport;

  close(): Promise<void>;
}
