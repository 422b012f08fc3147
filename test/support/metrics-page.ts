/** The samples of a page of metrics: values by name and labels, as they stand there. */
export type Samples = ReadonlyMap<string, number>;

/** Reads a page. @throws Error for a line that is no sample, or a series that is there twice */
export function readSamples(page: string): Samples {
  const samples = new Map<string, number>();
  for (const line of page.split("\n")) {
    if (line === "" || line.startsWith("#")) {
      continue;
    }
    const [, series, value] =
      /^(\w+(?:\{[^}]*(?:\{[^}]*\}[^}]*)*\})?) (\S+)$/.exec(line) ?? [];
    if (series === undefined || samples.has(series)) {
      throw new Error(`no sample, or one that is there twice: ${line}`);
    }
    samples.set(series, Number(value));
  }
  return samples;
}

/** What has changed from one page to the next, of series whose name begins so. */
export function changesOf(
  before: Samples,
  after: Samples,
  start: string,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...after]
      .filter(([series]) => series.startsWith(start))
      .map(
        ([series, value]) =>
          [series, value - (before.get(series) ?? 0)] as const,
      )
      .filter(([, change]) => change !== 0),
  );
}

/** Asks a server for its page. */
export async function fetchSamples(
  url: string,
  token?: string,
): Promise<Samples> {
  const response = await fetch(`${url}/metrics`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  if (response.status !== 200) {
    throw new Error(`no page: ${response.status}`);
  }
  return readSamples(await response.text());
}
