import type { Awaitable } from "../awaitable.ts";
import { andThen } from "../awaitable.ts";
import { readDeliveryPage, readHookPage } from "../commands/hook-pages.ts";
import { keptDeliveries } from "../hooks.ts";
import type { HookOwner, HookRecord, HookStore } from "../hooks.ts";
import { mayBeId } from "../ids.ts";
import type { NewId } from "../ids.ts";
import { sliceStart, toSlice } from "./access-lists.ts";
import {
  hookStatements as sql,
  ownerColumn,
  toDelivery,
  toHook,
  toRetry,
} from "./hook-rows.ts";
import type { AnyRow } from "./hook-rows.ts";
import {
  addDelivery,
  changeHook,
  createHook,
  disableHook,
  recordSending,
  removeHook,
} from "./hooks.ts";
import type { HookCall, HookSteps, HookTime, Recorded } from "./hooks.ts";

/** How an engine runs what is asked of hooks. */
export interface HookEngine {
  readonly newId: NewId;
  /**
   * Whether this process alone may send: whoever held the lease before has ended.
   */
  readonly isAlone: boolean;
  /** The time by the store's clock. */
  time(): Awaitable<number>;
  /** Runs one statement that reads. */
  read(call: HookCall): Awaitable<readonly AnyRow[]>;
  /** Runs a command in a transaction; perhaps more than once. */
  write<Result>(make: () => HookSteps<Result>): Promise<Result>;
  /** In the same way, one that has events of an owner and an editor. No other event comes between its time and these. */
  record<Result>(
    owner: HookOwner,
    editor: string,
    make: (at: HookTime) => HookSteps<Recorded<Result>>,
  ): Promise<Result>;
}

/** How long who is alone has the lease, in milliseconds: there is nobody to take it over, and each renewal is a write. */
const aloneMs = 3_600_000;

/** So many old deliveries are removed at once: some milliseconds. */
const pruneSize = 200;

/** Greater than every id. */
const lastId = "\u{7f}";

function toLease(row: AnyRow): { readonly position: number | undefined } {
  return { position: (row["position"] as number | null) ?? undefined };
}

/** The part of a store that is about hooks. */
export function createHookStore(engine: HookEngine): HookStore {
  const { newId } = engine;
  const findHook = (hookId: string): Awaitable<HookRecord | undefined> =>
    mayBeId(hookId)
      ? andThen(engine.read([sql.find, hookId]), ([row]) => row && toHook(row))
      : undefined;
  const keptSince = async () => (await engine.time()) - keptDeliveries.ageMs;
  const { isAlone } = engine;
  let isFirstLease = isAlone;
  /** What need not be written again. */
  let held = { holder: "", until: 0 };
  return {
    createHook: (hook, editor) =>
      engine.record(hook.owner, editor, (at) => createHook(hook, newId, at)),
    findHook,
    listHooks: (owner, page) =>
      readHookPage(page, async (after, limit) => {
        const { afterDate, afterId } = sliceStart(after, limit);
        const rows = await engine.read([
          sql.list,
          ...[ownerColumn(owner), afterDate, afterId, limit],
        ]);
        return toSlice(rows.map(toHook), limit);
      }),
    changeHook: async (owner, hookId, editor, decide) =>
      engine.record(owner, editor, (at) =>
        changeHook(owner, hookId, decide, at),
      ),
    disableHook: async (hookId, since, reason) => {
      const hook = await findHook(hookId);
      return (
        hook !== undefined &&
        engine.record(hook.owner, "SYSTEM", (at) =>
          disableHook(hookId, since, reason, at),
        )
      );
    },
    removeHook: (owner, hookId, editor) =>
      engine.record(owner, editor, () => removeHook(owner, hookId)),
    listHookDeliveries: async (hookId, page) => {
      const since = await keptSince();
      return readDeliveryPage(page, async (after, limit) => {
        const rows = await engine.read([
          sql.listDeliveries,
          ...[hookId, after?.id ?? lastId, since, limit],
        ]);
        return toSlice(rows.map(toDelivery), limit);
      });
    },
    findHookDelivery: async (hookId, deliveryId) => {
      const since = await keptSince();
      const [row] = await engine.read([
        sql.findDelivery,
        ...[hookId, deliveryId, since],
      ]);
      return row && toDelivery(row);
    },
    addHookDelivery: async (hookId, delivery) => {
      const id = await engine.write(() => addDelivery(hookId, delivery, newId));
      return id === undefined ? undefined : { ...delivery, id };
    },

    leaseSending: async (holder, forMs) => {
      const time = await engine.time();
      if (isAlone && held.holder === holder && held.until > time + forMs) {
        const [row] = await engine.read([sql.findLease, holder]);
        return row && toLease(row);
      }
      const until = time + (isAlone ? Math.max(forMs, aloneMs) : forMs);
      const endedBy = isFirstLease ? Number.MAX_SAFE_INTEGER : time;
      const rows = await engine.write(function* (): HookSteps<
        readonly AnyRow[]
      > {
        const [leased = []] = yield [[sql.lease, holder, endedBy, until]];
        return leased;
      });
      isFirstLease = false;
      const [row] = rows;
      held = { holder: row === undefined ? "" : holder, until };
      return row && toLease(row);
    },
    releaseSending: (holder) =>
      engine.write(function* () {
        yield [[sql.release, holder]];
      }),
    listSendingHooks: async (afterId, limit) =>
      (await engine.read([sql.listSending, afterId, limit])).map((row) => ({
        ...toHook(row),
        hasRetries: row["has_retries"] === 1,
      })),
    listHookRetries: async (hookId) =>
      (await engine.read([sql.listRetries, hookId])).map(toRetry),
    recordSending: (holder, position, hooks) =>
      engine.write(() => recordSending(holder, position, hooks, newId)),
    pruneHookDeliveries: async () => {
      const before = await keptSince();
      return engine.write(function* (): HookSteps<boolean> {
        const [removed = []] = yield [[sql.pruneDeliveries, before, pruneSize]];
        return removed.length === pruneSize;
      });
    },
  };
}
