import { StoreUnavailableError } from "../store.ts";
import { notify } from "./append-watch.ts";
import { commit, rollback } from "./database.ts";
import type { Connection } from "./database.ts";
import { countUsers, toUserCounts } from "./user-counts.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Writes what the commands of a batch have changed and commits, all in one round trip.
 *
 * @param notifies whether other nodes are told by NOTIFY
 * @throws StoreUnavailableError where it is not known whether the transaction was committed
 */
export async function writeAndCommit(
  { send }: Connection,
  workspace: Workspace,
  notifies: boolean,
): Promise<void> {
  const { subjects, events, nameEvents } = workspace;
  const rows = [
    ...subjects.writes((subject) => workspace.sequenceOf(subject)),
    ...workspace.counters.writes(),
    ...workspace.attempts.writes(),
    ...workspace.aliases.writes(),
    ...workspace.reports.writes(),
    ...workspace.sources.writes(),
    ...workspace.storms.writes(),
    ...workspace.policies.writes(),
  ];
  const counted = countUsers(subjects.entries.values());
  const nameLog = nameEvents.writes();
  const log = events.writes();
  const before = [...rows, ...counted, ...nameLog];
  const statements = [...before, ...log, ...workspace.policies.dates()];
  if (statements.length === 0) {
    await send([rollback]);
    return;
  }
  // Also of names, whose attempts nobody waits for: the time that it takes must not tell who exists.
  const isRecorded = log.length + nameLog.length > 0;
  const results = await send(
    ...statements,
    ...(isRecorded && notifies ? [[notify] as const] : []),
    [commit],
  );
  if (results.at(-1)?.command !== "COMMIT") {
    throw new StoreUnavailableError("the transaction was not committed");
  }
  if (counted.length > 0) {
    workspace.userCounts = toUserCounts(results[rows.length]?.rows ?? []);
  }
  if (log.length > 0) {
    events.place(results[before.length]?.rows ?? []);
  }
}
