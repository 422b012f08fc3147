/**
 * Sources: how many failures may come from one network, of whichever users. They are counted by a bucket that leaks: a failure fills it
 * by one, and it loses `max_failures` in each window, so that a source is free after one window at the latest.
 */
import { networkOf } from "../policy/network.ts";
import { prefixesOf } from "../policy/rules.ts";
import type { Rules } from "../policy/rules.ts";

/** What is counted of a source. */
export interface Source {
  /** How full the bucket was: in millionths of a failure, whole, so that every engine stores the same. */
  readonly level: number;
  /** When it was so full: milliseconds since 1970 UTC. */
  readonly time: number;
  /** When it is empty, if the rules stay as they were at that time. */
  readonly emptyTime: number;
}

/** How a source stands. */
export interface SourceView extends Source {
  /** Attempts that were begun from there and are open: each holds a chance. */
  readonly open: number;
}

/** A source of which nothing is counted. */
export const emptySource: Source = { level: 0, time: 0, emptyTime: 0 };

/** A failure. */
const unit = 1_000_000;

/**
 * The network whose chances an attempt takes, and that its failure fills; undefined where there is none: sources are not limited, or the attempt has
 * no address. This is the one place that says so: an attempt on a known device, which has chances of its own, takes none either.
 */
export function limitedNetwork(
  rules: Rules,
  { address }: { readonly address?: string },
): string | undefined {
  return rules.sources.maxFailures === 0 || address === undefined
    ? undefined
    : networkOf(address, prefixesOf(rules));
}

/** Whether all chances of a source are used up or held. */
export function isThrottled(
  source: SourceView,
  rules: Rules,
  now: number,
): boolean {
  return (
    levelAt(source, rules, now) + (source.open + 1) * unit >
    rules.sources.maxFailures * unit
  );
}

/**
 * When a source without chances may have one, in milliseconds.
 *
 * @param whileOpenMs where open attempts alone are in the way
 */
export function throttledForMs(
  source: SourceView,
  rules: Rules,
  now: number,
  whileOpenMs: number,
): number {
  const tooMuch =
    levelAt(source, rules, now) + unit - rules.sources.maxFailures * unit;
  return tooMuch <= 0 ? whileOpenMs : leakTimeMs(tooMuch, rules);
}

/** A source after one more failure. The bucket never holds more than `max_failures`. */
export function failedFrom(source: Source, rules: Rules, now: number): Source {
  const most = rules.sources.maxFailures * unit;
  const level = Math.min(levelAt(source, rules, now) + unit, most);
  return sourceOf(level, Math.max(source.time, now), rules);
}

/**
 * A source as it is kept on, once it is empty, or the clock was set back to before it was counted; undefined where nothing is counted of it
 * any more.
 */
export function settledSource(
  source: Source,
  rules: Rules,
  now: number,
): Source | undefined {
  const level = levelAt(source, rules, now);
  return level === 0 ? undefined : sourceOf(level, now, rules);
}

function sourceOf(level: number, time: number, rules: Rules): Source {
  return {
    level: roundedUp(level),
    ...{ time, emptyTime: time + leakTimeMs(level, rules) },
  };
}

/** How full the bucket is, in millionths of a failure and parts of them. A clock that went back lets nothing leak. */
function levelAt(
  { level, time }: Source,
  { sources: { maxFailures, windowMs } }: Rules,
  now: number,
): number {
  if (maxFailures === 0) {
    return 0;
  }
  const most = maxFailures * unit;
  const elapsedMs = Math.min(Math.max(now - time, 0), windowMs);
  return Math.max(Math.min(level, most) - (elapsedMs * most) / windowMs, 0);
}

/** How long so much takes to leak. */
function leakTimeMs(
  amount: number,
  { sources: { maxFailures, windowMs } }: Rules,
): number {
  return roundedUp((amount * windowMs) / (maxFailures * unit));
}

/** Up to a whole number, but for what the arithmetic adds. */
function roundedUp(value: number): number {
  return Math.ceil(value - 1e-6);
}
