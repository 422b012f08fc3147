import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useCallback } from "preact/hooks";
import type { Event } from "../../../gen/zitadel/event_pb.js";
import type { Session } from "../session/session.ts";
import { usePages } from "../session/use-pages.ts";
import { eventsTexts as texts } from "../texts/events.ts";
import { texts as shared } from "../texts/shared.ts";
import { EventTable } from "./event-table.tsx";
import { typesOf } from "./filter.ts";
import type { Filter } from "./filter.ts";

const pageSize = 100;

/** The events of a span of time, newest first, a page at a time. Another filter is another instance. */
export function PastEvents({
  session,
  filter,
}: {
  readonly session: Session;
  readonly filter: Filter;
}) {
  const {
    items: events,
    failure,
    more,
  } = usePages<Event, Event>(
    useCallback(
      async (last, signal) => {
        const items = await readPast(session, filter, last, signal);
        return {
          items,
          next: items.length === pageSize ? items.at(-1) : undefined,
        };
      },
      [session, filter],
    ),
  );
  return (
    <>
      <p class="help">{texts.past}</p>
      <p role="alert" class="problem">
        {failure}
      </p>
      {events === undefined && failure === "" && (
        <p class="card empty">{shared.loading}</p>
      )}
      {events?.length === 0 && <p class="card empty">{texts.noneInSpan}</p>}
      {events !== undefined && events.length > 0 && (
        <EventTable
          events={events.map((event) => ({ event }))}
          isAll={session.isAll}
        />
      )}
      {more !== undefined && (
        <div class="buttons">
          <button type="button" onClick={more}>
            {texts.earlier}
          </button>
        </div>
      )}
    </>
  );
}

/** The events before one, or the last ones of the span. */
async function readPast(
  { clients, isAll, orgId }: Session,
  filter: Filter,
  last: Event | undefined,
  signal: AbortSignal,
): Promise<readonly Event[]> {
  const { fromMs, toMs, userId } = filter;
  const until =
    last?.creationDate ??
    (toMs === undefined ? undefined : timestampFromMs(toMs));
  const { events } = await clients.admin.listEvents(
    {
      limit: pageSize,
      eventTypes: [...typesOf(filter)],
      aggregateId: userId,
      ...(userId !== "" && { aggregateTypes: ["user"] }),
      ...(!isAll && { resourceOwner: orgId }),
      creationDateFilter: {
        case: "range",
        value: {
          ...(fromMs !== undefined && { since: timestampFromMs(fromMs) }),
          ...(until !== undefined && { until }),
        },
      },
    },
    { signal },
  );
  return events;
}
