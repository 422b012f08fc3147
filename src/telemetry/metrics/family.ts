/** Names and values of labels, in their order. */
export type Labels = Readonly<Record<string, string>>;

/** All series of one name. */
export interface Family {
  /** Without the ending `_total` of a counter. */
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  /** The lines of each series, the series one by one. */
  series(): Iterable<string>;
}

/** Something that is counted: one series, made before it is first used. */
export class Counter {
  value: number;
  readonly #start: string;

  /** @param start name and labels */
  constructor(start: string, value = 0) {
    this.#start = start;
    this.value = value;
  }

  /** Counts one more. */
  add(): void {
    this.value += 1;
  }

  /** The line of the page. */
  line(): string {
    return `${this.#start} ${this.value}\n`;
  }
}

/** Counters of one name. */
export class CounterFamily implements Family {
  readonly kind = "counter";
  readonly name: string;
  readonly help: string;
  readonly #counters: Counter[] = [];

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  /** A new series, which is at 0. */
  counter(labels: Labels = {}): Counter {
    const counter = new Counter(`${this.name}_total${labelsText(labels)}`);
    this.#counters.push(counter);
    return counter;
  }

  *series(): Iterable<string> {
    for (const counter of this.#counters) {
      yield counter.line();
    }
  }
}

/** A value and its labels. */
export type Sample = readonly [labels: Labels, value: number];

/** Values that are read when the page is made. */
export class GaugeFamily implements Family {
  readonly kind: "counter" | "gauge";
  readonly name: string;
  readonly help: string;
  readonly #read: () => Iterable<Sample>;

  /** @param kind `counter` for what only grows, though it is counted elsewhere */
  constructor(
    name: string,
    help: string,
    read: () => Iterable<Sample>,
    kind: "counter" | "gauge" = "gauge",
  ) {
    this.name = name;
    this.help = help;
    this.kind = kind;
    this.#read = read;
  }

  *series(): Iterable<string> {
    const name = this.kind === "counter" ? `${this.name}_total` : this.name;
    for (const [labels, value] of this.#read()) {
      yield `${name}${labelsText(labels)} ${value}\n`;
    }
  }
}

/** Labels as they stand in a line; those of no value are left out. */
export function labelsText(labels: Labels): string {
  const texts = Object.entries(labels)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return texts.length === 0 ? "" : `{${texts.join(",")}}`;
}

function escapeValue(value: string): string {
  return value
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll('"', '\\"');
}
