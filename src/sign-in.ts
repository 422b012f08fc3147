import type { Logger } from "pino";
import { createAccessTokens } from "./auth/access-tokens.ts";
import { createAuthenticate } from "./auth/authenticate.ts";
import type { Authenticate } from "./auth/authenticate.ts";
import type { ServerConfig } from "./config.ts";
import { createOAuth } from "./oauth/endpoints.ts";
import type { OAuth } from "./oauth/endpoints.ts";
import { createIssuer } from "./oauth/issuer.ts";
import type { Issuer } from "./oauth/issuer.ts";
import { createScopeNotice } from "./oauth/scope-notice.ts";
import type { Vault } from "./sealing/vault.ts";
import type { Store } from "./store/store.ts";

/** What is needed to know who calls, and to have service accounts sign in. */
export interface SignInOptions {
  readonly config: Pick<
    ServerConfig,
    "externalHosts" | "externalUrl" | "accessTokenTtlMs" | "clientSecretLimit"
  >;
  readonly store: Store;
  readonly vault: Vault;
  readonly log: Logger;
  readonly onError: (error: unknown) => void;
  readonly isTls: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly stopwatch: () => number;
}

/** The parts of a server that are about who calls. */
export interface SignIn {
  readonly authenticate: Authenticate;
  readonly issuer: Issuer;
  readonly oauth: OAuth;
}

/** Clients of Node and Rust keep a token for almost as long, whatever the response says. */
const usualTtlMs = 3_600_000;

/** Makes the parts of a server that are about who calls. */
export function createSignIn({
  config,
  store,
  vault,
  log,
  onError,
  isTls,
  stopwatch,
}: SignInOptions): SignIn {
  const accessTokens = createAccessTokens(vault.deriveKey, store.now);
  const authenticate = createAuthenticate(
    store,
    accessTokens,
    createScopeNotice(store.now, (accountId) => {
      log.info(
        { accountId },
        "an access token without the scope of ZITADEL's API calls: ZITADEL would refuse it",
      );
    }),
  );
  const issuer = createIssuer({
    scheme: isTls ? "https" : "http",
    hosts: config.externalHosts,
    url: config.externalUrl,
    onForeignHost: (host) => {
      log.warn(
        { host },
        "a request names a host that this server does not know: clients that compare the issuer refuse it. Name the host by --external-hosts, or the whole URL by --external-url",
      );
    },
  });
  const { accessTokenTtlMs, clientSecretLimit } = config;
  if (accessTokenTtlMs < usualTtlMs) {
    log.warn(
      { accessTokenTtlMs },
      "access tokens end within an hour, but some clients use them for an hour whatever the response says",
    );
  }
  const oauth = createOAuth({
    ...{ store, accessTokens, authenticate, issuer, accessTokenTtlMs },
    ...{ clientSecretLimit, stopwatch, onError },
  });
  return { authenticate, issuer, oauth };
}
