import type { ServiceImpl } from "@connectrpc/connect";
import { GetLockoutPolicyResponseSchema } from "../../../gen/zitadel/admin_pb.js";
import type {
  AdminService,
  ListEventsRequest,
} from "../../../gen/zitadel/admin_pb.js";
import { getCaller } from "../../auth/caller.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { updateDefaultPolicy } from "../../lockout/policy/policy.ts";
import type { InTurn } from "../../pacing/turns.ts";
import { andThen } from "../../store/awaitable.ts";
import type { EventFilter, EventStore } from "../../store/events.ts";
import type { PolicyStore, StoredPolicy } from "../../store/policies.ts";
import { respondOnce } from "./constant-responses.ts";
import { changedDetails, lastEvent } from "../messages/details.ts";
import type { EditorNames } from "../messages/editor-names.ts";
import { eventMessage } from "../messages/events.ts";
import { afterMicros, beforeMicros } from "../messages/moment.ts";
import { turnOf } from "../requests/pages.ts";
import { policyMessage, requireDefaultPolicy } from "../policies/policies.ts";

/** How many events ListEvents returns at most, and by default. */
const maxEvents = 1000;

/** The methods of zitadel.admin.v1.AdminService that are about policies and events. */
export function createAdminService(
  store: PolicyStore & EventStore,
  inTurn: InTurn,
  editorNames: EditorNames,
): Pick<
  ServiceImpl<typeof AdminService>,
  "healthz" | "getLockoutPolicy" | "updateLockoutPolicy" | "listEvents"
> {
  const defaultPolicyResponse = respondOnce(
    GetLockoutPolicyResponseSchema,
    (policy: StoredPolicy) => ({ policy: policyMessage(policy, true) }),
  );
  return {
    healthz: () => ({}),

    getLockoutPolicy: () =>
      andThen(requireDefaultPolicy(store), defaultPolicyResponse),

    async updateLockoutPolicy(request, context) {
      const events = await store.changePolicy(
        { kind: "instance" },
        getCaller(context.values).id,
        updateDefaultPolicy(request),
      );
      return { details: changedDetails(lastEvent(events)) };
    },

    async listEvents(request, context) {
      const filter = eventFilter(request);
      const events = await inTurn(
        () => store.listEvents(filter),
        turnOf(context),
      );
      const names = await editorNames.of(events);
      return {
        events: events.map((event) =>
          eventMessage(event, names.get(event.editor)),
        ),
      };
    },
  };
}

function eventFilter(request: ListEventsRequest): EventFilter {
  const ascending = request.asc;
  // A point in time or in the sequence is where the list begins, whichever way it runs: behind the event that is there.
  // None is as large as a store cannot compare with.
  const sequence = Math.min(Number(request.sequence), Number.MAX_SAFE_INTEGER);
  return {
    ascending,
    limit: request.limit === 0 ? maxEvents : Math.min(request.limit, maxEvents),
    ...(sequence !== 0 &&
      (ascending ? { sequenceAfter: sequence } : { sequenceBefore: sequence })),
    ...timeFilter(request, ascending),
    ...(request.editorUserId !== "" && { editor: request.editorUserId }),
    types: request.eventTypes,
    ...(request.aggregateId !== "" && { aggregateId: request.aggregateId }),
    aggregateTypes: request.aggregateTypes,
    ...(request.resourceOwner !== "" && {
      resourceOwner: request.resourceOwner,
    }),
  };
}

function timeFilter(
  request: ListEventsRequest,
  ascending: boolean,
): Pick<EventFilter, "createdAfter" | "createdBefore"> {
  const filter = request.creationDateFilter;
  if (filter.case === "range") {
    const { since, until } = filter.value;
    const from = since && afterMicros(since);
    const to = until && beforeMicros(until);
    if (from !== undefined && to !== undefined && from > to) {
      throw new LockoutError("eventRangeEmpty");
    }
    return {
      ...(from !== undefined && { createdAfter: from }),
      ...(to !== undefined && { createdBefore: to }),
    };
  }
  const from =
    filter.case === "from"
      ? filter.value
      : // eslint-disable-next-line @typescript-eslint/no-deprecated -- clients of before `from` still send it
        request.creationDate;
  if (from === undefined) {
    return {};
  }
  return ascending
    ? { createdAfter: afterMicros(from) }
    : { createdBefore: beforeMicros(from) };
}
