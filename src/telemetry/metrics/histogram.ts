import { labelsText } from "./family.ts";
import type { Family, Labels } from "./family.ts";

/** How often values were at most each of some bounds: one series. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** Of each bound alone, and of what is above all of them: the page adds them up. */
  readonly #counts: Float64Array;
  #sum = 0;
  readonly #name: string;
  readonly #labels: Labels;
  /** What the lines of the page begin with, made for the first page. */
  #starts: readonly string[] | undefined;

  constructor(name: string, labels: Labels, bounds: readonly number[]) {
    this.#name = name;
    this.#labels = labels;
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? 0)) {
      index += 1;
    }
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  /** The lines of the page. */
  lines(): string {
    const starts = (this.#starts ??= this.#makeStarts());
    let count = 0;
    let text = "";
    for (const [index, here] of this.#counts.entries()) {
      count += here;
      text += `${starts[index] ?? ""}${count}\n`;
    }
    const labels = labelsText(this.#labels);
    return `${text}${this.#name}_sum${labels} ${this.#sum}\n${this.#name}_count${labels} ${count}\n`;
  }

  #makeStarts(): readonly string[] {
    return [...this.#bounds.map(boundText), "+Inf"].map(
      (le) => `${this.#name}_bucket${labelsText({ ...this.#labels, le })} `,
    );
  }
}

/** Histograms of one name. */
export class HistogramFamily implements Family {
  readonly kind = "histogram";
  readonly name: string;
  readonly help: string;
  readonly #bounds: readonly number[];
  readonly #histograms: Histogram[] = [];

  /** @param bounds in rising order */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
  }

  /** A new series, which is at 0. */
  histogram(labels: Labels = {}): Histogram {
    const histogram = new Histogram(this.name, labels, this.#bounds);
    this.#histograms.push(histogram);
    return histogram;
  }

  *series(): Iterable<string> {
    for (const histogram of this.#histograms) {
      yield histogram.lines();
    }
  }
}

/** With a decimal point, as OpenMetrics has it: the same series in both formats. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
