import type { Event } from "../../../gen/zitadel/event_pb.js";
import { addressOf } from "../session/route.ts";
import { eventTexts } from "../texts/event-types.ts";

/** What kind of event it is, in words where there are some. */
export function eventName(event: Event | undefined): string {
  const type = event?.type?.type ?? "";
  return eventTexts[type] ?? type;
}

/** The name of the token that did it, where it has one. */
export function editorOf(event: Event | undefined): string {
  const { displayName = "", userId = "" } = event?.editor ?? {};
  return displayName === "" ? userId : displayName;
}

/** About tokens and service accounts, which have no page of users. */
const accountEvents = /^user\.(?:pat|machine|token|lockout\.token)\./;

/** What the event is about: a user's name leads to the user. */
export function EventSubject({ event }: { readonly event: Event | undefined }) {
  const { id = "", type, resourceOwner = "" } = event?.aggregate ?? {};
  const isAccount = accountEvents.test(event?.type?.type ?? "");
  return type?.type === "user" && !isAccount ? (
    <a href={addressOf("users", resourceOwner, id)}>
      <bdi>{id}</bdi>
    </a>
  ) : (
    <>
      {!isAccount && type?.type} <bdi>{id}</bdi>
    </>
  );
}

/** What the event says besides. */
export function EventDetails({ event }: { readonly event: Event | undefined }) {
  const fields = Object.entries(event?.payload ?? {}).filter(
    ([name]) => name !== "attemptId",
  );
  return fields.length === 0 ? (
    <>–</>
  ) : (
    <span>
      {fields.map(([name, value]) => (
        <span key={name} class="field">
          {wordsOf(name)}: <bdi>{valueText(value)}</bdi>
        </span>
      ))}
    </span>
  );
}

/** `failedAttempts` as words. */
function wordsOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Names of enums as words; all else as it is. */
function valueText(value: unknown): string {
  if (typeof value !== "string") {
    return JSON.stringify(value);
  }
  const [, name] =
    /^(?:LOCK_REASON|FACTOR|USER_STATE)_([A-Z_]+)$/.exec(value) ?? [];
  return name?.toLowerCase().replaceAll("_", " ") ?? value;
}
