import { useEffect, useState } from "preact/hooks";
import type { WatchEventsResponse } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { EventDetails, editorOf, eventName } from "../parts/event-parts.tsx";
import { Time } from "../parts/format.tsx";
import { describeFailure } from "../session/failure.ts";
import type { Clients } from "../session/clients.ts";
import { texts } from "../texts/shared.ts";

const pageSize = 25;

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
  const [events, setEvents] = useState<readonly WatchEventsResponse[]>([]);
  const [next, setNext] = useState("");
  const [failure, setFailure] = useState("");
  const load = async (pageToken: string, isWanted = () => true) => {
    try {
      const page = await clients.attempts.listUserEvents({
        ...{ userId, pageSize, pageToken },
      });
      if (isWanted()) {
        setEvents((before) =>
          pageToken === "" ? page.events : [...before, ...page.events],
        );
        setNext(page.nextPageToken);
      }
    } catch (error) {
      setFailure(describeFailure(error));
    }
  };
  useEffect(() => {
    let isCurrent = true;
    void load("", () => isCurrent);
    return () => {
      isCurrent = false;
    };
  }, [changes]);
  return (
    <>
      <h2>{texts.history}</h2>
      <p role="alert" class="problem">
        {failure}
      </p>
      <table aria-label={texts.history}>
        <thead>
          <tr>
            <th scope="col">{texts.time}</th>
            <th scope="col">{texts.event}</th>
            <th scope="col">{texts.by}</th>
            <th scope="col">{texts.details}</th>
          </tr>
        </thead>
        <tbody>
          {events.map(({ position, event }) => {
            return (
              <tr key={position}>
                <td data-label={texts.time}>
                  <Time time={event?.creationDate} />
                </td>
                <td data-label={texts.event}>{eventName(event)}</td>
                <td data-label={texts.by}>
                  <bdi>{editorOf(event)}</bdi>
                </td>
                <td data-label={texts.details}>
                  <EventDetails event={event} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {next !== "" && (
        <button
          type="button"
          onClick={() => {
            void load(next);
          }}
        >
          {texts.moreEvents}
        </button>
      )}
    </>
  );
}
