import { Time } from "../parts/format.tsx";
import { EventDetails } from "../parts/event-parts.tsx";
import { overviewTexts as texts } from "../texts/overview.ts";
import { excessOf, totalOf, usualFailures } from "./figures.ts";
import type { Overview } from "./load.ts";
import type { Storm } from "./storms.ts";

/** Whether an attack is under way, in words. */
export function Verdict({
  overview: { minutes, hours, policy, storms: known },
  storms,
  isAll,
}: {
  readonly overview: Overview;
  readonly storms: readonly Storm[];
  readonly isAll: boolean;
}) {
  const excess = excessOf(totalOf(minutes, "failures"), usualFailures(hours));
  const none = known === undefined ? texts.stormNoneLately : texts.stormNone;
  const isCalm = storms.length === 0 && excess === undefined;
  return (
    <div role="status" class={isCalm ? "notice" : "notice bad"}>
      {storms.map(({ orgId, began }) => (
        <p key={orgId}>
          <strong>{texts.stormNow}</strong>
          {isAll && (
            <>
              {" "}
              {texts.stormIn} <bdi>{orgId}</bdi>
            </>
          )}{" "}
          {texts.stormSince} <Time time={began.creationDate} />.{" "}
          <span class="help">
            <EventDetails event={began} />
          </span>
        </p>
      ))}
      {excess !== undefined && (
        <p>
          <strong>{texts.many(Math.round(excess).toLocaleString())}</strong>
        </p>
      )}
      {storms.length === 0 && (
        <p>
          {isCalm ? <strong>{none}</strong> : none} {isCalm && texts.usual}
        </p>
      )}
      {policy !== undefined && (policy.rules?.storms?.maxLocks ?? 0) === 0 && (
        <p class="help">{texts.stormUnseen}</p>
      )}
    </div>
  );
}
