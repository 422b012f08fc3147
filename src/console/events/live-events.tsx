import { useState } from "preact/hooks";
import type { Session } from "../session/session.ts";
import { useEvents } from "../session/use-events.ts";
import { eventsTexts as texts } from "../texts/events.ts";
import { EventTable } from "./event-table.tsx";
import { typesOf } from "./filter.ts";
import type { Filter } from "./filter.ts";

/** So many are shown, and kept. */
const most = 200;

/** The last events, and each as it happens; somebody who reads can have them wait. */
export function LiveEvents({
  session,
  filter,
}: {
  readonly session: Session;
  readonly filter: Filter;
}) {
  const [isPaused, setIsPaused] = useState(false);
  const { shown, waiting } = useEvents(
    ...([session, typesOf(filter), filter.userId, most, isPaused] as const),
  );
  return (
    <>
      <div class="buttons">
        <button
          type="button"
          onClick={() => {
            setIsPaused(!isPaused);
          }}
        >
          {isPaused ? texts.resume : texts.pause}
        </button>
        <span class="help" data-waiting>
          {isPaused ? texts.waiting(waiting.toLocaleString()) : texts.recent}
        </span>
      </div>
      {shown.length === 0 ? (
        <p class="card empty">{texts.none}</p>
      ) : (
        <EventTable events={shown} isAll={session.isAll} />
      )}
    </>
  );
}
