import type { ServerConfig } from "../../config.ts";
import { describeFailure } from "./failure.ts";

/** What an operator can do about what Node says when a server cannot listen. */
const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE:
    "another program listens there: stop it, or choose another port by --listen",
  EACCES: "this user may not: choose a port from 1024 on by --listen",
  EADDRNOTAVAIL:
    "this machine does not have the address: choose another one by --listen",
  ENOTFOUND: "the host name is unknown: choose another one by --listen",
  EAI_AGAIN:
    "the host name cannot be looked up: choose another one by --listen",
  EINVAL: "this is no address to listen on: choose another one by --listen",
};

const lookups = ["getaddrinfo", "listen", "bind"];

/** One line that says why a server did not start, and what to do. */
export function describeStartFailure(
  error: unknown,
  {
    listen,
    metricsListen,
    tls,
  }: Pick<ServerConfig, "listen" | "metricsListen" | "tls">,
): string {
  const {
    code = "",
    syscall = "",
    path,
  }: Partial<NodeJS.ErrnoException> = error instanceof Error ? error : {};
  const remedy = remedies[code];
  if (remedy !== undefined && lookups.includes(syscall)) {
    const isMetrics = isOf(error as AddressError, metricsListen, listen);
    const { host, port } = isMetrics ? metricsListen : listen;
    const option = isMetrics ? "--metrics-listen" : "--listen";
    return `cannot listen on ${host}:${port}: ${remedy.replace("--listen", option)} (${code})`;
  }
  if (tls !== undefined && (path === tls.cert || path === tls.key)) {
    return `cannot read the PEM file ${path} (${code}): check the path and who may read it`;
  }
  if (tls !== undefined && code.startsWith("ERR_OSSL")) {
    return (
      `cannot use the certificate ${tls.cert} with the key ${tls.key}: ` +
      `both must be PEM files that belong together (${describeFailure(error)})`
    );
  }
  return describeFailure(error);
}

/** What Node says of the address where it cannot listen: the port, or of a name that cannot be looked up the name alone. */
interface AddressError {
  readonly port?: number;
  readonly hostname?: string;
}

/** Whether an error is of the second address, and not of the first. */
function isOf(
  { port, hostname }: AddressError,
  address: ServerConfig["metricsListen"],
  first: ServerConfig["listen"],
): address is ServerConfig["listen"] {
  if (address === undefined) {
    return false;
  }
  return port === undefined
    ? hostname === address.host && hostname !== first.host
    : port === address.port && port !== first.port;
}
