import type { Aggregate } from "../commands/tables.ts";
import type { HookOwner, HookStore } from "../hooks.ts";
import type { NewId } from "../ids.ts";
import { createHookStore } from "../shared/hook-store.ts";
import type { HookSteps } from "../shared/hooks.ts";
import { begin, commit } from "./database.ts";
import type { Connection, PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";
import { requirePresentOrg } from "./present-orgs.ts";
import { lockOwner } from "./recorder.ts";
import type { Recorder } from "./recorder.ts";

const lockHead: Statement = {
  name: "lock_log_head",
  text: "SELECT position FROM log_head FOR UPDATE",
};

/** What {@link createHooks} works with. */
export interface HooksOptions {
  readonly database: PostgresDatabase;
  readonly recorder: Recorder;
  readonly newId: NewId;
  readonly readTime: () => Promise<number>;
  /** The aggregate of an owner's events. @throws Error where there is no instance yet */
  readonly aggregateOf: (owner: HookOwner) => Promise<Aggregate>;
}

/** The hooks. Each change is a transaction of its own. */
export function createHooks({
  database,
  recorder,
  newId,
  readTime,
  aggregateOf,
}: HooksOptions): HookStore {
  return createHookStore({
    ...{ newId, time: readTime, isAlone: false },
    read: async ([statement, ...values]) => {
      const { rows } = await database.query(statement, ...values);
      return rows;
    },
    write: (make) =>
      database.use(async (connection) => {
        await connection.send([begin]);
        const result = await drive(connection, make());
        await connection.send([commit]);
        return result;
      }),
    record: async (owner, editor, make) => {
      const aggregate = await aggregateOf(owner);
      const time = await readTime();
      return recorder.record(editor, time, async ({ send, append }) => {
        if (owner !== undefined) {
          await requirePresentOrg({ send }, owner);
        }
        const [, head] = await send(
          [lockOwner, aggregate.type, aggregate.id],
          [lockHead],
        );
        const position = Number(head?.rows[0]?.["position"]);
        const { result, events } = await drive(
          { send },
          make({ time, position }),
        );
        for (const event of events) {
          append(aggregate, event);
        }
        return result;
      });
    },
  });
}

async function drive<Result>(
  { send }: Connection,
  steps: HookSteps<Result>,
): Promise<Result> {
  let step = steps.next();
  while (step.done !== true) {
    const results = await send(...step.value);
    step = steps.next(results.map(({ rows }) => rows));
  }
  return step.value;
}
