/** What policies were: the log alone says it. Events of policies are never removed. */
import type { EventType } from "../lockout/events/event.ts";
import { replayPolicyEvent, replayRulesEvent } from "../lockout/replay.ts";
import { fromPageToken, toPageToken } from "./page-token.ts";
import type { EventFilter, EventStore, RecordedEvent } from "./events.ts";
import type { Page, PageRequest } from "./pages.ts";
import { noPolicy } from "./policies.ts";
import type { DatedParts, DatedPolicy } from "./policies.ts";

type Log = Pick<EventStore, "listEvents">;

/** Whose policies are looked for. */
export interface PolicyHistory {
  readonly log: Log;
  readonly owner: { readonly kind: "instance" | "org"; readonly id: string };
  /** Organisations inherit from it. */
  readonly instanceId: string;
}

/** A change of numbers or of rules, with the policy before and after: what the owner had, and what it inherited. */
export interface RecordedChange {
  readonly event: RecordedEvent;
  readonly before: DatedPolicy;
  readonly after: DatedPolicy;
}

const types: Readonly<
  Record<
    PolicyHistory["owner"]["kind"],
    Readonly<Record<keyof DatedParts, readonly EventType[]>>
  >
> = {
  instance: {
    numbers: [
      "instance.policy.lockout.added",
      "instance.policy.lockout.changed",
    ],
    rules: ["instance.policy.lockout.rules.changed"],
  },
  org: {
    numbers: [
      "org.policy.lockout.added",
      "org.policy.lockout.changed",
      "org.policy.lockout.removed",
    ],
    rules: [
      "org.policy.lockout.rules.changed",
      "org.policy.lockout.rules.removed",
    ],
  },
};

const pageList = "policy changes";

/** Reads a page of the changes of an owner, newest first. @throws RangeError where the token is not of such a page */
export async function readPolicyChanges(
  history: PolicyHistory,
  { size, after: token }: PageRequest,
): Promise<Page<RecordedChange>> {
  const found = await history.log.listEvents({
    ...ownFilter(history.owner),
    limit: size + 1,
    ...(token !== undefined && { sequenceBefore: pageEnd(token) }),
  });
  const events = found.slice(0, size);
  const last = events.at(-1);
  if (last === undefined) {
    return { items: [], next: undefined };
  }
  const inheritedAt = createInheritedAt(history);
  const own = await ownBeforeEach(history, events);
  const items: RecordedChange[] = [];
  for (const event of events) {
    const before = own.get(event) ?? noPolicy.own;
    const { kind } = history.owner;
    const inherited = await inheritedAt(event.creationMicros);
    items.push({
      event,
      before: { owner: kind, own: before, inherited },
      after: { owner: kind, own: withEvent(before, event), inherited },
    });
  }
  const isLast = found.length <= size;
  return {
    items,
    next: isLast ? undefined : toPageToken([pageList, last.sequence]),
  };
}

/** What an owner had of its own right after a change; undefined where none of its changes has this position. */
export async function findPartsAfter(
  { log, owner }: PolicyHistory,
  position: number,
): Promise<DatedParts | undefined> {
  // Of all types, so that the next event is found without looking through those behind it.
  const [event] = await log.listEvents({
    ...ownFilter(owner, []),
    ascending: true,
    limit: 1,
    positionAfter: position - 1,
  });
  const isChange =
    event?.position === position && ownFilter(owner).types.includes(event.type);
  return isChange
    ? readParts(log, owner, { sequenceBefore: event.sequence + 1 })
    : undefined;
}

function ownFilter(
  { kind, id }: PolicyHistory["owner"],
  wanted: readonly EventType[] = [...types[kind].numbers, ...types[kind].rules],
) {
  return {
    ascending: false,
    ...{ aggregateTypes: [kind], aggregateId: id, resourceOwner: id },
    types: wanted,
  };
}

