import type { MessageInitShape } from "@bufbuild/protobuf";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import { PolicyService } from "../../gen/lockout/v1/policy_service_pb.js";
import type { RulesSchema } from "../../gen/lockout/v1/policy_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { openDoor } from "../support/protocol-variants.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import { setStage } from "./stage.ts";

/** A new organisation whose users have so many attempts by each factor, and calls of its owner on one of its users, by a protocol. */
export async function enterOrg(
  server: TestServer,
  doorName: string,
  maxAttempts: number,
) {
  const door = openDoor(server.url, doorName);
  const { orgOwner, userId } = await setStage(server);
  const headers = { token: orgOwner };
  messageOf(
    await door.call(
      ManagementService.method.addCustomLockoutPolicy,
      { maxPasswordAttempts: maxAttempts, maxOtpAttempts: maxAttempts },
      headers,
    ),
  );
  return {
    door,
    headers,
    userId,
    subject: { case: "userId", value: userId } as const,
    setRules: async (rules: MessageInitShape<typeof RulesSchema>) =>
      messageOf(
        await door.call(PolicyService.method.setRules, { rules }, headers),
      ),
    /** The user's lockout. */
    show: async () =>
      messageOf(
        await door.call(AttemptService.method.getLockout, { userId }, headers),
      ),
    /** The user's events of these types, as an administrator sees them. */
    events: async (...eventTypes: string[]) =>
      messageOf(
        await door.call(
          AdminService.method.listEvents,
          { aggregateId: userId, eventTypes },
          { token: server.adminToken },
        ),
      ),
  };
}
