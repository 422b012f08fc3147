import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  DeliveryOutcome,
  DisableReason,
  HookState,
} from "../../../gen/lockout/v1/hook_service_pb.js";
import type {
  DeliverySchema,
  Hook,
  HookSchema,
} from "../../../gen/lockout/v1/hook_service_pb.js";
import { urlFault } from "../../outbound/url.ts";
import type { ReceiverRules } from "../../outbound/url.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { ErrorName } from "../../lockout/errors/errors.ts";
import { isEventType, isHookPreset } from "../../lockout/hook.ts";
import type {
  DisableReason as ReasonName,
  HookSettings,
} from "../../lockout/hook.ts";
import type {
  DeliveryOutcome as OutcomeName,
  DeliveryRecord,
  HookRecord,
} from "../../store/hooks.ts";

const reasons = {
  gone: DisableReason.GONE,
  failed: DisableReason.FAILED,
  administrator: DisableReason.ADMINISTRATOR,
} as const satisfies Record<ReasonName, DisableReason>;

const outcomes = {
  delivered: DeliveryOutcome.DELIVERED,
  refused: DeliveryOutcome.REFUSED,
  unreachable: DeliveryOutcome.UNREACHABLE,
  given_up: DeliveryOutcome.GIVEN_UP,
} as const satisfies Record<OutcomeName, DeliveryOutcome>;

/** A hook as a message has it, without its secrets. @param now milliseconds since 1970 */
export function hookMessage(
  hook: HookRecord,
  now: number,
): MessageInitShape<typeof HookSchema> {
  const { disableReason, oldSecret } = hook;
  return {
    ...{ hookId: hook.id, url: hook.url },
    ...{ eventTypes: [...hook.eventTypes], presets: [...hook.presets] },
    organizationId: hook.owner ?? "",
    state: disableReason === undefined ? HookState.ENABLED : HookState.DISABLED,
    ...(disableReason !== undefined && {
      disableReason: reasons[disableReason],
    }),
    createTime: timestampFromMs(hook.creationDate),
    updateTime: timestampFromMs(hook.changeDate),
    ...(oldSecret !== undefined &&
      oldSecret.expirationDate > now && {
        oldSecretExpireTime: timestampFromMs(oldSecret.expirationDate),
      }),
  };
}

/** A delivery as a message has it. */
export function deliveryMessage(
  delivery: DeliveryRecord,
): MessageInitShape<typeof DeliverySchema> {
  const { nextTime } = delivery;
  return {
    ...{ deliveryId: delivery.id, eventId: delivery.eventId },
    ...{ attempt: delivery.attempt, time: timestampFromMs(delivery.time) },
    ...{ status: delivery.status, error: delivery.error },
    response: delivery.response,
    ...(nextTime !== undefined && {
      nextAttemptTime: timestampFromMs(nextTime),
    }),
    outcome: outcomes[delivery.outcome],
  };
}

/** The URL that a request gives to a hook. @throws LockoutError `hookUrlInvalid` */
export function readHookUrl(url: string, rules: ReceiverRules): string {
  const fault = urlFault(url, rules);
  if (fault !== undefined) {
    refuse("hookUrlInvalid", "url", fault);
  }
  return url;
}

/** The events that a request gives to a hook. @throws LockoutError `hookTypesInvalid` */
export function readHookEvents({
  eventTypes,
  presets,
}: Pick<Hook, "eventTypes" | "presets">): Pick<
  HookSettings,
  "eventTypes" | "presets"
> {
  const unknownType = eventTypes.find((type) => !isEventType(type));
  if (unknownType !== undefined) {
    refuse(
      "hookTypesInvalid",
      "event_types",
      `there is no type of events "${unknownType}"`,
    );
  }
  const unknownPreset = presets.find((preset) => !isHookPreset(preset));
  if (unknownPreset !== undefined) {
    refuse(
      "hookTypesInvalid",
      "presets",
      `there is no preset "${unknownPreset}", but lock and security`,
    );
  }
  return {
    eventTypes: [...new Set(eventTypes)],
    presets: [...new Set(presets.filter(isHookPreset))],
  };
}

/** Whether a request enables the hook; undefined where it leaves that. @throws LockoutError `hookStateInvalid` */
export function readHookState(state: HookState): boolean | undefined {
  switch (state) {
    case HookState.UNSPECIFIED:
      return undefined;
    case HookState.ENABLED:
      return true;
    case HookState.DISABLED:
      return false;
    default:
      return refuse(
        ...(["hookStateInvalid", "state"] as const),
        `there is no state ${String(state)}, but ENABLED (1) and DISABLED (2)`,
      );
  }
}

function refuse(name: ErrorName, field: string, description: string): never {
  throw new LockoutError(name, {
    about: description,
    violations: [{ field, description }],
  });
}
