import type { ServerConfig } from "../../config.ts";
import type { CreatedInstance } from "../../first-start.ts";
import type { Limits } from "../../lockout/policy/limits.ts";
import type { RunningServer } from "../../server.ts";

/**
 * What `serve` prints once it listens, and, after the first start, the administrator's token.
 *
 * The token goes to standard output as plain text and never through the logger, which writes to standard error:
 * so a collector of logs has no field with a secret in it, and a terminal shows it all the same. Where a
 * collector keeps both streams, as containers do, there is no place on the way out that it would not see; the
 * way around it is LOCKOUTD_ADMIN_TOKEN, with which nothing is printed.
 *
 * @param lockoutd what somebody types to run a command
 */
export function welcome(
  {
    url,
    hasConsole,
    created,
  }: Pick<RunningServer, "url" | "hasConsole" | "created">,
  { database, defaultPolicy }: Pick<ServerConfig, "database" | "defaultPolicy">,
  lockoutd: string,
): string {
  const listening = `lockoutd listens on ${url}, with ${withoutPassword(database)}\n`;
  if (created === undefined) {
    return listening;
  }
  const console = hasConsole
    ? `The console, a page for the help desk: ${url}/ui/console\n`
    : "";
  const first = `${listening}${console}\n${firstStart(created)}${locksNobody(defaultPolicy, lockoutd)}`;
  const { adminToken } = created;
  if (adminToken === undefined) {
    return first;
  }
  return `${first}
To try the API:

    curl -X PUT ${url}/admin/v1/policies/password/lockout \\
      -H 'Authorization: Bearer ${adminToken}' \\
      -H 'Content-Type: application/json' \\
      -d '{"maxPasswordAttempts":5,"maxOtpAttempts":3}'

Where this output is kept, keep it secret, or make another token and revoke this one: ${lockoutd} token --help
`;
}

/** Without limits nothing is ever locked, which is not what one expects of a new lockout server. */
function locksNobody(
  { maxPasswordAttempts = 0, maxOtpAttempts = 0 }: Partial<Limits>,
  lockoutd: string,
): string {
  return maxPasswordAttempts > 0 || maxOtpAttempts > 0
    ? ""
    : `
The default policy locks nobody: its limits are 0, which means none. To set limits:

    ${lockoutd} policy set --max-password-attempts 5 --max-otp-attempts 3
`;
}

/** The URL of a database as it may be kept where this output is. */
export function withoutPassword(database: string): string {
  const url = URL.parse(database);
  if (url === null || url.password === "") {
    return database;
  }
  url.password = "";
  return url.href;
}

/** What a first start created that does not listen, to be shown after the reason. */
export function failedFirstStart(created: CreatedInstance): string {
  return `
The server does not run, but its database is made.
${firstStart(created)}
It is good as soon as a start succeeds.
`;
}

/** What the first start created, with the administrator's token. */
function firstStart({ orgId, adminToken, tokenFile }: CreatedInstance): string {
  const first = `This is the first start: it has created the default policy and the organisation ${orgId}.\n`;
  if (adminToken === undefined) {
    return `${first}The administrator's token is the one in ${tokenFile ?? "LOCKOUTD_ADMIN_TOKEN"}.\n`;
  }
  return `${first}The administrator's token is shown this once, and only its hash is stored:

    ${adminToken}
`;
}
