import { useEffect, useState } from "preact/hooks";
import type { WatchEventsResponse } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { Event } from "../../../gen/zitadel/event_pb.js";
import type { Session } from "./session.ts";

/** How often what has come is shown, in milliseconds: of a storm of events, many at once. */
const showMs = 200;

/** Whether an event is of the organisation that is chosen: with events.read those of all come. */
export function isInScope(
  event: Event | undefined,
  { isAll, orgId }: Pick<Session, "isAll" | "orgId">,
): boolean {
  return isAll || event?.aggregate?.resourceOwner === orgId;
}

/** The events that a page follows. */
export interface FollowedEvents {
  /** The newest first, and so many at most as were asked for. */
  readonly shown: readonly WatchEventsResponse[];
  /** How many have come that are not shown, since the page is paused. */
  readonly waiting: number;
}

/**
 * Follows events of the organisation that is chosen, or of all: the last ones, and each that comes.
 *
 * @param types empty for all that the caller may see; another array is another choice
 * @param userId empty for all
 * @param most so many are kept
 * @param isPaused whether those that come wait
 */
export function useEvents(
  session: Session,
  types: readonly string[],
  userId: string,
  most: number,
  isPaused = false,
): FollowedEvents {
  const [kept, setKept] = useState<readonly WatchEventsResponse[]>([]);
  const [paused, setPaused] = useState<
    readonly WatchEventsResponse[] | undefined
  >();
  const [come, setCome] = useState(0);
  const [comeBefore, setComeBefore] = useState(0);
  useEffect(() => {
    setKept([]);
    let fresh: WatchEventsResponse[] = [];
    let count = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = () => {
      timer = undefined;
      const newest = fresh.reverse();
      fresh = [];
      setCome(count);
      setKept((before) => [...newest, ...before].slice(0, most));
    };
    const unfollow = session.live.follow(types, (entry) => {
      const { event } = entry;
      const isWanted = userId === "" || event?.aggregate?.id === userId;
      if (!isWanted || !isInScope(event, session)) {
        return;
      }
      count += 1;
      fresh.push(entry);
      if (fresh.length > most) {
        fresh.shift();
      }
      timer ??= setTimeout(show, showMs);
    });
    return () => {
      unfollow();
      clearTimeout(timer);
    };
  }, [session, types, userId, most]);
  useEffect(() => {
    setPaused(isPaused ? kept : undefined);
    setComeBefore(come);
    // What comes while it is paused changes nothing.
  }, [isPaused]);
  return paused === undefined
    ? { shown: kept, waiting: 0 }
    : { shown: paused, waiting: come - comeBefore };
}
