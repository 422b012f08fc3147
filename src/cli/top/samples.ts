/** A series and its value. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a page of metrics says, by name. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Reads a page in Prometheus' text. What is no sample is left out. */
export function readSamples(page: string): Samples {
  const samples = new Map<string, Sample[]>();
  for (const text of page.split("\n")) {
    const [, name, labels = "", value] = line.exec(text) ?? [];
    if (name === undefined) {
      continue;
    }
    const all = samples.get(name) ?? [];
    samples.set(name, all);
    all.push({
      labels: Object.fromEntries(
        [...labels.matchAll(label)].map(([, key = "", escaped = ""]) => [
          key,
          escaped.replace(/\\(.)/g, (_all, character: string) =>
            character === "n" ? "\n" : character,
          ),
        ]),
      ),
      value: value === "+Inf" ? Infinity : Number(value),
    });
  }
  return samples;
}

/** What was counted since another page, for each value of a label; a node that was started anew counts from 0. */
export function increases(
  before: Samples,
  after: Samples,
  name: string,
  labelOf: (labels: Sample["labels"]) => string,
): ReadonlyMap<string, number> {
  const had = new Map(
    (before.get(name) ?? []).map(({ labels, value }) => [
      JSON.stringify(labels),
      value,
    ]),
  );
  const sums = new Map<string, number>();
  for (const { labels, value } of after.get(name) ?? []) {
    const old = had.get(JSON.stringify(labels)) ?? 0;
    const key = labelOf(labels);
    const increase = value >= old ? value - old : value;
    sums.set(key, (sums.get(key) ?? 0) + increase);
  }
  return sums;
}
