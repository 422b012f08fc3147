import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { ResourceOwnerType } from "../../../gen/zitadel/settings/v2/settings_pb.js";
import type {
  GetLockoutSettingsRequest,
  GetLockoutSettingsResponseSchema,
  SettingsService,
} from "../../../gen/zitadel/settings/v2/settings_service_pb.js";
import type {
  GetLockoutSettingsRequest as GetLockoutSettingsRequestBeta,
  SettingsService as SettingsServiceBeta,
} from "../../../gen/zitadel/settings/v2beta/settings_service_pb.js";
import { getCaller } from "../../auth/caller.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { PolicyStore } from "../../store/policies.ts";
import { readDetails } from "../messages/details.ts";
import type { EffectivePolicy } from "../policies/policies.ts";
import {
  findEffectivePolicy,
  requireDefaultPolicy,
} from "../policies/policies.ts";

/** zitadel.settings.v2.SettingsService and its v2beta, which have the same numbers. */
export function createSettingsService(
  store: PolicyStore,
): ServiceImpl<typeof SettingsService> &
  ServiceImpl<typeof SettingsServiceBeta> {
  return {
    async getLockoutSettings(
      request: GetLockoutSettingsRequest | GetLockoutSettingsRequestBeta,
      context,
    ) {
      const asked = request.ctx?.resourceOwner;
      if (asked?.case === "instance") {
        if (!asked.value) {
          throw new LockoutError("contextInstanceFalse");
        }
        const policy = await requireDefaultPolicy(store);
        return settings({ policy, isDefault: true });
      }
      // An empty id is no id, as in the header; an unknown one has no policy of its own.
      const orgId =
        asked?.case === "orgId" && asked.value !== ""
          ? asked.value
          : getCaller(context.values).orgId;
      return settings(await findEffectivePolicy(store, orgId));
    },
  };
}

function settings({
  policy,
  isDefault,
}: EffectivePolicy): MessageInitShape<typeof GetLockoutSettingsResponseSchema> {
  return {
    details: readDetails(policy),
    settings: {
      maxPasswordAttempts: BigInt(policy.maxPasswordAttempts),
      maxOtpAttempts: BigInt(policy.maxOtpAttempts),
      resourceOwnerType: isDefault
        ? ResourceOwnerType.INSTANCE
        : ResourceOwnerType.ORG,
    },
  };
}
