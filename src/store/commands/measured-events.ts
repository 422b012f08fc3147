import type { NewEvent } from "../../lockout/events/event.ts";
import type { LockReason } from "../../lockout/user/lock.ts";
import type { LockScope, Tally } from "../meter.ts";
import type { EventTable } from "./tables.ts";

/** The reasons as payloads have them. */
const reasons: Readonly<Record<string, LockReason>> = {
  LOCK_REASON_PASSWORD_ATTEMPTS: "password_attempts",
  LOCK_REASON_OTP_ATTEMPTS: "otp_attempts",
  LOCK_REASON_CEILING: "ceiling",
  LOCK_REASON_ADMINISTRATOR: "administrator",
};

/** What an event is to the metrics. Events of other types are nothing to them. */
const kinds: Readonly<
  Record<
    string,
    { readonly what: "lock" | "unlock" | "storm"; readonly scope: LockScope }
  >
> = {
  "user.locked": { what: "lock", scope: "user" },
  "user.unlocked": { what: "unlock", scope: "user" },
  "user.factor.locked": { what: "lock", scope: "factor" },
  "user.factor.unlocked": { what: "unlock", scope: "factor" },
  "org.lockout.storm.began": { what: "storm", scope: "user" },
};

/** A log of events that counts locks and unlocks: of users alone, since those of unknown login names are in another log. */
export function measuredEvents(events: EventTable, tally: Tally): EventTable {
  return {
    append: (aggregate, editor, event, time) => {
      noteEvent(tally, aggregate.resourceOwner, event);
      return events.append(aggregate, editor, event, time);
    },
  };
}

function noteEvent(tally: Tally, orgId: string, { type, payload }: NewEvent) {
  const kind = kinds[type];
  if (kind === undefined) {
    return;
  }
  const { meter } = tally;
  switch (kind.what) {
    case "lock": {
      const reason = reasons[String(payload?.["reason"])] ?? "administrator";
      tally.note(meter.locked(orgId, reason, kind.scope));
      break;
    }
    case "unlock": {
      const expired = payload?.["expired"] === true;
      tally.note(
        meter.unlocked(
          orgId,
          expired ? "expired" : "administrator",
          kind.scope,
        ),
      );
      break;
    }
    case "storm":
      tally.note(meter.storm(orgId));
      break;
  }
}
