import { useState } from "preact/hooks";
import type { Session } from "../session/session.ts";
import { eventsTexts as texts } from "../texts/events.ts";
import { EventsFrom } from "./events-from.tsx";
import { noFilter } from "./filter.ts";
import { Filters } from "./filters.tsx";
import { LiveEvents } from "./live-events.tsx";
import { PastEvents } from "./past-events.tsx";

/** What happens, and what has happened. */
export function EventsPage({
  session,
  parts: [position],
}: {
  readonly session: Session;
  /** A position, or nothing for the newest. */
  readonly parts: readonly string[];
}) {
  const [filter, setFilter] = useState(noFilter);
  if (position !== undefined) {
    return <EventsFrom session={session} position={position} />;
  }
  const isPast = filter.fromMs !== undefined || filter.toMs !== undefined;
  return (
    <>
      <h1>{texts.title}</h1>
      <Filters session={session} filter={filter} onChange={setFilter} />
      {isPast ? (
        <PastEvents
          key={JSON.stringify(filter)}
          session={session}
          filter={filter}
        />
      ) : (
        <LiveEvents
          key={JSON.stringify(filter)}
          session={session}
          filter={filter}
        />
      )}
    </>
  );
}
