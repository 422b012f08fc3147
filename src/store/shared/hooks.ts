/**
 * Commands on hooks, once for both engines: each yields statements that are sent together and gets their rows, inside a transaction. One
 * engine runs them at once, the other across a network.
 */
import type { NewEvent } from "../../lockout/events/event.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import {
  hookAdded,
  hookChanged,
  hookDisabled,
  hookEnabled,
  hookRemoved,
  hookRotated,
} from "../../lockout/hook.ts";
import type {
  DisableReason,
  HookOwnerKind,
  HookSettings,
} from "../../lockout/hook.ts";
import { keptDeliveries, maxHooks } from "../hooks.ts";
import type {
  HookChange,
  HookOwner,
  HookProgress,
  HookRecord,
  HookStream,
  NewDelivery,
  NewHook,
} from "../hooks.ts";
import type { NewId } from "../ids.ts";
import type { PolicyOwner } from "../policies.ts";
import { hookStatements as sql, ownerColumn, toHook } from "./hook-rows.ts";
import type { AnyRow, HookStatement } from "./hook-rows.ts";

/** A statement with its values. */
export type HookCall = readonly [
  HookStatement,
  ...(readonly (string | number | null)[]),
];

/** Steps of a command: each is sent together, and its rows come back, statement by statement. */
export type HookSteps<Result> = Generator<
  readonly HookCall[],
  Result,
  readonly (readonly AnyRow[])[]
>;

/** What a command leads to: its result, and the events to be written, of the owner's aggregate and in this order. */
export interface Recorded<Result> {
  readonly result: Result;
  readonly events: readonly NewEvent[];
}

/** What commands that write events are told. */
export interface HookTime {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The last position of the log: the events of the command follow it without a gap. */
  readonly position: number;
}

const maxTries = 1000;

/** What kind of owner it is. */
export function kindOf(owner: HookOwner): HookOwnerKind {
  return owner === undefined ? "instance" : "org";
}

/** Who of the owners of policies that is: their aggregates have its events. */
export function policyOwnerOf(owner: HookOwner): PolicyOwner {
  return owner === undefined
    ? { kind: "instance" }
    : { kind: "org", orgId: owner };
}

/** {@link HookStore.createHook}. @throws LockoutError `hooksTooMany` */
export function* createHook(
  { owner, sealSecret, ...settings }: NewHook,
  newId: NewId,
  { time, position }: HookTime,
): HookSteps<Recorded<HookRecord>> {
  const kind = kindOf(owner);
  const [counted] = yield [[sql.count, ownerColumn(owner)]];
  if (Number(counted?.[0]?.["count"]) >= maxHooks[kind]) {
    throw new LockoutError("hooksTooMany");
  }
  const { url, eventTypes, presets } = settings;
  const since = position + 1;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const id = newId();
    const sealedSecret = sealSecret(id);
    const [inserted] = yield [
      [
        sql.insert,
        ...[id, ownerColumn(owner), url, JSON.stringify(eventTypes)],
        ...[JSON.stringify(presets), sealedSecret, time, since],
      ],
    ];
    if (inserted?.length === 1) {
      const result = {
        ...{ id, owner, url, eventTypes, presets, sealedSecret },
        ...{ oldSecret: undefined, disableReason: undefined },
        ...{ creationDate: time, changeDate: time },
        ...{ since, position: since, lastSuccess: undefined },
      };
      return { result, events: [hookAdded(kind, id, settings)] };
    }
  }
  throw new Error(`none of ${maxTries} new ids was free`);
}

/** {@link HookStore.changeHook} */
export function* changeHook(
  owner: HookOwner,
  hookId: string,
  decide: (hook: HookRecord) => HookChange,
  at: HookTime,
): HookSteps<Recorded<HookRecord | undefined>> {
  const hook = yield* findHook(hookId);
  if (hook?.owner !== owner || hook === undefined) {
    return { result: undefined, events: [] };
  }
  return yield* applyChange(hook, decide(hook), "administrator", at);
}

/** {@link HookStore.disableHook} */
export function* disableHook(
  hookId: string,
  since: number,
  reason: DisableReason,
  at: HookTime,
): HookSteps<Recorded<boolean>> {
  const hook = yield* findHook(hookId);
  if (hook?.since !== since || hook.disableReason !== undefined) {
    return { result: false, events: [] };
  }
  const { events } = yield* applyChange(hook, { isEnabled: false }, reason, at);
  return { result: true, events };
}

/** {@link HookStore.removeHook} */
export function* removeHook(
  owner: HookOwner,
  hookId: string,
): HookSteps<Recorded<boolean>> {
  const hook = yield* findHook(hookId);
  if (hook?.owner !== owner || hook === undefined) {
    return { result: false, events: [] };
  }
  yield [[sql.remove, hookId]];
  return { result: true, events: [hookRemoved(kindOf(owner), hookId)] };
}

