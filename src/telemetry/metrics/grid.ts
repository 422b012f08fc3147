import type { Counter, CounterFamily, Labels } from "./family.ts";

/** The values of a label, and the place of each. */
export type Places<Value extends string> = Readonly<Record<Value, number>>;

/** Gives each value its place, in their order. */
export function placesOf<Value extends string>(
  values: readonly Value[],
): Places<Value> {
  return Object.fromEntries(
    values.map((value, place) => [value, place]),
  ) as Places<Value>;
}

/** A label with all values that it may have. */
export type FixedLabel = readonly [name: string, values: readonly string[]];

/** The counters of a family for all combinations of the values of its labels. Each is made when it is first asked for, or all by {@link fill}. */
export class Grid {
  readonly #family: CounterFamily;
  readonly #labels: readonly FixedLabel[];
  readonly #more: Labels;
  readonly #counters: (Counter | undefined)[];

  /** @param more labels that all counters have */
  constructor(
    family: CounterFamily,
    labels: readonly FixedLabel[],
    more: Labels = {},
  ) {
    this.#family = family;
    this.#labels = labels;
    this.#more = more;
    const size = labels.reduce((all, [, values]) => all * values.length, 1);
    this.#counters = new Array<Counter | undefined>(size).fill(undefined);
  }

  /** Makes all counters, at 0. */
  fill(): this {
    for (let place = 0; place < this.#counters.length; place += 1) {
      this.at(place);
    }
    return this;
  }

  /** @param place that of the first label's value, times the number of values of the second plus that of its value, and so on */
  at(place: number): Counter {
    return (this.#counters[place] ??= this.#make(place));
  }

  #make(place: number): Counter {
    const labels: [string, string][] = [];
    let rest = place;
    for (const [name, values] of this.#labels.toReversed()) {
      labels.unshift([name, values[rest % values.length] ?? ""]);
      rest = Math.floor(rest / values.length);
    }
    return this.#family.counter({
      ...Object.fromEntries(labels),
      ...this.#more,
    });
  }
}
