import type { JsonObject } from "@bufbuild/protobuf";
import {
  Factor,
  LockReason,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { Event } from "../../../gen/zitadel/event_pb.js";
import { addressOf } from "../session/route.ts";
import { detailTexts } from "../texts/details.ts";
import { eventTexts } from "../texts/event-types.ts";
import { factorTexts, reasonTexts } from "../texts/shared.ts";

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

/** What an event says beside its type, in words. */
export function EventDetails({
  event,
  without = [],
}: {
  readonly event: Event | undefined;
  /** Fields that are shown elsewhere. */
  readonly without?: readonly string[];
}) {
  const leftOut = ["attemptId", ...without];
  const fields = Object.entries(event?.payload ?? {}).filter(
    ([name]) => !leftOut.includes(name),
  );
  if (fields.length === 0) {
    return <>–</>;
  }
  return (
    <span>
      {fields.map(([name, value]) => (
        <span key={name} class="field">
          <span class="help">{detailTexts[name] ?? wordsOf(name)}</span>{" "}
          <bdi>{inWords(value)}</bdi>
        </span>
      ))}
    </span>
  );
}

/** `failedAttempts` as words. */
function wordsOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function inWords(value: JsonObject[string]): string {
  if (typeof value === "number") {
    return value.toLocaleString();
  }
  if (Array.isArray(value)) {
    return value.map(inWords).join(", ");
  }
  if (typeof value !== "string") {
    return JSON.stringify(value);
  }
  return (
    words.get(value) ??
    value.replace(/^USER_STATE_([A-Z]+)$/, (_, name: string) =>
      name.toLowerCase(),
    )
  );
}

/** The names of enums, as the log has them, in words. */
const words = new Map<string, string>([
  ...Object.entries(factorTexts).map(
    ([number, text]) =>
      [`FACTOR_${Factor[Number(number)] ?? ""}`, text] as const,
  ),
  ...Object.entries(reasonTexts).map(
    ([number, text]) =>
      [`LOCK_REASON_${LockReason[Number(number)] ?? ""}`, text] as const,
  ),
]);
