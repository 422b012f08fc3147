import { setTimeout as delay } from "node:timers/promises";
import type { NewEvent } from "../../lockout/events/event.ts";
import { createTurns } from "../../pacing/turns.ts";
import type { StoreMeter, WaitingCall } from "../meter.ts";
import { StoreUnavailableError } from "../store.ts";
import { recordedEvent } from "../commands/tables.ts";
import type { Aggregate } from "../commands/tables.ts";
import type { RecordedEvent } from "../events.ts";
import { dateOf } from "../shared/dates.ts";
import { notify } from "./append-watch.ts";
import { begin, commit, rollback } from "./database.ts";
import type { Connection, PostgresDatabase } from "./database.ts";
import { isConflict, unavailable } from "./errors.ts";
import type { PendingEvent } from "./events.ts";
import type { Statement } from "./pipeline.ts";
import { haltChanges, keepOrgs } from "./present-orgs.ts";
import { datePolicies } from "./policies.ts";

/** A rare change, in a transaction of its own. */
export interface Change {
  readonly send: Connection["send"];
  /** Adds an event, which is written at the end of the change: its sequence, position and date are known then. A change without events is rolled back. */
  readonly append: (aggregate: Aggregate, event: NewEvent) => RecordedEvent;
}

/** What a {@link Recorder} works with. */
export interface RecorderOptions {
  readonly database: PostgresDatabase;
  /** Whether other nodes are told by NOTIFY. */
  readonly notifies: boolean;
  readonly meter: StoreMeter;
  /** Called when events were committed. */
  readonly onAppended: () => void;
}

/** Makes changes that are rare, each with its events in a transaction of its own: one after the other. */
export interface Recorder {
  /**
   * Makes a change and writes its events, of this editor and time. Retries it after a conflict with other transactions.
   *
   * @throws what the change throws, what the database says of a wrong statement, and StoreUnavailableError
   */
  record<T>(
    editor: string,
    time: number,
    change: (change: Change) => Promise<T>,
  ): Promise<T>;
  /** As `record`, while nobody else changes anything: others wait for it, so it has to be short. */
  recordAlone: Recorder["record"];
}

const maxTries = 8;

/** The last sequence of an aggregate, in SQL. */
const lastSequence = (type: string, id: string, owner: string) =>
  `(SELECT max(sequence) FROM events WHERE aggregate_id = ${id} AND aggregate_type = ${type} AND resource_owner = ${owner})`;

// As commands on users do: their rows first, then the head of the log.
const lockUser: Statement = {
  name: "lock_user",
  text: "SELECT key FROM subjects WHERE org_id = $1 AND user_id = $2 FOR UPDATE",
};
/** Locks what is of the instance or of an organisation, as commands on policies do: before the head of the log, else both wait for each other. */
export const lockOwner: Statement = {
  name: "lock_owner",
  text: `INSERT INTO policy_owners (owner_kind, resource_owner, sequence) VALUES ($1, $2, 0)
    ON CONFLICT (owner_kind, resource_owner) DO UPDATE SET sequence = policy_owners.sequence`,
};
const takePositions: Statement = {
  name: "take_positions",
  text: `UPDATE log_head SET position = position + $1::bigint,
    date_micros = greatest(date_micros, $2::bigint - 1) + $1::bigint`,
};
// With the head of the log locked, this sees all events.
const appendNext: Statement = {
  name: "append_next",
  text: `INSERT INTO events (position, aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_date, creation_micros, payload)
    SELECT head.position - $1::bigint, $2, $3, $4,
      coalesce(${lastSequence("$2", "$3", "$4")}, 0) + 1,
      $5, $6, (head.date_micros - $1::bigint) / 1000, head.date_micros - $1::bigint, $7
    FROM log_head AS head
    RETURNING position, sequence, creation_micros`,
};
const putOwnerSequence: Statement = {
  name: "put_owner_sequence",
  text: `INSERT INTO policy_owners (owner_kind, resource_owner, sequence) SELECT $1, $2, ${lastSequence("$1", "$2", "$2")}
    ON CONFLICT (owner_kind, resource_owner) DO UPDATE SET sequence = excluded.sequence`,
};
// A user and a token with the same id share an aggregate.
const putUserSequence: Statement = {
  name: "put_user_sequence",
  text: `UPDATE subjects SET sequence = ${lastSequence("'user'", "$2", "$1")} WHERE org_id = $1 AND user_id = $2`,
};