function pageEnd(token: string): number {
  const [, sequence] = fromPageToken(token, pageList);
  if (typeof sequence !== "number") {
    throw new RangeError("not a page of changes");
  }
  return sequence;
}

/** What the owner had before each of its consecutive changes, newest first. */
async function ownBeforeEach(
  { log, owner }: PolicyHistory,
  events: readonly RecordedEvent[],
): Promise<ReadonlyMap<RecordedEvent, DatedParts>> {
  const before = new Map<RecordedEvent, DatedParts>();
  const sequenceBefore = events.at(-1)?.sequence ?? 1;
  let parts = await readParts(log, owner, { sequenceBefore });
  for (const event of events.toReversed()) {
    before.set(event, parts);
    parts = withEvent(parts, event);
  }
  return before;
}

/** Makes what reads what an organisation inherited at dates, in microseconds, each before the one asked for last: one read serves until it changed. */
function createInheritedAt({
  log,
  owner,
  instanceId,
}: PolicyHistory): (date: number) => Promise<DatedParts> {
  let parts = noPolicy.inherited;
  let since = Infinity;
  return async (date) => {
    if (owner.kind === "org" && date <= since) {
      const instance = { kind: "instance", id: instanceId } as const;
      parts = await readParts(log, instance, { createdBefore: date });
      const { numbers, rules } = parts;
      since = Math.max(numbers?.changeMicros ?? 0, rules?.changeMicros ?? 0);
    }
    return parts;
  };
}

type Bound = Pick<EventFilter, "sequenceBefore" | "createdBefore">;

/** What an owner had of its own before a moment. */
async function readParts(
  log: Log,
  owner: PolicyHistory["owner"],
  bound: Bound,
): Promise<DatedParts> {
  const { numbers, rules } = types[owner.kind];
  const events = [
    ...(await readNumbersEvents(log, {
      ...ownFilter(owner, numbers),
      ...bound,
    })),
    ...(await log.listEvents({
      ...ownFilter(owner, rules),
      ...bound,
      limit: 1,
    })),
  ];
  return events.reduce(withEvent, noPolicy.own);
}

/** How many events of numbers are read at once; mostly the first of them is enough. A reader of a long log has others wait. */
const sliceSize = 100;

/** The last events that say both numbers, oldest first: an event of a change says only those that it changed. */
async function readNumbersEvents(
  log: Log,
  filter: Omit<EventFilter, "limit">,
): Promise<readonly RecordedEvent[]> {
  const needed: RecordedEvent[] = [];
  const missing = new Set(["maxPasswordAttempts", "maxOTPAttempts"]);
  let { sequenceBefore } = filter;
  for (;;) {
    const slice = await log.listEvents({
      ...filter,
      limit: sliceSize,
      ...(sequenceBefore !== undefined && { sequenceBefore }),
    });
    for (const event of slice) {
      const said = Object.keys(event.payload ?? {});
      if (needed.length === 0 || said.some((name) => missing.has(name))) {
        needed.unshift(event);
      }
      said.forEach((name) => missing.delete(name));
      if (missing.size === 0 || !event.type.endsWith(".changed")) {
        return event === needed[0] ? needed : [event, ...needed];
      }
    }
    sequenceBefore = slice.at(-1)?.sequence;
    if (slice.length < sliceSize) {
      return needed;
    }
  }
}

/** What an owner has after one more event of its own. */
function withEvent(
  parts: DatedParts,
  { type, payload, sequence, creationMicros }: RecordedEvent,
): DatedParts {
  const limits = replayPolicyEvent(parts.numbers, type, payload);
  const rules = replayRulesEvent(parts.rules?.rules, type, payload);
  const place = { sequence, changeMicros: creationMicros };
  return {
    numbers:
      limits === parts.numbers
        ? parts.numbers
        : limits && { ...limits, ...place },
    rules:
      rules === parts.rules?.rules ? parts.rules : rules && { rules, ...place },
  };
}
