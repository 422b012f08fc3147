import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { Outcome as OutcomeNumber } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type {
  AttemptService,
  Factor as FactorNumber,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import { getCaller } from "../../auth/caller.ts";
import {
  beginAttempt,
  completeAttempt,
  reportAttempt,
} from "../../lockout/attempt/attempt.ts";
import type { CompleteResult, Outcome } from "../../lockout/user/comparison.ts";
import type { BeginResult } from "../../lockout/attempt/attempt.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { factors } from "../../lockout/user/factor.ts";
import { forgetDevices } from "../../lockout/user/forget-devices.ts";
import type { Factor } from "../../lockout/user/factor.ts";
import { recordPasswordChange } from "../../lockout/user/password-change.ts";
import { unlockSubject } from "../../lockout/user/unlock.ts";
import type { UnlockRemarks } from "../../lockout/user/user-events.ts";
import type { InTurn } from "../../pacing/turns.ts";
import type { Awaitable } from "../../store/awaitable.ts";
import type { AccountStore } from "../../store/accounts.ts";
import type { ActivityStore } from "../../store/activity.ts";
import { refuseAccount } from "../accounts/accounts.ts";
import type { EventStore } from "../../store/events.ts";
import type { Store } from "../../store/store.ts";
import type { AttemptStore, UserStore } from "../../store/users.ts";
import {
  activityMessages,
  readActivityQuery,
} from "../messages/activity-message.ts";
import { noteAttempt } from "../requests/call-fields.ts";
import { createEventFeed } from "../events/event-feed.ts";
import {
  eventScope,
  helpDeskEvents,
  userEvents,
} from "../events/event-scope.ts";
import { eventMessage } from "../messages/events.ts";
import type { EditorNames } from "../messages/editor-names.ts";
import { factorNumbers } from "../messages/factor-numbers.ts";
import {
  decisions,
  lockEnd,
  lockoutMessage,
} from "../messages/lockout-message.ts";
import { listLockedUsers, readScope } from "../users/locked-users.ts";
import { floorMs } from "../messages/moment.ts";
import { readPage, turnOf } from "../requests/pages.ts";
import { reportKey } from "../events/report-key.ts";
import {
  readClient,
  readDeviceToken,
  readLockoutSubject,
  readSecretDigest,
  readSubject,
  requireUserId,
} from "../users/subjects.ts";
import { unlockUsers } from "../users/unlock-users.ts";
import { listUserEvents } from "../users/user-event-list.ts";
import { createWatchQuota } from "../events/watch-quota.ts";
import type { WatchLimits } from "../events/watch-quota.ts";
import {
  lastEventId,
  resumedAfter,
  watchEvents,
} from "../events/watch-events.ts";

/** What the attempt service is made of. */
export interface AttemptServiceOptions extends WatchLimits {
  readonly store: AttemptStore &
    UserStore &
    EventStore &
    AccountStore &
    ActivityStore &
    Pick<Store, "now">;
  /** How long an attempt may stay open, in milliseconds; then it counts as failed. */
  readonly attemptTtlMs: number;
  /** Lets lists be read, a few at once. */
  readonly inTurn: InTurn;
  readonly editorNames: EditorNames;
  /** Aborted when the server begins to shut down: ends watches, so that clients reconnect elsewhere. Unless set, there is none. */
  readonly draining?: AbortSignal;
  /** Sends the header of a stream's response before its first message. Unless set, it is sent with that message. */
  readonly openStream?: (context: HandlerContext) => void;
  /**
   * Checks the caller's token again.
   *
   * @throws LockoutError where the token has ended since the call began
   */
  readonly checkToken: (context: HandlerContext) => Awaitable<void>;
}

/** lockout.v1.AttemptService */
export function createAttemptService({
  store,
  attemptTtlMs,
  inTurn,
  editorNames,
  maxWatchesPerToken,
  maxWatches,
  draining,
  openStream,
  checkToken,
}: AttemptServiceOptions): ServiceImpl<typeof AttemptService> {
  const feed = createEventFeed(store);
  const watches = createWatchQuota({ maxWatchesPerToken, maxWatches });
  return {
    async beginAttempt(request, context) {
      const { id, orgId } = getCaller(context.values);
      const command = {
        factor: readFactor(request.factor),
        client: readClient(request.client),
        ttlMs: attemptTtlMs,
        deviceToken: readDeviceToken(request.client),
      };
      const subject = readSubject(orgId, request);
      await refuseAccount(store, subject);
      const result = await store.beginAttempt(subject, id, (view, attemptId) =>
        beginAttempt(view, { ...command, attemptId }),
      );
      const { decision, attempt } = result;
      noteAttempt(context.values, {
        subject,
        decision,
        ...(attempt !== undefined && { attemptId: attempt.id }),
      });
      return {
        decision: decisions[decision],
        limit: result.limit,
        failedAttempts: result.failed,
        openAttempts: result.open,
        knownDevice: result.isKnownDevice === true,
        ...beginTimes(result),
      };
    },

    async completeAttempt(request, context) {
      const { id, orgId } = getCaller(context.values);
      const outcome = readOutcome(request.outcome);
      const secretDigest = readSecretDigest(request.secretDigest);
      const result = await store.completeAttempt(
        orgId,
        request.attemptId,
        id,
        (view, attempt) =>
          completeAttempt(view, attempt, outcome, {
            secretDigest,
            remembersDevice: request.rememberDevice,
          }),
      );
      noteAttempt(context.values, {
        attemptId: request.attemptId,
        accepted: result.accepted,
      });
      return { ...completed(result), ...deviceFields(result) };
    },

    async reportAttempt(request, context) {
      const { id, orgId } = getCaller(context.values);
      const factor = readFactor(request.factor);
      const outcome = readOutcome(request.outcome);
      const client = readClient(request.client);
      const secretDigest = readSecretDigest(request.secretDigest);
      const subject = readSubject(orgId, request);
      await refuseAccount(store, subject);
      const result = await store.reportAttempt(
        ...([subject, id] as const),
        (view) =>
          reportAttempt(view, factor, client, outcome, {
            secretDigest,
            deviceToken: readDeviceToken(request.client),
          }),
        reportKey(request, (text) => store.hashName(text)),
      );
      noteAttempt(context.values, { subject, accepted: result.accepted });
      return completed(result);
    },

    async recordPasswordChange(request, context) {
      const { id, orgId } = getCaller(context.values);
      const userId = requireUserId(request.userId);
      await refuseAccount(store, { kind: "user", orgId, userId });
      await store.changeUser({ orgId, userId }, id, recordPasswordChange);
      return {};
    },

    async forgetDevices(request, context) {
      const { id, orgId } = getCaller(context.values);
      const userId = requireUserId(request.userId);
      await store.changeUser({ orgId, userId }, id, forgetDevices);
      return {};
    },

    async getLockout(request, context) {
      const { orgId } = getCaller(context.values);
      const lockout = await store.findLockout(
        readLockoutSubject(orgId, request),
      );
      if (lockout === undefined) {
        throw new LockoutError("userUnknown");
      }
      return lockoutMessage(lockout);
    },

    async unlock(request, context) {
      const { id, orgId } = getCaller(context.values);
      const subject = readSubject(orgId, request);
      const decide = unlockSubject({
        ...readRemarks(request),
        ifLockedAt: request.ifLockedAt && floorMs(request.ifLockedAt),
        unknown: subject.kind === "user" ? "userUnknown" : "notLocked",
      });
      return lockoutMessage(await store.unlock(subject, id, decide));
    },

    async unlockUsers(request, context) {
      const { id, orgId } = getCaller(context.values);
      const done = await unlockUsers(
        {
          ...{ store, inTurn, orgId, editor: id, signal: context.signal },
          remarks: readRemarks(request),
          checkToken: () => checkToken(context),
        },
        request,
      );
      return {
        users: done.users.map(lockoutMessage),
        nextPageToken: done.next,
        unlocked: done.unlocked,
        totalSize: done.total,
      };
    },

    async listLockedUsers(request, context) {
      const found = await listLockedUsers(
        ...([store, inTurn, turnOf(context)] as const),
        getCaller(context.values),
        request,
      );
      return {
        users: found.users.map(lockoutMessage),
        nextPageToken: found.next,
        totalSize: found.total,
        unknownNames: found.unknownNames,
      };
    },

    async listUserEvents(request, context) {
      const caller = getCaller(context.values);
      const { orgId } = caller;
      const userId = requireUserId(request.userId);
      const { types } = eventScope(caller, request.eventTypes, userEvents);
      const page = await readPage(inTurn, turnOf(context), request, (asked) =>
        listUserEvents(store, { orgId, userId }, types, asked),
      );
      const names = await editorNames.of(page.items);
      return {
        events: page.items.map((event) => ({
          position: String(event.position),
          event: eventMessage(event, names.get(event.editor)),
        })),
        nextPageToken: page.next ?? "",
      };
    },

    async getActivity(request, context) {
      const caller = getCaller(context.values);
      const { orgId } = readScope(caller, request);
      const query = readActivityQuery(request, store.now());
      const figures = await inTurn(
        () => store.listActivity({ orgId, ...query }),
        turnOf(context),
      );
      return { intervals: activityMessages(query, figures) };
    },

    async *watchEvents(request, context) {
      const caller = getCaller(context.values);
      const wanted = {
        after: resumedAfter(request, context),
        scope: eventScope(caller, request.eventTypes, helpDeskEvents),
      };
      const leave = watches.enter(caller.id);
      try {
        yield* watchEvents(store, feed, wanted, context.signal, {
          editorNames,
          onStart: (position) => {
            context.responseHeader.set(lastEventId, String(position));
            openStream?.(context);
          },
          checkToken: () => checkToken(context),
          draining,
        });
      } finally {
        leave();
      }
    },
  };
}

/** An unknown factor is refused, never ignored (I3). */
function readFactor(number: FactorNumber): Factor {
  const factor = factors.find((name) => factorNumbers[name] === number);
  if (factor === undefined) {
    throw new LockoutError("factorUnknown");
  }
  return factor;
}

function readOutcome(number: OutcomeNumber): Outcome {
  switch (number) {
    case OutcomeNumber.SUCCEEDED:
      return "succeeded";
    case OutcomeNumber.FAILED:
      return "failed";
    case OutcomeNumber.NOT_A_GUESS:
      return "not_a_guess";
    // Enums are open: other numbers arrive as they are.
    case OutcomeNumber.UNSPECIFIED:
    default:
      throw new LockoutError("outcomeUnknown");
  }
}

/** What is said of an unlock, for the event: half a surrogate pair, which JSON can hold, would stop its readers. */
function readRemarks({ note, ticket }: UnlockRemarks): UnlockRemarks {
  return { note: note.toWellFormed(), ticket: ticket.toWellFormed() };
}

function beginTimes(result: BeginResult) {
  const { attempt, retryAfterMs } = result;
  return {
    ...lockEnd(result),
    ...(attempt !== undefined && {
      attemptId: attempt.id,
      expireTime: timestampFromMs(attempt.expireTime),
    }),
    ...(retryAfterMs !== undefined && {
      retryAfter: durationFromMs(retryAfterMs),
    }),
  };
}

/** The device that is known from now on, where one is. */
function deviceFields({ device, deviceToken = "" }: CompleteResult) {
  return (
    device && {
      deviceToken,
      deviceExpireTime: timestampFromMs(device.expireTime),
    }
  );
}

function completed(result: CompleteResult) {
  const { accepted, locked, failed, limit } = result;
  return {
    accepted,
    locked,
    failedAttempts: failed,
    limit,
    ...lockEnd(result),
  };
}
