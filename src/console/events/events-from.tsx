import { addressOf } from "../session/route.ts";
import type { Session } from "../session/session.ts";
import { useEventsFrom } from "../session/use-events.ts";
import { eventsTexts as texts } from "../texts/events.ts";
import { texts as shared } from "../texts/shared.ts";
import { EventTable } from "./event-table.tsx";

const pageSize = 100;

/** The events at a position and after it, oldest first, and each as it happens: what a link that somebody was sent leads to. */
export function EventsFrom({
  session,
  position,
}: {
  readonly session: Session;
  readonly position: string;
}) {
  const isValid = /^[1-9]\d{0,14}$/.test(position);
  const { events, failure } = useEventsFrom(
    session,
    isValid ? BigInt(position) : undefined,
    pageSize,
  );
  const problem = isValid ? failure : texts.positionWrong;
  const last = events?.at(-1)?.position;
  return (
    <>
      <h1>
        {texts.fromPosition} <bdi>{position}</bdi>
      </h1>
      <p>
        <a href={addressOf("events")}>{texts.live}</a>
      </p>
      <p role="alert" class="problem">
        {problem}
      </p>
      {events === undefined && problem === "" && (
        <p class="card empty">{shared.loading}</p>
      )}
      {events !== undefined && last !== undefined && (
        <EventTable events={events} isAll={session.isAll} marked={position} />
      )}
      {events !== undefined && problem === "" && (
        <p class={last === undefined ? "card empty" : undefined}>
          {last !== undefined && events.length === pageSize ? (
            <a href={addressOf("events", String(BigInt(last) + 1n))}>
              {texts.later}
            </a>
          ) : (
            texts.laterAppear
          )}
        </p>
      )}
    </>
  );
}
