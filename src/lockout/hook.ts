/** Hooks: to whom events are sent, which, and the events of the hooks themselves. */
import { eventTypes } from "./events/event.ts";
import type { EventPayload, EventType, NewEvent } from "./events/event.ts";

/** The sets of events that have a name. */
export const hookPresets = ["lock", "security"] as const;

/** One of {@link hookPresets}. */
export type HookPreset = (typeof hookPresets)[number];

/** Why a hook is disabled. */
export const disableReasons = ["gone", "failed", "administrator"] as const;

/** One of {@link disableReasons}. */
export type DisableReason = (typeof disableReasons)[number];

/** What a caller says of a hook. */
export interface HookSettings {
  readonly url: string;
  /** Beside those of the presets; where both are empty, all. */
  readonly eventTypes: readonly string[];
  readonly presets: readonly HookPreset[];
}

/** What of an event decides whether it is sent. */
export interface SendableEvent {
  readonly type: EventType;
  readonly payload: EventPayload | undefined;
}

/** Which events are sent to a hook. */
export interface HookFilter {
  /** All types that some of its events have; undefined for all there are. */
  readonly types: ReadonlySet<EventType> | undefined;
  has(event: SendableEvent): boolean;
}

/** The types of the preset `lock`. Not all versions write all of them. */
const lockTypes: ReadonlySet<string> = new Set([
  ...["user.locked", "user.unlocked", "user.lockout.warned"],
  ...["user.factor.locked", "user.factor.unlocked"],
]);

/** Types of the preset `security` contain one of these. */
const securityParts = [
  ...[".lockout.storm.", ".policy.lockout.", ".hook."],
  ...["user.pat.", "user.lockout.token."],
];

/** Whose events are of the preset `security` only where a lock is by the ceiling. */
const lockedTypes: ReadonlySet<string> = new Set([
  "user.locked",
  "user.factor.locked",
]);

/** Whether a text is a type that events have. */
export function isEventType(text: string): text is EventType {
  return eventTypes.some((type) => type === text);
}

/** Whether a text names a preset. */
export function isHookPreset(text: string): text is HookPreset {
  return hookPresets.some((preset) => preset === text);
}

/** Which events these settings ask for. */
export function hookFilter({
  eventTypes: named,
  presets,
}: Pick<HookSettings, "eventTypes" | "presets">): HookFilter {
  if (named.length === 0 && presets.length === 0) {
    return { types: undefined, has: () => true };
  }
  const whole = new Set(
    eventTypes.filter(
      (type) =>
        named.includes(type) ||
        (presets.includes("lock") && lockTypes.has(type)) ||
        (presets.includes("security") &&
          securityParts.some((part) => type.includes(part))),
    ),
  );
  const byCeiling = new Set(
    presets.includes("security")
      ? eventTypes.filter((type) => lockedTypes.has(type))
      : [],
  );
  return {
    types: new Set([...whole, ...byCeiling]),
    has: ({ type, payload }) =>
      whole.has(type) ||
      (byCeiling.has(type) && payload?.["reason"] === "LOCK_REASON_CEILING"),
  };
}

/** Whose a hook is: an organisation's by its id, or the instance's. */
export type HookOwnerKind = "instance" | "org";

/** The types of events that say that a hook was changed in some way, or is gone with its organisation. */
export const hookEventTypes: readonly EventType[] = eventTypes.filter((type) =>
  /^(instance|org)\.hook\.|^org\.removed$/.test(type),
);

/** A hook was created. */
export function hookAdded(
  kind: HookOwnerKind,
  hookId: string,
  settings: HookSettings,
): NewEvent {
  return { type: `${kind}.hook.added`, payload: hookPayload(hookId, settings) };
}

/** A hook has other settings. */
export function hookChanged(
  kind: HookOwnerKind,
  hookId: string,
  settings: HookSettings,
): NewEvent {
  return {
    type: `${kind}.hook.changed`,
    payload: hookPayload(hookId, settings),
  };
}

/** A hook has another secret. @param oldExpirationDate until when the one before signs too, in milliseconds since 1970 UTC */
export function hookRotated(
  kind: HookOwnerKind,
  hookId: string,
  oldExpirationDate: number,
): NewEvent {
  const oldSecretExpiration = new Date(oldExpirationDate).toISOString();
  return {
    type: `${kind}.hook.secret.rotated`,
    payload: { hookId, oldSecretExpiration },
  };
}

/** A hook gets no more events. */
export function hookDisabled(
  kind: HookOwnerKind,
  hookId: string,
  reason: DisableReason,
): NewEvent {
  return {
    type: `${kind}.hook.disabled`,
    payload: { hookId, reason: `DISABLE_REASON_${reason.toUpperCase()}` },
  };
}

/** A hook gets events again. */
export function hookEnabled(kind: HookOwnerKind, hookId: string): NewEvent {
  return { type: `${kind}.hook.enabled`, payload: { hookId } };
}

/** A hook is no more. */
export function hookRemoved(kind: HookOwnerKind, hookId: string): NewEvent {
  return { type: `${kind}.hook.removed`, payload: { hookId } };
}

/** What the events of a hook say of its settings. */
export function hookPayload(
  hookId: string,
  { url, eventTypes: named, presets }: HookSettings,
): EventPayload {
  return {
    // Paths of webhooks are often secrets, and whoever may read events may not read hooks.
    ...{ hookId, url: new URL(url).origin },
    ...(named.length > 0 && { eventTypes: named }),
    ...(presets.length > 0 && { presets }),
  };
}
