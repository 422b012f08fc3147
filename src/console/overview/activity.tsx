import { useState } from "preact/hooks";
import { overviewTexts as texts } from "../texts/overview.ts";
import { Chart } from "./chart.tsx";
import { figures, grouped } from "./figures.ts";
import type { Interval } from "./figures.ts";

const spans = ["hour", "day", "week"] as const;
type Span = (typeof spans)[number];

const byMinute = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const byHour = new Intl.DateTimeFormat(undefined, {
  ...{ weekday: "short", hour: "numeric", minute: "numeric" },
});
const formats = { hour: byMinute, day: byHour, week: byHour } as const;

/** So many hours a bar of a week stands for. */
const hoursOfBar = 6;

/** Charts of what was tried and locked. @param hours of a week, and the minutes of an hour */
export function Activity({
  minutes,
  hours,
}: {
  readonly minutes: readonly Interval[];
  readonly hours: readonly Interval[];
}) {
  const [span, setSpan] = useState<Span>("hour");
  const intervals = {
    hour: () => minutes,
    day: () => hours.slice(-24),
    week: () => grouped(hours, hoursOfBar),
  }[span]();
  return (
    <section class="card" aria-labelledby="activity">
      <h2 id="activity">{texts.activity}</h2>
      <fieldset class="spans">
        <legend class="hidden">{texts.span}</legend>
        {spans.map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="span"
              checked={each === span}
              onChange={() => {
                setSpan(each);
              }}
            />
            {texts.spans[each]}
          </label>
        ))}
        <span class="help">{texts.each[span]}</span>
      </fieldset>
      <div class="charts">
        {figures.map((figure) => (
          <Chart
            key={figure}
            title={texts[figure]}
            kind={figure}
            bars={intervals.map((interval) => ({
              ...{ timeMs: interval.timeMs, count: interval[figure] },
            }))}
            format={formats[span]}
          />
        ))}
      </div>
    </section>
  );
}
