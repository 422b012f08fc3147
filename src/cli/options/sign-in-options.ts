import { InvalidArgumentError, Option } from "commander";
import { maxTokenTtlMs } from "../../auth/access-tokens.ts";
import { accessTokenTypes, defaultConfig } from "../../config.ts";
import type { AccessTokenType, SignInConfig } from "../../config.ts";
import { issuerOptions, readIssuers } from "./issuer-options.ts";
import type { IssuerFlags } from "./issuer-options.ts";
import { parseCount, parseDuration, parseServer } from "./values.ts";

/** The options as a command line was read into them. */
export interface SignInFlags extends IssuerFlags {
  readonly externalHosts?: readonly string[];
  readonly externalUrl?: string;
  readonly accessTokenType: AccessTokenType;
  readonly accessTokenTtl: number;
  readonly clientSecretLimit: number;
}

/** Shorter tokens would have ended before they are used. */
const leastTtlMs = 60_000;

const mostHosts = 100;

/** The flags of the sign-in of service accounts, as groups of their own in the help. */
export function signInOptions(): readonly Option[] {
  const accounts = [
    new Option(
      "--external-hosts <hosts>",
      "hosts, with their ports, by which clients call the server, separated by commas: the issuer of tokens is made of the one that a request names, else of the first",
    )
      .env("LOCKOUTD_EXTERNAL_HOSTS")
      .default(undefined, "where it listens, localhost and 127.0.0.1")
      .argParser(parseHosts),
    new Option(
      "--external-url <url>",
      "the issuer of tokens as a whole, such as https://lockout.example.com behind a proxy that speaks TLS",
    )
      .env("LOCKOUTD_EXTERNAL_URL")
      .argParser(parseServer),
    new Option(
      "--access-token-type <type>",
      "opaque: nobody else can read an access token; jwt: whoever has read /oauth/v2/keys can verify it",
    )
      .env("LOCKOUTD_ACCESS_TOKEN_TYPE")
      .choices(accessTokenTypes)
      .default(defaultConfig.accessTokenType),
    new Option(
      "--access-token-ttl <span>",
      "how long access tokens are good; some clients use one for an hour whatever the response says",
    )
      .env("LOCKOUTD_ACCESS_TOKEN_TTL")
      .default(defaultConfig.accessTokenTtlMs, "12h")
      .argParser(parseTokenTtl),
    new Option(
      "--client-secret-limit <number>",
      "wrong secrets of an account in a row from one network, before no more are compared for a while; 0: never",
    )
      .env("LOCKOUTD_CLIENT_SECRET_LIMIT")
      .default(defaultConfig.clientSecretLimit)
      .argParser((text) => parseCount(text, 0)),
  ].map((option) => option.helpGroup("Sign-in of service accounts:"));
  return [...accounts, ...issuerOptions()];
}

/** What these options say. @throws UsageError */
export function readSignIn({
  externalHosts,
  externalUrl,
  accessTokenType,
  accessTokenTtl,
  clientSecretLimit,
  ...issuers
}: SignInFlags): SignInConfig {
  return {
    ...{ externalHosts, externalUrl, accessTokenType },
    ...{ accessTokenTtlMs: accessTokenTtl, clientSecretLimit },
    ...readIssuers(issuers),
  };
}

function parseHosts(text: string): readonly string[] {
  const hosts = text.split(",").map((host) => host.trim());
  const isRight = (host: string) =>
    /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/.test(host);
  if (!hosts.every(isRight) || hosts.length > mostHosts) {
    throw new InvalidArgumentError(
      "Write hosts with their ports, separated by commas, such as lockout.example.com,localhost:8080.",
    );
  }
  return hosts;
}

function parseTokenTtl(text: string): number {
  const ms = parseDuration(text);
  if (ms < leastTtlMs || ms > maxTokenTtlMs) {
    throw new InvalidArgumentError(
      `Write a time span of 1m to ${maxTokenTtlMs / 86_400_000}d, such as 12h.`,
    );
  }
  return ms;
}
