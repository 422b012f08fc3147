import { useCallback, useEffect } from "preact/hooks";
import { Status } from "../parts/status.tsx";
import { guessSentence, policySentence } from "../parts/policy-sentences.ts";
import { lockEvents } from "../session/live.ts";
import { addressOf } from "../session/route.ts";
import type { Session } from "../session/session.ts";
import { useEvents } from "../session/use-events.ts";
import { useLive } from "../session/use-live.ts";
import { overviewTexts as texts } from "../texts/overview.ts";
import { Activity } from "./activity.tsx";
import { totalOf, usualFailures } from "./figures.ts";
import { LatestEvents } from "./latest-events.tsx";
import { loadOverview } from "./load.ts";
import type { Overview } from "./load.ts";
import { stormsOf } from "./storms.ts";
import { Verdict } from "./verdict.tsx";

/** How often figures are read anew that no event tells of, in milliseconds. */
const everyMs = 10_000;

/** So many of the last events are kept, to find storms among them. */
const keptEvents = 200;

/** Whether an attack is under way, and what happens. */
export function OverviewPage({ session }: { readonly session: Session }) {
  const { isAll } = session;
  const { value, failure, reload } = useLive(
    session,
    useCallback(
      (signal: AbortSignal) => loadOverview(session, signal),
      [session],
    ),
  );
  const { shown } = useEvents(session, lockEvents, "", keptEvents);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) {
        reload();
      }
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [session]);
  const storms = stormsOf([
    ...(value?.storms ?? []),
    ...shown.flatMap(({ event }) => event ?? []),
  ]);
  return (
    <>
      <h1>{texts.title}</h1>
      <Status failure={failure} isLoading={value === undefined} />
      {value !== undefined && (
        <>
          <Verdict overview={value} storms={storms} isAll={isAll} />
          <Tiles overview={value} />
          <Activity minutes={value.minutes} hours={value.hours} />
          <PolicyInWords overview={value} isAll={isAll} />
        </>
      )}
      <LatestEvents entries={shown} />
    </>
  );
}

function Tiles({
  overview: { locked, minutes, hours },
}: {
  readonly overview: Overview;
}) {
  const usual = usualFailures(hours).toLocaleString();
  return (
    <ul class="tiles">
      <li class="card">
        <a href={addressOf("locked")}>
          <strong data-locked>{locked.toLocaleString()}</strong>
          {texts.lockedNow}
        </a>
      </li>
      <li class="card">
        <strong>{totalOf(minutes, "locks").toLocaleString()}</strong>
        {texts.locks} {texts.inLastHour}
      </li>
      <li class="card">
        <strong>{totalOf(minutes, "failures").toLocaleString()}</strong>
        {texts.failures} {texts.inLastHour}
        <span class="help">{texts.anHourUsually(usual)}</span>
      </li>
    </ul>
  );
}

function PolicyInWords({
  overview: { policy },
  isAll,
}: {
  readonly overview: Overview;
  readonly isAll: boolean;
}) {
  return policy === undefined ? null : (
    <section class="card" aria-labelledby="policy">
      <h2 id="policy">{isAll ? texts.policyDefault : texts.policy}</h2>
      <p>
        {policySentence(policy)} {guessSentence(policy)}
      </p>
    </section>
  );
}
