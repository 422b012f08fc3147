import type { Stage } from "../../cases/situation.ts";

/** What tests in other languages need to know of the server, as environment variables. */
export function stageEnvironment({
  server,
  orgId,
  userId,
}: Stage): Record<string, string> {
  return {
    LOCKOUTD_ADDRESS: `${server.host}:${server.port}`,
    LOCKOUTD_ADMIN_TOKEN: server.adminToken,
    LOCKOUTD_INSTANCE_ID: server.instanceId,
    LOCKOUTD_ORG_ID: orgId,
    LOCKOUTD_USER_ID: userId,
  };
}
