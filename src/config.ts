import { defaultLimits } from "./http/limits.ts";
import type { HttpLimits } from "./http/limits.ts";
import type { Limits } from "./lockout/policy/limits.ts";

export { maxTimerMs } from "./http/limits.ts";

/** Everything that a server can be told; the command line fills it from flags and environment. */
export interface ServerConfig extends SignInConfig {
  readonly listen: { readonly host: string; readonly port: number };
  /** A database URL, such as `sqlite:./lockoutd.db`. */
  readonly database: string;
  /**
   * The secret of the administrator's token. The first start makes and prints one unless this is set. Where it
   * is set, it is the administrator's token from that start on, and replaces one that was set before.
   */
  readonly adminToken: string | undefined;
  /** The master key that seals the keys of the installation, 32 characters; SQLite has one beside the database unless it is set. */
  readonly masterKey: string | undefined;
  /** Whether the installation gets new keys: what those before have sealed or signed ends. */
  readonly resetKeys: boolean;
  /** Where the first start writes the key file of a service account that may do everything; undefined: there is none. */
  readonly firstKeyFile: string | undefined;
  /** Where the first start writes the administrator's token, instead of printing it. */
  readonly firstTokenFile: string | undefined;
  /** The default policy that the first start creates, as far as it is not 0. Later starts keep the policy that is there. */
  readonly defaultPolicy: Partial<Limits>;
  /** Origins whose pages may call, or `*` for all. */
  readonly corsOrigins: readonly string[];
  /** Proxies whose word is taken of whom a request comes from: addresses and networks, such as `10.0.0.0/8`. */
  readonly trustedProxies: readonly string[];
  /** Paths of PEM files. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** How often the files of TLS are read again, in milliseconds; 0 for never but when asked. */
  readonly tlsReloadMs: number;
  /** ZITADEL's way with unknown JSON fields and query parameters, instead of refusing them. */
  readonly ignoreUnknownFields: boolean;
  /** How long an attempt may stay open before it counts as failed, in milliseconds. */
  readonly attemptTtlMs: number;
  /** How long events of attempts are kept, in milliseconds; undefined: for ever. */
  readonly retentionMs: number | undefined;
  /** Where the pages of metrics need no token; undefined: nowhere. */
  readonly metricsListen:
    { readonly host: string; readonly port: number } | undefined;
  /** Whether metrics have the id of the organisation as a label. */
  readonly metricsPerOrg: boolean;
  readonly hooks: HooksConfig;
  /** The base URL of a collector of traces, which takes OTLP over HTTP; undefined: there is none. */
  readonly otlpEndpoint: string | undefined;
  readonly logLevel: LogLevel;
  /** Whether successful requests of probes have a line in the log too. */
  readonly logProbes: boolean;
  /** How long a shutdown waits for calls that run, in milliseconds. */
  readonly shutdownGraceMs: number;
  /** Whether the page of the help desk is served. */
  readonly console: boolean;
  /** How much one caller or tenant may have; 0 is no quota. */
  readonly quotas: Quotas;
  /** What one client may ask of the server. */
  readonly limits: Omit<HttpLimits, "shutdownGraceMs">;
}

/** Who may call, beside personal tokens. */
export interface SignInConfig {
  /** Hosts that requests may name, of which the issuer of tokens is made; undefined: those where the server listens. */
  readonly externalHosts: readonly string[] | undefined;
  /** The issuer as a whole, such as `https://lockout.example.com`, where a proxy speaks TLS. */
  readonly externalUrl: string | undefined;
  /** Whether access tokens of service accounts can be read by others too. */
  readonly accessTokenType: AccessTokenType;
  /** How long access tokens of service accounts are good, in milliseconds. */
  readonly accessTokenTtlMs: number;
  /** Wrong secrets of a service account in a row from one network, before no more are compared for a while; 0: never. */
  readonly clientSecretLimit: number;
  /** An issuer outside whose tokens call here. */
  readonly oidc: OidcConfig | undefined;
  /** Those who sign their tokens themselves. */
  readonly systemUsers: readonly SystemUserConfig[];
}

/** An issuer outside. */
export interface OidcConfig {
  /** As tokens have it, byte for byte. */
  readonly issuer: string;
  /** Tokens must be for it. */
  readonly audience: string;
  /** The claim with the roles. */
  readonly rolesClaim: string;
  /** Whether it may be on this machine or in a private network, and speak HTTP without TLS. */
  readonly allowPrivate: boolean;
}

/** Somebody who signs each token himself. */
export interface SystemUserConfig {
  readonly name: string;
  /** RSA; DER, SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly roles: readonly string[];
}

/** How events are sent to hooks. */
export interface HooksConfig {
  /** Whether receivers may have URLs with http: too. */
  readonly allowHttp: boolean;
  /** Whether receivers may be on this machine or in private networks. */
  readonly allowPrivate: boolean;
  /** How long each try waits after the one before, in milliseconds; the first is for the first try. */
  readonly retrySchedule: readonly number[];
}

/** How much one caller or tenant may have. */
export interface Quotas {
  /** Users of an organisation. Default 1,000,000: far above what one has, and what a database holds with ease. */
  readonly maxUsersPerOrg: number;
  /** Streams of events that a token may have open: each of them costs memory and a little of each append. Default 100. */
  readonly maxWatchesPerToken: number;
  /** The same of all tokens together. Default 10,000: more than {@link HttpLimits.maxHeldBytes} allows, unless that is raised. */
  readonly maxWatches: number;
}

/** What access tokens of service accounts may be. */
export const accessTokenTypes = ["opaque", "jwt"] as const;

/** One of {@link accessTokenTypes}. */
export type AccessTokenType = (typeof accessTokenTypes)[number];

/** How much a server logs, most first; `silent` is nothing. */
export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

/** One of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number];

const [second, minute, hour] = [1000, 60_000, 3_600_000];

/** What a server does that was told nothing. */
export const defaultConfig: ServerConfig = {
  listen: { host: "127.0.0.1", port: 8080 },
  database: "sqlite:./lockoutd.db",
  adminToken: undefined,
  masterKey: undefined,
  resetKeys: false,
  externalHosts: undefined,
  externalUrl: undefined,
  accessTokenType: "opaque",
  accessTokenTtlMs: 12 * 3_600_000,
  clientSecretLimit: 100,
  oidc: undefined,
  systemUsers: [],
  firstKeyFile: undefined,
  firstTokenFile: undefined,
  defaultPolicy: {},
  corsOrigins: [],
  trustedProxies: [],
  tls: undefined,
  tlsReloadMs: 0,
  ignoreUnknownFields: false,
  attemptTtlMs: 60_000,
  retentionMs: undefined,
  metricsListen: undefined,
  metricsPerOrg: false,
  hooks: {
    allowHttp: false,
    allowPrivate: false,
    // Standard Webhooks' own: three days and some hours in all.
    retrySchedule: [
      ...[0, 5 * second, 5 * minute, 30 * minute, 2 * hour],
      ...[5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour],
    ],
  },
  otlpEndpoint: undefined,
  logLevel: "info",
  logProbes: false,
  console: true,
  shutdownGraceMs: defaultLimits.shutdownGraceMs,
  quotas: {
    maxUsersPerOrg: 1_000_000,
    maxWatchesPerToken: 100,
    maxWatches: 10_000,
  },
  limits: defaultLimits,
};

/** The address of a server that listens there. */
export function urlOf(
  scheme: "http" | "https",
  { host, port }: ServerConfig["listen"],
): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
