import type { AccessTokens } from "../auth/access-tokens.ts";
import type { Authenticate } from "../auth/authenticate.ts";
import type { SigningKeys } from "../auth/signing-keys.ts";
import { createAssertions } from "./assertion.ts";
import { createClientAuthentication } from "./client-authentication.ts";
import { createDiscoveryHandlers } from "./discovery-handlers.ts";
import type { OAuthHandler } from "./handler.ts";
import { createIntrospectionHandler } from "./introspection-handler.ts";
import type { Issuer } from "./issuer.ts";
import type { OAuthParts } from "./parts.ts";
import { createRevocationHandler } from "./revocation-handler.ts";
import { createSecretGuard } from "./secret-guard.ts";
import { startSecretEvents } from "./secret-events.ts";
import { createTokenHandler } from "./token-handler.ts";

/** What the endpoints are made of. */
export interface OAuthOptions {
  readonly store: OAuthParts["store"];
  readonly accessTokens: AccessTokens;
  readonly signingKeys: SigningKeys;
  readonly authenticate: Authenticate;
  readonly issuer: Issuer;
  /** How long an access token is good, in milliseconds. */
  readonly accessTokenTtlMs: number;
  /** Wrong secrets in a row from one network, before no more are compared for a while; 0: never. */
  readonly clientSecretLimit: number;
  /** Milliseconds of a clock that never goes back. */
  readonly stopwatch: () => number;
  readonly onError: (error: unknown) => void;
}

/** The endpoints of the sign-in of service accounts. */
export interface OAuth {
  readonly handlers: readonly OAuthHandler[];
  /** Writes what is left to be written. */
  readonly stop: () => Promise<void>;
}

/** Makes the endpoints. */
export function createOAuth(options: OAuthOptions): OAuth {
  const { store, issuer, authenticate, signingKeys } = options;
  const events = startSecretEvents(store, options.onError);
  const guard = createSecretGuard(
    options.clientSecretLimit,
    options.stopwatch,
    events,
  );
  const assertions = createAssertions(store);
  const parts = {
    ...options,
    assertions,
    authenticateClient: createClientAuthentication(store, assertions, guard),
  };
  return {
    handlers: [
      createTokenHandler(parts),
      createIntrospectionHandler(parts),
      createRevocationHandler(parts),
      ...createDiscoveryHandlers(issuer, authenticate, signingKeys),
    ],
    stop: () => events.stop(),
  };
}
