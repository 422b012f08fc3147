import type { WatchEventsResponse } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { EventSubject, eventName } from "../parts/event-parts.tsx";
import { Time } from "../parts/format.tsx";
import { addressOf } from "../session/route.ts";
import { overviewTexts as texts } from "../texts/overview.ts";

/** So many are shown. */
const most = 10;

/** Who was locked and unlocked last. */
export function LatestEvents({
  entries,
}: {
  /** The newest first. */
  readonly entries: readonly WatchEventsResponse[];
}) {
  return (
    <section class="card" aria-labelledby="latest">
      <h2 id="latest">{texts.latest}</h2>
      {entries.length === 0 && <p class="empty">{texts.latestNone}</p>}
      <ol class="latest">
        {entries.slice(0, most).map(({ position, event }) => (
          <li key={position}>
            <Time time={event?.creationDate} />
            <span>{eventName(event)}</span>
            <EventSubject event={event} />
          </li>
        ))}
      </ol>
      <p>
        <a href={addressOf("events")}>{texts.allEvents}</a>
      </p>
    </section>
  );
}
