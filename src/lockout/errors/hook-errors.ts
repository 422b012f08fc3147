import type { ErrorEntry } from "./error-entry.ts";

/** The refusals of calls on hooks, as a part of the catalogue. */
export const hookErrors = {
  hookUnknown: {
    id: "LOCKOUTD-hok01",
    code: "NOT_FOUND",
    key: "hook not found",
    when: "A call names a hook that the organisation of the call, or the instance, does not have.",
  },
  hookUrlInvalid: {
    id: "LOCKOUTD-hok02",
    code: "INVALID_ARGUMENT",
    key: "a hook cannot have this url",
    when: "CreateHook or UpdateHook has a URL that is none, is not https (unless `--hooks-allow-http` is set), has a user name or password, or names an address that is not reachable from everywhere. The message says which.",
  },
  hookTypesInvalid: {
    id: "LOCKOUTD-hok03",
    code: "INVALID_ARGUMENT",
    key: "a hook cannot have these events",
    when: "CreateHook or UpdateHook names a type of events or a preset that does not exist. The message says which.",
  },
  hooksTooMany: {
    id: "LOCKOUTD-hok04",
    code: "RESOURCE_EXHAUSTED",
    key: "an organisation has at most 10 hooks, and the instance 100: delete one, or change it",
    when: "CreateHook or CreateInstanceHook would create one hook too many.",
  },
  deliveryUnknown: {
    id: "LOCKOUTD-hok05",
    code: "NOT_FOUND",
    key: "delivery not found",
    when: "RedeliverHookDelivery names a delivery that the hook never had, or that is not kept any more.",
  },
  deliveryEventGone: {
    id: "LOCKOUTD-hok06",
    code: "FAILED_PRECONDITION",
    key: "the event of the delivery is not in the log any more",
    when: "RedeliverHookDelivery names a delivery of an event that was removed (`--retention`).",
  },
  hookStateInvalid: {
    id: "LOCKOUTD-hok08",
    code: "INVALID_ARGUMENT",
    key: "a hook cannot have this state",
    when: "UpdateHook has the number of a state that does not exist. The message says which.",
  },
  hookCallsTooMany: {
    id: "LOCKOUTD-hok07",
    code: "RESOURCE_EXHAUSTED",
    key: "hooks are tested and events sent again at most 60 times a minute, and 4 at once: try again later",
    when: "TestHook and RedeliverHookDelivery are called too often for hooks of one organisation, or of the instance.",
  },
} as const satisfies Record<string, ErrorEntry>;
