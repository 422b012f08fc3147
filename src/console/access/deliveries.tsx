import { useCallback, useMemo } from "preact/hooks";
import { DeliveryOutcome } from "../../../gen/lockout/v1/hook_service_pb.js";
import type { Delivery } from "../../../gen/lockout/v1/hook_service_pb.js";
import { Time } from "../parts/format.tsx";
import { addressOf } from "../session/route.ts";
import type { Session } from "../session/session.ts";
import { accessTexts as texts, outcomeTexts } from "../texts/access.ts";
import { hookCalls } from "./hook-calls.ts";
import { ManagedList } from "./managed-list.tsx";

/** What was sent to a hook, and what came of it. */
export function Deliveries({
  session,
  hookId,
}: {
  readonly session: Session;
  readonly hookId: string;
}) {
  const calls = useMemo(() => hookCalls(session), [session]);
  const redeliver = async (deliveryId: string) => {
    const { outcome } = await calls.redeliver({ hookId, deliveryId });
    return { message: `${texts.sentAgain} ${outcomeTexts[outcome] ?? ""}` };
  };
  return (
    <>
      <p>
        <a href={addressOf("access", "hooks")}>{texts.hooks}</a> ›{" "}
        <bdi>{hookId}</bdi>
      </p>
      <ManagedList<Delivery>
        title={texts.deliveries}
        load={useCallback(
          async (pageToken = "", signal) => {
            const page = await calls.deliveries(
              { hookId, pageToken },
              { signal },
            );
            return { items: page.deliveries, next: page.nextPageToken };
          },
          [calls, hookId],
        )}
        keyOf={({ deliveryId }) => deliveryId}
        columns={[
          [texts.event, ({ eventId }) => <bdi>{eventId}</bdi>],
          [texts.time, ({ time }) => <Time time={time} />],
          [texts.attempt, ({ attempt }) => attempt],
          [texts.outcome, ({ outcome }) => <Outcome outcome={outcome} />],
          [
            texts.response,
            ({ status, error, response }) => (
              <span>
                {status !== 0 && `${status} `}
                <bdi>{error || response}</bdi>
              </span>
            ),
          ],
          [
            texts.next,
            ({ nextAttemptTime }) => <Time time={nextAttemptTime} />,
          ],
        ]}
        actions={({ deliveryId, eventId }) => [
          {
            ...{ label: texts.redeliver, name: eventId },
            work: () => redeliver(deliveryId),
          },
        ]}
      />
    </>
  );
}

function Outcome({ outcome }: { readonly outcome: DeliveryOutcome }) {
  return (
    <span
      class={outcome === DeliveryOutcome.DELIVERED ? "badge good" : "badge bad"}
    >
      {outcomeTexts[outcome]}
    </span>
  );
}
