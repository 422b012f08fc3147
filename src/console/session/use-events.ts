import { useEffect, useState } from "preact/hooks";
import type { WatchEventsResponse } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { Event } from "../../../gen/zitadel/event_pb.js";
import { describeFailure } from "./failure.ts";
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
    let count = 0;
    return followShown(session, types, userId, (fresh) => {
      count += fresh.length;
      setCome(count);
      setKept((before) => [...fresh.reverse(), ...before].slice(0, most));
    });
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

/** The events at a position and after it. */
export interface EventsFrom {
  /** The oldest first, and so many at most as were asked for; undefined until the server brings them. */
  readonly events: readonly WatchEventsResponse[] | undefined;
  /** Why it brings none, for people; empty where it does. */
  readonly failure: string;
}

/** All types that the caller may see. */
const allTypes: readonly string[] = [];

/**
 * Follows the events of the organisation that is chosen, or of all, from a position on: those that have happened, and each that comes, until
 * there are enough. No response says that there are no more: there may be one at any time.
 *
 * @param position undefined where there is nothing to follow
 * @param most so many are enough
 */
export function useEventsFrom(
  session: Session,
  position: bigint | undefined,
  most: number,
): EventsFrom {
  const [events, setEvents] = useState<readonly WatchEventsResponse[]>();
  const [failure, setFailure] = useState("");
  const isWanted = position !== undefined && (events?.length ?? 0) < most;
  useEffect(() => {
    if (!isWanted) {
      return;
    }
    const unfollow = followShown(
      ...([session, allTypes, ""] as const),
      (fresh) => {
        setEvents((before = []) => [...before, ...fresh].slice(0, most));
      },
      {
        position,
        onRefused: (error) => {
          setFailure(describeFailure(error));
        },
      },
    );
    const unlisten = session.live.listen((event) => {
      if (event === undefined) {
        setEvents((before = []) => before);
      }
    });
    return () => {
      unfollow();
      unlisten();
    };
  }, [session, position, most, isWanted]);
  return { events, failure };
}

/** Follows events of the organisation that is chosen, or of all, and shows what has come many at once. @returns what ends it */
function followShown(
  session: Session,
  types: readonly string[],
  userId: string,
  show: (fresh: WatchEventsResponse[]) => void,
  start?: Parameters<Session["live"]["follow"]>[2],
): () => void {
  let fresh: WatchEventsResponse[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const showFresh = () => {
    timer = undefined;
    const come = fresh;
    fresh = [];
    show(come);
  };
  const unfollow = session.live.follow(
    types,
    (entry) => {
      const { event } = entry;
      const isWanted = userId === "" || event?.aggregate?.id === userId;
      if (isWanted && isInScope(event, session)) {
        fresh.push(entry);
        timer ??= setTimeout(showFresh, showMs);
      }
    },
    start,
  );
  return () => {
    unfollow();
    clearTimeout(timer);
  };
}
