import type { Logger } from "pino";
import type { About } from "./api/orgs/org-lookups.ts";
import { createOpaqueAccessTokens } from "./auth/access-tokens.ts";
import { createAuthenticate } from "./auth/authenticate.ts";
import type { Authenticate } from "./auth/authenticate.ts";
import { createJwtAccessTokens } from "./auth/jwt-access-tokens.ts";
import { createJwtBearers } from "./auth/jwt-bearers.ts";
import { createSigningKeys } from "./auth/signing-keys.ts";
import { createSystemUsers } from "./auth/system-users.ts";
import type { SignInConfig } from "./config.ts";
import { createOAuth } from "./oauth/endpoints.ts";
import type { OAuth } from "./oauth/endpoints.ts";
import { createIssuer } from "./oauth/issuer.ts";
import type { Issuer } from "./oauth/issuer.ts";
import { createScopeNotice } from "./oauth/scope-notice.ts";
import { createOutsideIssuer } from "./oidc/outside-issuer.ts";
import { createResolver } from "./outbound/resolver.ts";
import type { Resolve } from "./outbound/resolver.ts";
import { repeat } from "./pacing/repeat.ts";
import type { Vault } from "./sealing/vault.ts";
import type { Store } from "./store/store.ts";
import { readVersion } from "./telemetry/version.ts";

/** What is needed to know who calls, and to have service accounts sign in. */
export interface SignInOptions {
  readonly config: SignInConfig;
  readonly store: Store;
  readonly vault: Vault;
  readonly log: Logger;
  readonly onError: (error: unknown) => void;
  readonly isTls: boolean;
  /** Takes the place of the name servers. */
  readonly resolve: Resolve | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly stopwatch: () => number;
}

/** The parts of a server that are about who calls. */
export interface SignIn {
  readonly authenticate: Authenticate;
  readonly issuer: Issuer;
  readonly handlers: OAuth["handlers"];
  readonly about: About;
  /** Writes what is left to be written. */
  readonly stop: () => Promise<void>;
}

/** The host of the issuer that a request gets which names none: that of the installation, without its port. */
function hostOf(issuer: Issuer): string {
  return new URL(issuer.of(undefined)).hostname;
}

/** Clients of Node and Rust keep a token for almost as long, whatever the response says. */
const usualTtlMs = 3_600_000;

/** How often it is looked whether the next signing key is due, in milliseconds: it is made a day ahead. */
const keysMs = 3_600_000;

/** Makes the parts of a server that are about who calls, and the key by which access tokens are signed. @throws StoreUnavailableError */
export async function createSignIn({
  config,
  store,
  vault,
  log,
  onError,
  isTls,
  stopwatch,
  resolve,
}: SignInOptions): Promise<SignIn> {
  const { accessTokenType, accessTokenTtlMs, clientSecretLimit } = config;
  const signingKeys = createSigningKeys(store, vault, store.now);
  const opaque = createOpaqueAccessTokens(vault.deriveKey, store.now);
  const jwt = createJwtAccessTokens(signingKeys);
  const accessTokens = {
    issue: accessTokenType === "jwt" ? jwt.sign : opaque.seal,
    open: (text: string) => opaque.open(text) ?? jwt.open(text),
  };
  let first: string | undefined;
  const readFirstOrg = async () => {
    const instance = await store.findInstance();
    return (first = instance?.firstOrgId ?? "");
  };
  const firstOrgId = () => first ?? readFirstOrg();
  const outside =
    config.oidc &&
    createOutsideIssuer({
      ...{ config: config.oidc, now: store.now, stopwatch, firstOrgId },
      orgExists: (orgId) => store.orgExists(orgId),
      resolve: resolve ?? createResolver(config.oidc),
      userAgent: `lockoutd/${readVersion()}`,
      onFailure: (reason) => {
        log.warn(
          { issuer: config.oidc?.issuer, reason },
          "the keys of the issuer outside cannot be read: its tokens are refused once those before are older than five minutes",
        );
      },
    });
  const systemUsers = createSystemUsers({
    ...{ users: config.systemUsers, now: store.now, firstOrgId },
    isOwnIssuer: (audience) => issuer.isOwn(audience),
  });
  const authenticate = createAuthenticate(
    store,
    accessTokens,
    createScopeNotice(store.now, (accountId) => {
      log.info(
        { accountId },
        "an access token without the scope of ZITADEL's API calls: ZITADEL would refuse it",
      );
    }),
    createJwtBearers([
      ...(outside === undefined ? [] : [outside.verify]),
      ...(config.systemUsers.length === 0 ? [] : [systemUsers]),
    ]),
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
  if (accessTokenTtlMs < usualTtlMs) {
    log.warn(
      { accessTokenTtlMs },
      "access tokens end within an hour, but some clients use them for an hour whatever the response says",
    );
  }
  if (accessTokenType === "jwt") {
    await signingKeys.prepare();
  }
  const preparing =
    accessTokenType === "jwt"
      ? repeat(keysMs, () => signingKeys.prepare(), onError)
      : undefined;
  void outside?.prepare();
  const oauth = createOAuth({
    ...{ store, accessTokens, signingKeys, authenticate, issuer },
    ...{ accessTokenTtlMs, clientSecretLimit, stopwatch, onError },
  });
  return {
    ...{ authenticate, issuer, handlers: oauth.handlers },
    about: { version: readVersion(), domain: () => hostOf(issuer) },
    stop: async () => {
      preparing?.stop();
      outside?.stop();
      await oauth.stop();
    },
  };
}
