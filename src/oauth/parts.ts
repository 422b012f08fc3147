import type { AccessTokens } from "../auth/access-tokens.ts";
import type { AuthenticationStore } from "../auth/authenticate.ts";
import type { TokenStore } from "../store/access.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { Assertions } from "./assertion.ts";
import type { AuthenticateClient } from "./client-authentication.ts";
import type { Issuer } from "./issuer.ts";

/** What the handlers work with. */
export interface OAuthParts {
  readonly store: AuthenticationStore &
    AccountStore &
    Pick<TokenStore, "findToken" | "revokeToken">;
  readonly accessTokens: AccessTokens;
  readonly assertions: Assertions;
  readonly authenticateClient: AuthenticateClient;
  readonly issuer: Issuer;
  /** How long an access token is good, in milliseconds. */
  readonly accessTokenTtlMs: number;
}
