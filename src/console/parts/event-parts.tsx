import type { Event } from "../../../gen/zitadel/event_pb.js";
import { addressOf } from "../session/route.ts";
import { eventTexts } from "../texts/shared.ts";

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

/** What the event is about: a user's name leads to the user. */
export function EventSubject({ event }: { readonly event: Event | undefined }) {
  const { id = "", type, resourceOwner = "" } = event?.aggregate ?? {};
  return type?.type === "user" ? (
    <a href={addressOf("users", resourceOwner, id)}>
      <bdi>{id}</bdi>
    </a>
  ) : (
    <>
      {type?.type} <bdi>{id}</bdi>
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
    <>
      {fields.map(([name, value]) => (
        <span key={name} class="field">
          {name}:{" "}
          <bdi>{typeof value === "string" ? value : JSON.stringify(value)}</bdi>
        </span>
      ))}
    </>
  );
}
