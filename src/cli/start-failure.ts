import type { ServerConfig } from "../config.ts";
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
  { listen, tls }: Pick<ServerConfig, "listen" | "tls">,
): string {
  const {
    code = "",
    syscall = "",
    path,
  }: Partial<NodeJS.ErrnoException> = error instanceof Error ? error : {};
  const remedy = remedies[code];
  if (remedy !== undefined && lookups.includes(syscall)) {
    return `cannot listen on ${listen.host}:${listen.port}: ${remedy} (${code})`;
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
