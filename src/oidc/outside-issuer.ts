import { getJson } from "../outbound/get-json.ts";
import type { Resolve } from "../outbound/resolver.ts";
import type { VerifyJwt } from "../auth/jwt-bearers.ts";
import { createIssuerKeys } from "./issuer-keys.ts";
import type { IssuerKeysOptions } from "./issuer-keys.ts";
import { createOutsideTokens } from "./outside-tokens.ts";
import type { OutsideIssuer, OutsideTokensOptions } from "./outside-tokens.ts";

/** An issuer outside whose tokens call here. */
interface ReachedIssuer extends OutsideIssuer {
  /** Whether it may be on this machine or in a private network, and speak HTTP without TLS. */
  readonly allowPrivate: boolean;
}

/** What is needed to take its tokens. */
export interface OutsideIssuerOptions
  extends
    Pick<OutsideTokensOptions, "now" | "firstOrgId" | "orgExists">,
    Pick<IssuerKeysOptions, "stopwatch" | "onFailure"> {
  readonly config: ReachedIssuer;
  readonly resolve: Resolve;
  /** How requests to it introduce themselves. */
  readonly userAgent: string;
}

/** Takes the tokens of an issuer outside. */
export interface OutsideTokens {
  readonly verify: VerifyJwt;
  /** Reads the keys before anybody calls. Never rejects. */
  readonly prepare: () => Promise<void>;
  readonly stop: () => void;
}

/** Discovery documents have some kilobytes, and sets of keys with certificates some tens of them. */
const maxBytes = 1024 * 1024;

/** How long a document may take, in milliseconds: calls wait for it. */
const timeoutMs = 5000;

/** Makes {@link OutsideTokens}. */
export function createOutsideIssuer({
  config,
  resolve,
  userAgent,
  stopwatch,
  onFailure,
  ...options
}: OutsideIssuerOptions): OutsideTokens {
  const { allowPrivate, issuer } = config;
  const rules = {
    ...{ allowPrivate, allowHttp: allowPrivate },
    httpFlag: "--oidc-allow-private",
  };
  const keys = createIssuerKeys({
    ...{ issuer, stopwatch, onFailure },
    getJson: (url, signal) =>
      getJson(url, { rules, resolve, userAgent, maxBytes, timeoutMs }, signal),
  });
  return {
    verify: createOutsideTokens({ ...config, ...options, keys }),
    prepare: keys.prepare,
    stop: keys.stop,
  };
}
