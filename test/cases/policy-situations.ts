import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { SettingsService } from "../../gen/zitadel/settings/v2/settings_service_pb.js";
import { refusal } from "./situation.ts";
import type { Call, Situation, Stage } from "./situation.ts";
import { grpcDoor } from "./stage.ts";

const admin = AdminService.method;
const management = ManagementService.method;
const limits = { maxPasswordAttempts: 5, maxOtpAttempts: 3 };

const updateDefault: Call = (door, { server }) =>
  door.call(admin.updateLockoutPolicy, limits, { token: server.adminToken });
const add: Call = (door, { orgOwner }) =>
  door.call(management.addCustomLockoutPolicy, limits, { token: orgOwner });
const update: Call = (door, { orgOwner }) =>
  door.call(management.updateCustomLockoutPolicy, limits, { token: orgOwner });
const reset: Call = (door, { orgOwner }) =>
  door.call(management.resetLockoutPolicyToDefault, {}, { token: orgOwner });

const before =
  (...calls: readonly Call[]) =>
  async (stage: Stage) => {
    for (const call of calls) {
      await call(grpcDoor(stage), stage);
    }
  };

/** Section 3 of the contract: nothing is idempotent. */
export const policySituations: readonly Situation[] = [
  {
    name: "UpdateLockoutPolicy: nothing differs",
    given: before(updateDefault),
    call: updateDefault,
    refused: refusal.precondition(
      "INSTANCE-0psjF",
      "Errors.IAM.LockoutPolicy.NotChanged",
    ),
  },
  {
    name: "AddCustomLockoutPolicy: exists",
    given: before(add),
    call: add,
    refused: refusal.exists(
      "ORG-0olDf",
      "Errors.ORG.LockoutPolicy.AlreadyExists",
    ),
  },
  {
    name: "UpdateCustomLockoutPolicy: absent",
    call: update,
    refused: refusal.notFound("ORG-ADfs1", "Errors.Org.LockoutPolicy.NotFound"),
  },
  {
    name: "UpdateCustomLockoutPolicy: nothing differs",
    given: before(add),
    call: update,
    refused: refusal.precondition(
      "ORG-0JFSr",
      "Errors.Org.LockoutPolicy.NotChanged",
    ),
  },
  {
    name: "ResetLockoutPolicyToDefault: absent",
    call: reset,
    refused: refusal.notFound("ORG-D4zuz", "Errors.Org.LockoutPolicy.NotFound"),
  },
  {
    name: "ResetLockoutPolicyToDefault: removed already",
    given: before(add, reset),
    call: reset,
    refused: refusal.notFound("ORG-D4zuz", "Errors.Org.LockoutPolicy.NotFound"),
  },
  {
    name: "GetLockoutSettings: ctx.instance is false",
    call: (door, { orgOwner }) =>
      door.call(
        SettingsService.method.getLockoutSettings,
        { ctx: { resourceOwner: { case: "instance", value: false } } },
        { token: orgOwner },
      ),
    refused: refusal.invalid(
      "LOCKOUTD-ctx01",
      "ctx.instance must be true when it is set",
    ),
  },
];
