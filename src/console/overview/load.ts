import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Interval as IntervalNumber } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { Policy } from "../../../gen/lockout/v1/policy_service_pb.js";
import type { Event } from "../../../gen/zitadel/event_pb.js";
import { may } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { toInterval } from "./figures.ts";
import type { Interval } from "./figures.ts";
import { stormEvents } from "./storms.ts";

const weekMs = 7 * 86_400_000;

/** So many of the last events of storms say where one is under way. */
const lastStorms = 200;

/** What the overview shows. */
export interface Overview {
  readonly locked: number;
  /** Of the last hour. */
  readonly minutes: readonly Interval[];
  /** Of the last 7 days. */
  readonly hours: readonly Interval[];
  /** Undefined where the caller may not see it. */
  readonly policy: Policy | undefined;
  /** The last ones; undefined where the caller may not ask for events, and knows only of those that the stream brings. */
  readonly storms: readonly Event[] | undefined;
}

/** Reads it, of the organisation that is chosen or of all. */
export async function loadOverview(
  session: Session,
  signal: AbortSignal,
): Promise<Overview> {
  const { clients, isAll, orgId } = session;
  const { admin, attempts, policies } = clients;
  const scope = { allOrganizations: isAll };
  const options = { signal };
  const readPolicy = async () => {
    if (isAll) {
      return policies.getInstancePolicy({}, options);
    }
    return may(session, "policy.read")
      ? policies.getPolicy({}, options)
      : undefined;
  };
  const readStorms = async () =>
    may(session, "events.read")
      ? admin.listEvents(
          {
            eventTypes: Object.values(stormEvents),
            limit: lastStorms,
            ...(!isAll && { resourceOwner: orgId }),
          },
          options,
        )
      : { events: undefined };
  const [locked, minutes, hours, policy, storms] = await Promise.all([
    attempts.listLockedUsers({ ...scope, pageSize: 1 }, options),
    attempts.getActivity(
      { ...scope, interval: IntervalNumber.MINUTE },
      options,
    ),
    attempts.getActivity(
      {
        ...{ ...scope, interval: IntervalNumber.HOUR },
        since: timestampFromMs(Date.now() - weekMs),
      },
      options,
    ),
    readPolicy(),
    readStorms(),
  ]);
  return {
    locked: locked.totalSize,
    minutes: minutes.intervals.map(toInterval),
    hours: hours.intervals.map(toInterval),
    policy,
    storms: storms.events,
  };
}
