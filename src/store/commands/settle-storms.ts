import { settleStorm } from "../../lockout/storm.ts";
import { measuredEvents } from "./measured-events.ts";
import { orgAggregate } from "./tables.ts";
import type { UserTables } from "./tables.ts";

/** Of how many organisations storms are settled in one transaction: each may have tens of thousands of locks to be looked at. */
export const stormsAtOnce = 4;

/** How many noted locks of an organisation are counted in one transaction. */
export const notedAtOnce = 2000;

/** Counts the locks that were noted of these organisations, and says where storms have begun and ended by this time. */
export function settleStorms(
  { storms, policies, events, tally }: UserTables,
  orgIds: readonly string[],
  time: number,
): void {
  const log = measuredEvents(events, tally);
  for (const orgId of orgIds) {
    const { storm: known, noted, hasMore } = storms.find(orgId);
    // What was after the first that are left is not known yet.
    const seen = Math.max(noted.at(-1) ?? 0, known.settledTime);
    const until = hasMore ? Math.min(seen, time) : time;
    const { rules } = policies.policyFor(orgId);
    const settled = settleStorm(known, noted, rules, until);
    storms.settle(orgId, settled.storm, settled.dueTime);
    for (const event of settled.events) {
      log.append(orgAggregate(orgId), "SYSTEM", event, time);
    }
  }
}
