import { createClient } from "@connectrpc/connect";
import type { Client, Interceptor, Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { AttemptService } from "../gen/lockout/v1/attempt_service_pb.js";
import {
  checkId,
  checkObject,
  checkOptionalFunction,
  checkOptionalMs,
} from "./arguments.ts";
import { SessionManager } from "./session-manager.ts";

/** How to reach a server, and as whom. */
export interface LockoutClientOptions {
  /** Where the server listens: `http://…` or `https://…`. */
  readonly url: string;
  /** The secret of a token with the role IAM_LOGIN_CLIENT, ORG_OWNER or IAM_OWNER. */
  readonly token: string;
  /** The organisation of the users; else the token's own. */
  readonly orgId?: string;
  /** How long one call may take, in milliseconds: 5000 unless set. */
  readonly timeoutMs?: number;
  /**
   * Makes the transport: gRPC over HTTP/2 unless set. For another protocol or TLS options, pass what it is given on:
   * `(options) => createConnectTransport({ ...options, httpVersion: "1.1" })`.
   */
  readonly transport?: (options: TransportOptions) => Transport;
}

/** What a transport of one's own must be made with: the interceptor adds the token and the organisation. */
export interface TransportOptions {
  readonly baseUrl: string;
  readonly interceptors: Interceptor[];
  readonly defaultTimeoutMs: number;
}

/** A connection to a server, made when it is first used, and again when it broke. */
export interface LockoutClient {
  /** The calls of lockout.v1.AttemptService as they are, for what `withLockout` does not do. */
  readonly attempts: Client<typeof AttemptService>;
  /**
   * Clears the user's password counter, once a new password is stored. It unlocks nobody. Rejects with a
   * ConnectError, and with a TypeError where the id is empty, blank or no string.
   */
  recordPasswordChange(userId: string): Promise<void>;
  /** Ends the connection, with the calls that run. */
  close(): void;
}

const defaultTimeoutMs = 5000;

// A connection that was idle for so long is tried before a call is sent on it, since one that died in silence would
// swallow each until the operating system gives it up, which takes minutes.
const livenessOptions = { pingIntervalMs: 2000, pingTimeoutMs: 1500 };

/** Makes a client. Throws TypeError where an option cannot be one, such as a token that is undefined. */
export function createLockoutClient(
  options: LockoutClientOptions,
): LockoutClient {
  checkObject("options", options);
  const { token, orgId, timeoutMs = defaultTimeoutMs } = options;
  const url = checkUrl(options.url);
  checkToken(token);
  // An empty one would be the token's own organisation, and its users other people.
  if (orgId !== undefined) {
    checkId("orgId", orgId);
  }
  checkOptionalMs("timeoutMs", timeoutMs);
  checkOptionalFunction("transport", options.transport);
  const transportOptions: TransportOptions = {
    baseUrl: url,
    interceptors: [identify(token, orgId)],
    defaultTimeoutMs: timeoutMs,
  };

  if (options.transport !== undefined) {
    return overTransport(options.transport(transportOptions), () => undefined);
  }
  const sessionManager = new SessionManager(url, livenessOptions);
  return overTransport(
    createGrpcTransport({ ...transportOptions, sessionManager }),
    () => {
      sessionManager.abort();
    },
  );
}

function overTransport(transport: Transport, close: () => void): LockoutClient {
  const attempts = createClient(AttemptService, transport);
  return {
    attempts,
    recordPasswordChange: async (userId) => {
      checkId("userId", userId);
      await attempts.recordPasswordChange({ userId });
    },
    close,
  };
}

function identify(token: string, orgId: string | undefined): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    if (orgId !== undefined) {
      request.header.set("x-zitadel-orgid", orgId);
    }
    return next(request);
  };
}

// What comes out of an unset variable of the environment is found here, and not at the first login.
function checkUrl(text: string): string {
  const url = typeof text === "string" ? URL.parse(text) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new TypeError(
      `url must be like http://127.0.0.1:8080, not ${JSON.stringify(text)}`,
    );
  }
  return text;
}

function checkToken(token: unknown): void {
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    throw new TypeError("token must be the secret of a token, in one line");
  }
}
