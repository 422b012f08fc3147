import { Code, ConnectError } from "@connectrpc/connect";
import { useEffect, useState } from "preact/hooks";
import type { WatchEventsResponse } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { describeFailure } from "../session/failure.ts";
import { addressOf } from "../session/route.ts";
import type { Session } from "../session/session.ts";
import { eventsTexts as texts } from "../texts/events.ts";
import { texts as shared } from "../texts/shared.ts";
import { EventTable } from "./event-table.tsx";
import { isInScope } from "../session/use-events.ts";

const pageSize = 100;

/** The server does not say that there are no more: so long they are waited for, in milliseconds. */
const longestMs = 1500;

/** The events at a position and after it, oldest first: what a link that somebody was sent leads to. */
export function EventsFrom({
  session,
  position,
}: {
  readonly session: Session;
  readonly position: string;
}) {
  const isValid = /^[1-9]\d{0,14}$/.test(position);
  const [events, setEvents] = useState<readonly WatchEventsResponse[]>();
  const [failure, setFailure] = useState(isValid ? "" : texts.positionWrong);
  useEffect(() => {
    if (!isValid) {
      return;
    }
    const ending = new AbortController();
    readFrom(session, position, ending.signal)
      .then(setEvents)
      .catch((error: unknown) => {
        if (!ending.signal.aborted) {
          setFailure(describeFailure(error));
        }
      });
    return () => {
      ending.abort();
    };
  }, []);
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
        {failure}
      </p>
      {events === undefined && failure === "" && (
        <p class="card empty">{shared.loading}</p>
      )}
      {events?.length === 0 && <p class="card empty">{texts.noneLater}</p>}
      {events !== undefined && last !== undefined && (
        <>
          <EventTable events={events} isAll={session.isAll} marked={position} />
          <p>
            {events.length < pageSize ? (
              texts.noneLater
            ) : (
              <a href={addressOf("events", String(BigInt(last) + 1n))}>
                {texts.later}
              </a>
            )}
          </p>
        </>
      )}
    </>
  );
}

async function readFrom(
  session: Session,
  position: string,
  signal: AbortSignal,
): Promise<readonly WatchEventsResponse[]> {
  const events: WatchEventsResponse[] = [];
  const done = new AbortController();
  try {
    const stream = session.clients.attempts.watchEvents(
      { after: String(BigInt(position) - 1n) },
      {
        signal: AbortSignal.any([signal, done.signal]),
        timeoutMs: longestMs,
      },
    );
    for await (const entry of stream) {
      if (isInScope(entry.event, session)) {
        events.push(entry);
      }
      if (events.length === pageSize) {
        break;
      }
    }
  } catch (error) {
    if (ConnectError.from(error).code !== Code.DeadlineExceeded) {
      throw error;
    }
  } finally {
    done.abort();
  }
  return events;
}
