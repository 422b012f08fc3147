import { holdsPermission } from "../../auth/caller.ts";
import type { Caller } from "../../auth/caller.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { eventTypes as knownTypes } from "../../lockout/events/event.ts";
import type { RecordedEvent } from "../../store/events.ts";

/** Which events a caller asks for and may see. */
export interface EventScope {
  /** Without unknown ones; undefined for all. */
  readonly types: ReadonlySet<string> | undefined;
  /** Whose events; undefined for everybody's. */
  readonly orgId: string | undefined;
}

/** What the types of a user's events begin with. */
export const userEvents = ["user."] as const;

/** What a help desk needs to see of the log: the organisation's users, and that many of them are being locked. */
export const helpDeskEvents = [...userEvents, "org.lockout.storm."] as const;

/**
 * All events for callers with `events.read`. For others, some of the organisation of the call.
 *
 * @param asked types; none for all
 * @param seen what the types begin with that the others may see
 * @throws LockoutError `permissionDenied` where another type is asked for
 */
export function eventScope(
  caller: Caller,
  asked: readonly string[],
  seen: readonly string[],
): EventScope {
  const { orgId } = caller;
  if (holdsPermission(caller, orgId, "events.read")) {
    const types = asked.length === 0 ? undefined : typesAmong(asked);
    return { types, orgId: undefined };
  }
  const isSeen = (type: string) =>
    seen.some((prefix) => type.startsWith(prefix));
  if (!asked.every(isSeen)) {
    throw new LockoutError("permissionDenied");
  }
  const wanted = asked.length === 0 ? knownTypes.filter(isSeen) : asked;
  return { types: typesAmong(wanted), orgId };
}

/** Whether an event is one that is asked for and may be seen. */
export function isInScope(
  { type, resourceOwner }: RecordedEvent,
  { types, orgId }: EventScope,
): boolean {
  return (
    (types === undefined || types.has(type)) &&
    (orgId === undefined || orgId === resourceOwner)
  );
}

function typesAmong(asked: readonly string[]): ReadonlySet<string> {
  const names = new Set(asked);
  return new Set(knownTypes.filter((type) => names.has(type)));
}
