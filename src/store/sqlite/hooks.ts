import type { Database, Statement } from "better-sqlite3";
import type { HookOwner, HookStore } from "../hooks.ts";
import type { Clock, NewId } from "../ids.ts";
import { requireAggregate, requireOrg } from "../commands/tables.ts";
import type {
  Aggregate,
  EventTable,
  OrgTable,
  PolicyAggregate,
} from "../commands/tables.ts";
import type { PolicyOwner } from "../policies.ts";
import { createHookStore } from "../shared/hook-store.ts";
import type { AnyRow } from "../shared/hook-rows.ts";
import { policyOwnerOf } from "../shared/hooks.ts";
import type { HookCall, HookSteps } from "../shared/hooks.ts";

/** What {@link prepareHooks} works with. */
export interface HooksOptions {
  readonly events: EventTable;
  readonly orgs: OrgTable;
  readonly now: Clock;
  readonly newId: NewId;
  /** Whether this is the server: no other process sends. */
  readonly exclusive: boolean;
  /** Runs a command in a transaction. */
  readonly write: <Result>(command: () => Result) => Promise<Result>;
  /** Runs a query of one statement. @throws StoreUnavailableError */
  readonly readOnce: <Result>(query: () => Result) => Result;
  /** The aggregate of an owner's events; undefined where there is no instance yet. */
  readonly aggregateOf: (owner: PolicyOwner) => PolicyAggregate | undefined;
}

/** The hooks. Their statements are prepared when they are first used: most databases have none. */
export function prepareHooks(
  database: Database,
  {
    events,
    orgs,
    now,
    newId,
    exclusive,
    write,
    readOnce,
    aggregateOf,
  }: HooksOptions,
): HookStore {
  const prepared = new Map<
    string,
    Statement<[Readonly<Record<string, string | number | null>>], AnyRow>
  >();
  const rowsOf = ([{ name, text }, ...values]: HookCall): readonly AnyRow[] => {
    const statement = prepared.get(name) ?? database.prepare(text);
    prepared.set(name, statement);
    const named = Object.fromEntries(
      values.map((value, index) => [String(index + 1), value]),
    );
    if (statement.reader) {
      return statement.all(named);
    }
    statement.run(named);
    return [];
  };
  const drive = <Result>(steps: HookSteps<Result>): Result => {
    let step = steps.next();
    while (step.done !== true) {
      step = steps.next(step.value.map(rowsOf));
    }
    return step.value;
  };
  // Also where the last events were removed since: their positions are not given again.
  const lastGiven = database
    .prepare<[], number>(
      "SELECT seq FROM sqlite_sequence WHERE name = 'events'",
    )
    .pluck();
  const ownAggregate = (owner: HookOwner): Aggregate => {
    const aggregate = requireAggregate(aggregateOf(policyOwnerOf(owner)));
    return { ...aggregate, resourceOwner: aggregate.id };
  };
  return createHookStore({
    ...{ newId, time: now, isAlone: exclusive },
    read: (call) => readOnce(() => rowsOf(call)),
    write: (make) => write(() => drive(make())),
    record: (owner, editor, make) =>
      write(() => {
        if (owner !== undefined) {
          requireOrg(orgs, owner);
        }
        const time = now();
        const position = lastGiven.get() ?? 0;
        const recorded = drive(make({ time, position }));
        for (const event of recorded.events) {
          events.append(ownAggregate(owner), editor, event, time);
        }
        return recorded.result;
      }),
  });
}