/** {@link HookStore.addHookDelivery}: its id. */
export function* addDelivery(
  hookId: string,
  delivery: NewDelivery,
  newId: NewId,
): HookSteps<string | undefined> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const id = newId();
    const [found, inserted] = yield [
      [sql.find, hookId],
      deliveryCall(hookId, id, delivery),
      [sql.trimDeliveries, hookId, keptDeliveries.count],
    ];
    if (found?.length !== 1) {
      return undefined;
    }
    if (inserted?.length === 1) {
      return id;
    }
  }
  throw new Error(`none of ${maxTries} new ids was free`);
}

/** {@link HookStore.recordSending} */
export function* recordSending(
  holder: string,
  position: number,
  hooks: readonly HookProgress[],
  newId: NewId,
): HookSteps<boolean> {
  const [advanced] = yield [[sql.advance, holder, position]];
  if (advanced?.length !== 1) {
    return false;
  }
  const calls = hooks.flatMap((hook) => progressCalls(hook, newId));
  if (calls.length > 0) {
    yield calls;
  }
  return true;
}

function progressCalls(hook: HookProgress, newId: NewId): HookCall[] {
  const { hookId, since, deliveries } = hook;
  return [
    [sql.progress, hookId, since, hook.position, hook.lastSuccess ?? null],
    ...hook.done.map((stream): HookCall => [
      sql.removeRetry,
      hookId,
      ...streamColumns(stream),
    ]),
    ...hook.retries.map((retry): HookCall => [
      sql.putRetry,
      ...[hookId, since, ...streamColumns(retry), retry.position],
      ...[retry.attempts, retry.firstTime, retry.nextTime],
    ]),
    ...deliveries.map((delivery) => deliveryCall(hookId, newId(), delivery)),
    ...(deliveries.length > 0
      ? [[sql.trimDeliveries, hookId, keptDeliveries.count] as const]
      : []),
  ];
}

function deliveryCall(
  hookId: string,
  id: string,
  delivery: NewDelivery,
): HookCall {
  const { eventId, position, attempt, time, status } = delivery;
  return [
    sql.insertDelivery,
    ...[hookId, id, eventId, position ?? null, attempt, time, status],
    ...[delivery.error, delivery.response],
    ...[delivery.nextTime ?? null, delivery.outcome],
  ];
}

function streamColumns(stream: HookStream): readonly [string, string, string] {
  return [stream.aggregateType, stream.resourceOwner, stream.aggregateId];
}

function* findHook(hookId: string): HookSteps<HookRecord | undefined> {
  const [found] = yield [[sql.find, hookId]];
  const row = found?.[0];
  return row && toHook(row);
}

/** @param reason of a hook that is disabled by this */
function* applyChange(
  hook: HookRecord,
  { settings = hook, isEnabled, secret }: HookChange,
  reason: DisableReason,
  { time, position }: HookTime,
): HookSteps<Recorded<HookRecord>> {
  const kind = kindOf(hook.owner);
  const wasEnabled = hook.disableReason === undefined;
  const turns = isEnabled !== undefined && isEnabled !== wasEnabled;
  const events = [
    ...(isSame(settings, hook) ? [] : [hookChanged(kind, hook.id, settings)]),
    ...(secret === undefined
      ? []
      : [hookRotated(kind, hook.id, secret.oldExpirationDate)]),
    ...(!turns
      ? []
      : [
          wasEnabled
            ? hookDisabled(kind, hook.id, reason)
            : hookEnabled(kind, hook.id),
        ]),
  ];
  if (events.length === 0) {
    return { result: hook, events };
  }
  const begins = turns && !wasEnabled;
  const since = begins ? position + events.length : hook.since;
  const { url, eventTypes, presets } = settings;
  const result: HookRecord = {
    ...hook,
    ...{ url, eventTypes, presets },
    ...(secret !== undefined && {
      sealedSecret: secret.sealed,
      oldSecret: {
        sealed: hook.sealedSecret,
        expirationDate: secret.oldExpirationDate,
      },
    }),
    disableReason: turns
      ? wasEnabled
        ? reason
        : undefined
      : hook.disableReason,
    ...{ changeDate: time, since },
    ...(begins && { position: since }),
  };
  const { oldSecret } = result;
  yield [
    [
      sql.update,
      ...[hook.id, url, JSON.stringify(eventTypes), JSON.stringify(presets)],
      ...[result.sealedSecret, oldSecret?.sealed ?? null],
      oldSecret?.expirationDate ?? null,
      ...[result.disableReason ?? null, time, since],
    ],
    ...(turns ? [[sql.forgetRetries, hook.id] as const] : []),
  ];
  return { result, events };
}

function isSame(one: HookSettings, other: HookSettings): boolean {
  const textOf = ({ url, eventTypes, presets }: HookSettings) =>
    JSON.stringify([url, eventTypes, presets]);
  return textOf(one) === textOf(other);
}
