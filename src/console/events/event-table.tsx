import type { WatchEventsResponse } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { EventDetails, EventSubject } from "../parts/event-parts.tsx";
import { editorOf, eventName } from "../parts/event-parts.tsx";
import { Time } from "../parts/format.tsx";
import { addressOf } from "../session/route.ts";
import { eventsTexts as texts } from "../texts/events.ts";

/** An event of a list; without a position where the list has none. */
export type ListedEvent = Pick<WatchEventsResponse, "event"> &
  Partial<Pick<WatchEventsResponse, "position">>;

/** Events in the order in which they are given. */
export function EventTable({
  events,
  isAll,
  marked,
}: {
  readonly events: readonly ListedEvent[];
  /** Whether they are of several organisations. */
  readonly isAll: boolean;
  /** The position of the one that somebody wanted to see. */
  readonly marked?: string;
}) {
  return (
    <section class="card">
      <table class="stacked events" aria-label={texts.title}>
        <thead>
          <tr>
            <th scope="col" class="time">
              {texts.time}
            </th>
            <th scope="col" class="event">
              {texts.event}
            </th>
            <th scope="col">{texts.subject}</th>
            {isAll && <th scope="col">{texts.organization}</th>}
            <th scope="col" class="by">
              {texts.by}
            </th>
            <th scope="col" class="details">
              {texts.details}
            </th>
          </tr>
        </thead>
        <tbody>
          {events.map(({ position, event }) => (
            <tr
              key={position ?? keyOf(event)}
              aria-current={
                position !== undefined && position === marked
                  ? "true"
                  : undefined
              }
            >
              <td data-label={texts.time}>
                {position === undefined ? (
                  <Time time={event?.creationDate} />
                ) : (
                  <a
                    href={addressOf("events", position)}
                    title={texts.linkTo(position)}
                  >
                    <Time time={event?.creationDate} />
                  </a>
                )}
              </td>
              <td data-label={texts.event}>{eventName(event)}</td>
              <td data-label={texts.subject}>
                <EventSubject event={event} />
              </td>
              {isAll && (
                <td data-label={texts.organization}>
                  <bdi>{event?.aggregate?.resourceOwner}</bdi>
                </td>
              )}
              <td data-label={texts.by}>
                <bdi>{editorOf(event)}</bdi>
              </td>
              <td data-label={texts.details}>
                <EventDetails event={event} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** No two events have the same date. */
function keyOf(event: WatchEventsResponse["event"]): string {
  const { seconds = 0n, nanos = 0 } = event?.creationDate ?? {};
  return `${seconds}.${nanos}`;
}