/** Makes a {@link Recorder} on a database. */
export function createRecorder({
  database,
  notifies,
  meter,
  onAppended,
}: RecorderOptions): Recorder {
  const once = <T>(
    gate: readonly Statement[],
    editor: string,
    time: number,
    change: (change: Change) => Promise<T>,
  ) =>
    database.use(async ({ send }) => {
      const events: (readonly [Aggregate, PendingEvent])[] = [];
      await send([begin], ...gate.map((statement) => [statement] as const));
      const result = await change({
        send,
        append: (aggregate, event) => {
          const place = { position: 0, sequence: 0, creationMicros: 0 };
          const pending = recordedEvent(aggregate, editor, event, place);
          events.push([aggregate, pending]);
          return pending;
        },
      });
      if (events.length === 0) {
        await send([rollback]);
        return { result, isAppended: false };
      }
      const aggregates = events.map(([aggregate]) => aggregate);
      const users = aggregates.filter(({ type }) => type === "user");
      const owners = aggregates.filter(({ type }) => type !== "user");
      const userKey = ({ resourceOwner, id }: Aggregate) =>
        [resourceOwner, id] as const;
      const locks = [
        ...owners.map(({ type, id }) => [lockOwner, type, id] as const),
        ...users.map((user) => [lockUser, ...userKey(user)] as const),
      ];
      const results = await send(
        ...locks,
        [takePositions, events.length, dateOf(time)],
        ...events.map(
          ([{ type, id, resourceOwner }, event], index) =>
            [
              appendNext,
              ...[events.length - 1 - index, type, id, resourceOwner],
              ...[event.type, editor],
              event.payload === undefined
                ? null
                : JSON.stringify(event.payload),
            ] as const,
        ),
        ...owners.map(({ type, id }) => [putOwnerSequence, type, id] as const),
        [
          datePolicies,
          owners.map(({ type }) => type),
          owners.map(({ id }) => id),
          owners.map(() => null),
        ],
        ...users.map((user) => [putUserSequence, ...userKey(user)] as const),
        ...(notifies ? [[notify] as const] : []),
        [commit],
      );
      if (results.at(-1)?.command !== "COMMIT") {
        throw new StoreUnavailableError("the transaction was not committed");
      }
      const firstAppended = locks.length + 1;
      for (const [index, [, event]] of events.entries()) {
        const row = results[firstAppended + index]?.rows[0];
        event.position = Number(row?.["position"]);
        event.sequence = Number(row?.["sequence"]);
        event.creationMicros = Number(row?.["creation_micros"]);
      }
      return { result, isAppended: true };
    });

  const inTurn = createTurns(1);
  const retried = async <T>(
    call: WaitingCall | undefined,
    ...change: Parameters<typeof once<T>>
  ) => {
    for (let tries = 1; ; tries += 1) {
      const start = performance.now();
      try {
        const { result, isAppended } = await once(...change);
        if (isAppended) {
          call?.committed(start, 1);
          onAppended();
        }
        return result;
      } catch (error) {
        if (!isConflict(error) || isTaken(error)) {
          throw error;
        }
        if (tries === maxTries) {
          throw unavailable(error);
        }
        await delay(Math.random() * 2 ** tries * 5);
      }
    }
  };

  const recordBehind =
    (gate: readonly Statement[]): Recorder["record"] =>
    (...change) => {
      const call = meter.currentCall?.();
      // They wait for each other's locks anyhow, the head of the log at least. In the database each would do so with a connection, which others
      // then wait for, and no longer than locks are waited for.
      return inTurn(() => retried(call, gate, ...change));
    };
  return {
    record: recordBehind([keepOrgs]),
    recordAlone: recordBehind(haltChanges),
  };
}

/** Whether another token has the same secret, or another account the same name: a retry would fail too. */
function isTaken(error: unknown): boolean {
  return (
    error instanceof Error &&
    "constraint" in error &&
    (error.constraint === "tokens_hash_key" ||
      error.constraint === "accounts_folded_name_key")
  );
}
