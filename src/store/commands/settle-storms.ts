import { settleStorm } from "../../lockout/attempt/storm.ts";
import { measuredEvents } from "./measured-events.ts";
import { orgAggregate } from "./tables.ts";
import type { UserTables } from "./tables.ts";

/** Of how many organisations storms are settled before it is asked again who is due. */
export const stormsAtOnce = 16;

/** How many noted locks of an organisation are counted in one transaction, beside the ten thousands that may be known: some milliseconds. */
export const notedAtOnce = 1000;

/**
 * Counts the locks that were noted of an organisation, and says whether storms have begun and ended by this time. Of one organisation in a
 * transaction: it may take milliseconds.
 */
export function settleStormsOf(
  {
    orgs,
    storms,
    policies,
    events,
    tally,
  }: Pick<UserTables, "orgs" | "storms" | "policies" | "events" | "tally">,
  orgId: string,
  time: number,
): void {
  const { storm: known, noted, hasMore } = storms.find(orgId);
  if (orgs.isRemoved(orgId)) {
    storms.settle(orgId, undefined, 0);
    return;
  }
  // What was after the first that are left is not known yet.
  const seen = Math.max(noted.at(-1) ?? 0, known.settledTime);
  const until = hasMore ? Math.min(seen, time) : time;
  const { rules } = policies.policyFor(orgId);
  const settled = settleStorm(known, noted, rules, until);
  storms.settle(orgId, settled.storm, settled.dueTime);
  const log = measuredEvents(events, tally);
  for (const event of settled.events) {
    log.append(orgAggregate(orgId), "SYSTEM", event, time);
  }
}
