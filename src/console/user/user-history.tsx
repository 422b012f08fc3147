import { useEffect, useState } from "preact/hooks";
import type { WatchEventsResponse } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { editorOf, EventDetails, eventName } from "../parts/event-parts.tsx";
import { Time } from "../parts/format.tsx";
import type { Clients } from "../session/clients.ts";
import { describeFailure } from "../session/failure.ts";
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
  const [events, setEvents] = useState<readonly WatchEventsResponse[]>([]);
  const [next, setNext] = useState<string>();
  const [failure, setFailure] = useState("");
  const read = (pageToken: string, signal?: AbortSignal) =>
    clients.attempts.listUserEvents(
      {
        ...{ userId, pageSize, pageToken },
        eventTypes: isLocksOnly ? lockTypes : [],
      },
      signal === undefined ? {} : { signal },
    );
  useEffect(() => {
    const ending = new AbortController();
    read("", ending.signal)
      .then((page) => {
        setFailure("");
        // What somebody asked for beyond the first page stays, unless there is a gap.
        const oldest = page.events.at(-1);
        if (oldest === undefined || !isIn(events, oldest)) {
          setEvents(page.events);
          setNext(page.nextPageToken);
        } else {
          setEvents([
            ...page.events,
            ...events.filter((event) => !isIn(page.events, event)),
          ]);
        }
      })
      .catch((error: unknown) => {
        if (!ending.signal.aborted) {
          setFailure(describeFailure(error));
        }
      });
    return () => {
      ending.abort();
    };
  }, [changes, isLocksOnly]);
  const readMore = async (pageToken: string) => {
    try {
      const page = await read(pageToken);
      setEvents((before) => [...before, ...page.events]);
      setNext(page.nextPageToken);
    } catch (error) {
      setFailure(describeFailure(error));
    }
  };
  return (
    <section class="card">
      <div class="title">
        <h2>{userTexts.history}</h2>
        <label>
          <input
            type="checkbox"
            checked={isLocksOnly}
            onChange={({ currentTarget }) => {
              setEvents([]);
              setNext(undefined);
              setIsLocksOnly(currentTarget.checked);
            }}
          />{" "}
          {userTexts.locksOnly}
        </label>
      </div>
      <p role="alert" class="problem">
        {failure}
      </p>
      {next !== undefined && events.length === 0 ? (
        <p class="empty">{userTexts.noEvents}</p>
      ) : (
        <Timeline events={events} />
      )}
      {next !== undefined && next !== "" && (
        <div class="buttons">
          <button type="button" onClick={() => void readMore(next)}>
            {userTexts.moreEvents}
          </button>
        </div>
      )}
    </section>
  );
}

/** Whether an event is among some. */
function isIn(
  events: readonly WatchEventsResponse[],
  { position }: WatchEventsResponse,
): boolean {
  return events.some((each) => each.position === position);
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
