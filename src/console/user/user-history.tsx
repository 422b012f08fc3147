import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { WatchEventsResponse } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { editorOf, EventDetails, eventName } from "../parts/event-parts.tsx";
import { Time } from "../parts/format.tsx";
import type { Clients } from "../session/clients.ts";
import { usePages } from "../session/use-pages.ts";
import { texts } from "../texts/shared.ts";
import { userTexts } from "../texts/user.ts";

const pageSize = 25;
const lockTypes = [
  ...["user.locked", "user.unlocked"],
  ...["user.factor.locked", "user.factor.unlocked", "user.lockout.warned"],
];

/** What happened to a user, newest first. @param changes another value where it is to be read anew */
export function UserHistory({
  clients,
  userId,
  changes,
}: {
  readonly clients: Clients;
  readonly userId: string;
  readonly changes: unknown;
}) {
  const [isLocksOnly, setIsLocksOnly] = useState(false);
  const { items, failure, more, reload } = usePages<WatchEventsResponse>(
    useCallback(
      async (pageToken = "", signal) => {
        const { events, nextPageToken } = await clients.attempts.listUserEvents(
          {
            ...{ userId, pageSize, pageToken },
            eventTypes: isLocksOnly ? lockTypes : [],
          },
          { signal },
        );
        return { items: events, next: nextPageToken };
      },
      [clients, userId, isLocksOnly],
    ),
    positionOf,
  );
  const shown = useRef(changes);
  useEffect(() => {
    if (shown.current !== changes) {
      shown.current = changes;
      reload();
    }
  }, [changes]);
  return (
    <section class="card">
      <div class="title">
        <h2>{userTexts.history}</h2>
        <label>
          <input
            type="checkbox"
            checked={isLocksOnly}
            onChange={({ currentTarget }) => {
              setIsLocksOnly(currentTarget.checked);
            }}
          />{" "}
          {userTexts.locksOnly}
        </label>
      </div>
      <p role="alert" class="problem">
        {failure}
      </p>
      {items === undefined && failure === "" && (
        <p class="empty">{texts.loading}</p>
      )}
      {items?.length === 0 && <p class="empty">{userTexts.noEvents}</p>}
      {items !== undefined && items.length > 0 && <Timeline events={items} />}
      {more !== undefined && (
        <div class="buttons">
          <button type="button" onClick={more}>
            {userTexts.moreEvents}
          </button>
        </div>
      )}
    </section>
  );
}

function positionOf({ position }: WatchEventsResponse): string {
  return position;
}

function Timeline({
  events,
}: {
  readonly events: readonly WatchEventsResponse[];
}) {
  return (
    <table class="stacked" aria-label={userTexts.history}>
      <thead>
        <tr>
          <th scope="col">{userTexts.when}</th>
          <th scope="col">{userTexts.event}</th>
          <th scope="col">{userTexts.from}</th>
          <th scope="col">{userTexts.details}</th>
          <th scope="col">{userTexts.by}</th>
        </tr>
      </thead>
      <tbody>
        {events.map(({ position, event }) => {
          const type = event?.type?.type ?? "";
          const address = event?.payload?.["address"];
          return (
            <tr key={position}>
              <td data-label={userTexts.when}>
                <Time time={event?.creationDate} />
              </td>
              <td data-label={userTexts.event}>
                <span class={lookOf(type)}>{eventName(event)}</span>
              </td>
              <td data-label={userTexts.from}>
                <bdi>{typeof address === "string" ? address : "–"}</bdi>
              </td>
              <td data-label={userTexts.details} class="wide">
                <EventDetails event={event} without={["address"]} />
              </td>
              <td data-label={userTexts.by} class="wide">
                <bdi>{editorOf(event)}</bdi>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** What is to be seen at a glance. */
function lookOf(type: string): string {
  if (type.endsWith(".locked")) {
    return "badge bad";
  }
  if (type.endsWith(".unlocked")) {
    return "badge good";
  }
  return type.endsWith(".warned") ? "badge warn" : "";
}
