import { useState } from "preact/hooks";
import { overviewTexts as texts } from "../texts/overview.ts";

/** A figure from a time on. */
export interface Bar {
  readonly timeMs: number;
  readonly count: number;
}

/** The height of the drawing, in its own units; a bar is one wide. */
const height = 100;
const gap = 0.2;

/** Bars over time, with the same figures in a table behind them. */
export function Chart({
  title,
  kind,
  bars,
  format,
}: {
  readonly title: string;
  /** Has its colour. */
  readonly kind: string;
  readonly bars: readonly Bar[];
  /** Writes times. */
  readonly format: Intl.DateTimeFormat;
}) {
  const [isOpen, setIsOpen] = useState(false);
  const most = bars.reduce(
    (best, bar) => (bar.count > best.count ? bar : best),
    { timeMs: 0, count: 0 },
  );
  const total = bars.reduce((sum, { count }) => sum + count, 0);
  const at = (timeMs: number) => format.format(timeMs);
  const mostText =
    most.count === 0
      ? texts.nothing
      : `${texts.most} ${most.count.toLocaleString()}, ${at(most.timeMs)}`;
  return (
    <figure class={`chart ${kind}`}>
      <figcaption>
        {title} <strong>{total.toLocaleString()}</strong>
        <span class="help">{mostText}</span>
      </figcaption>
      <svg
        role="img"
        aria-label={`${title}: ${total.toLocaleString()}; ${mostText}`}
        viewBox={`0 0 ${Math.max(bars.length, 1)} ${height}`}
        preserveAspectRatio="none"
      >
        {bars.map(({ timeMs, count }, place) => {
          // Something is never drawn as nothing.
          const size =
            count === 0 ? 0 : Math.max((count / most.count) * height, 2);
          return (
            <rect
              key={timeMs}
              x={place + gap / 2}
              y={height - size}
              width={1 - gap}
              height={size}
            >
              <title>{`${at(timeMs)}: ${count.toLocaleString()}`}</title>
            </rect>
          );
        })}
      </svg>
      <p class="axis help" aria-hidden="true">
        <span>{bars[0] !== undefined && at(bars[0].timeMs)}</span>
        <span>{at(bars.at(-1)?.timeMs ?? 0)}</span>
      </p>
      <details
        onToggle={({ currentTarget }) => {
          setIsOpen(currentTarget.open);
        }}
      >
        <summary>{texts.table(title)}</summary>
        {isOpen && (
          <div
            class="figures"
            role="region"
            tabIndex={0}
            aria-label={texts.table(title)}
          >
            <table aria-label={texts.table(title)}>
              <thead>
                <tr>
                  <th scope="col">{texts.from}</th>
                  <th scope="col">{texts.count}</th>
                </tr>
              </thead>
              <tbody>
                {bars.toReversed().map(({ timeMs, count }) => (
                  <tr key={timeMs}>
                    <td>{at(timeMs)}</td>
                    <td>{count.toLocaleString()}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </details>
    </figure>
  );
}
