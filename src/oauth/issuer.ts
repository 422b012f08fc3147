/** What the issuer is made from. */
export interface IssuerOptions {
  readonly scheme: "http" | "https";
  /** Hosts that requests may name, the first of them for all others; undefined: those where the server listens. */
  readonly hosts: readonly string[] | undefined;
  /** The whole issuer, behind a proxy that speaks TLS; undefined: it is made from the request. */
  readonly url: string | undefined;
  /** Told of a host that no request should name, once each, of so many. */
  readonly onForeignHost: (host: string) => void;
}

/** The issuer of the tokens that a request gets, byte for byte as its client will compare it. */
export interface Issuer {
  readonly of: (host: string | undefined) => string;
  /** Whether it is the issuer for some host: what a token for this server may have as its audience. */
  readonly isOwn: (audience: string) => boolean;
  /** Where the server listens: known once it does, and before its first request. */
  readonly listen: (address: {
    readonly host: string;
    readonly port: number;
  }) => void;
}

/** How many foreign hosts are told of: a stranger can name any number. */
const maxTold = 32;

const defaultPorts = { http: "80", https: "443" } as const;

/** Makes the issuer of a server. */
export function createIssuer({
  scheme,
  hosts: given,
  url,
  onForeignHost,
}: IssuerOptions): Issuer {
  const port = `:${defaultPorts[scheme]}`;
  const comparable = (host: string) => {
    const lower = host.toLowerCase();
    return lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
  };
  let hosts: readonly string[] = given ?? [];
  let known = new Set(hosts.map(comparable));
  const told = new Set<string>();
  const tell = (host: string) => {
    if (told.size < maxTold && !told.has(host)) {
      told.add(host);
      onForeignHost(host);
    }
  };
  return {
    of: (host) => {
      if (url !== undefined) {
        return url;
      }
      if (host !== undefined && known.has(comparable(host))) {
        return `${scheme}://${host}`;
      }
      if (host !== undefined) {
        tell(host);
      }
      return `${scheme}://${hosts[0] ?? "localhost"}`;
    },
    isOwn: (audience) =>
      url === undefined
        ? audience.startsWith(`${scheme}://`) &&
          known.has(comparable(audience.slice(scheme.length + 3)))
        : audience === url,
    listen: (address) => {
      if (given === undefined) {
        hosts = hostsOf(address);
        known = new Set(hosts.map(comparable));
      }
    },
  };
}

function hostsOf(address: {
  readonly host: string;
  readonly port: number;
}): readonly string[] {
  const { host, port } = address;
  const isWildcard = host === "0.0.0.0" || host === "::";
  const own = host.includes(":") ? `[${host}]` : host;
  const names = [...(isWildcard ? [] : [own]), "localhost", "127.0.0.1"];
  return [...new Set(names)].map((name) => `${name}:${port}`);
}
