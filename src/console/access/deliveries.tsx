import { useCallback, useMemo, useState } from "preact/hooks";
import { DeliveryOutcome } from "../../../gen/lockout/v1/hook_service_pb.js";
import type { Delivery } from "../../../gen/lockout/v1/hook_service_pb.js";
import { Time } from "../parts/format.tsx";
import { addressOf } from "../session/route.ts";
import type { Session } from "../session/session.ts";
import { accessTexts as texts, outcomeTexts } from "../texts/access.ts";
import { hookCalls } from "./hook-calls.ts";
import { ListFrame } from "./list-frame.tsx";
import { useList } from "./use-list.ts";

/** What was sent to a hook, and what came of it. */
export function Deliveries({
  session,
  hookId,
}: {
  readonly session: Session;
  readonly hookId: string;
}) {
  const calls = useMemo(() => hookCalls(session), [session]);
  const [message, setMessage] = useState("");
  const list = useList<Delivery>(
    useCallback(
      async (pageToken, signal) => {
        const page = await calls.deliveries({ hookId, pageToken }, { signal });
        return { items: page.deliveries, nextPageToken: page.nextPageToken };
      },
      [calls, hookId],
    ),
  );
  const redeliver = async (deliveryId: string) => {
    const sent = await list.run(() => calls.redeliver({ hookId, deliveryId }));
    if (sent !== undefined) {
      setMessage(`${texts.sentAgain} ${outcomeTexts[sent.outcome] ?? ""}`);
    }
  };
  return (
    <>
      <p>
        <a href={addressOf("access", "hooks")}>{texts.hooks}</a> ›{" "}
        <bdi>{hookId}</bdi>
      </p>
      <p role="status" class="message">
        {message}
      </p>
      <ListFrame
        {...{ list, title: texts.deliveries }}
        columns={[
          ...[texts.time, texts.event, texts.attempt, texts.outcome],
          ...[texts.response, texts.next, texts.actions],
        ]}
        row={(delivery) => (
          <tr key={delivery.deliveryId}>
            <td data-label={texts.time}>
              <Time time={delivery.time} />
            </td>
            <td data-label={texts.event}>
              <bdi>{delivery.eventId}</bdi>
            </td>
            <td data-label={texts.attempt}>{delivery.attempt}</td>
            <td data-label={texts.outcome}>
              <span
                class={
                  delivery.outcome === DeliveryOutcome.DELIVERED
                    ? "badge good"
                    : "badge bad"
                }
              >
                {outcomeTexts[delivery.outcome]}
              </span>
            </td>
            <td data-label={texts.response}>
              <span>
                {delivery.status !== 0 && `${delivery.status} `}
                <bdi>{delivery.error || delivery.response}</bdi>
              </span>
            </td>
            <td data-label={texts.next}>
              <Time time={delivery.nextAttemptTime} />
            </td>
            <td data-label={texts.actions}>
              <button
                type="button"
                class="small"
                aria-label={texts.of(texts.redeliver, delivery.eventId)}
                onClick={() => void redeliver(delivery.deliveryId)}
              >
                {texts.redeliver}
              </button>
            </td>
          </tr>
        )}
      />
    </>
  );
}
