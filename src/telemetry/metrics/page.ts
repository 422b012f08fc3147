import { setImmediate as nextTurn } from "node:timers/promises";
import type { Family } from "./family.ts";

/** The formats of the page. */
export type MetricsFormat = "prometheus" | "openmetrics";

/** The media type of each format. */
export const mediaTypes: Readonly<Record<MetricsFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** So much of the page is made in one turn of the event loop, in characters: it takes less than a millisecond. */
const pieceLength = 64 * 1024;

/** Which format a scraper wants, by its Accept: that of the greater weight, and Prometheus' own where they are alike. */
export function formatOf(accept: string): MetricsFormat {
  const weights = new Map<string, number>();
  for (const range of accept.toLowerCase().split(",")) {
    const [type = "", ...parameters] = range
      .split(";")
      .map((part) => part.trim());
    const weight = parameters.find((part) => part.startsWith("q="));
    const q = weight === undefined ? 1 : Number(weight.slice(2));
    weights.set(
      type,
      Math.max(weights.get(type) ?? 0, Number.isNaN(q) ? 0 : q),
    );
  }
  const open = weights.get("application/openmetrics-text") ?? 0;
  const text = weights.get("text/plain") ?? 0;
  return open > text ? "openmetrics" : "prometheus";
}

/** Makes the page, piece by piece: between two of them others have their turn. */
export async function* writePage(
  families: Iterable<Family>,
  format: MetricsFormat,
): AsyncGenerator<string> {
  let piece = "";
  for (const family of families) {
    const { name, kind, help } = family;
    const total = kind === "counter" && format === "prometheus" ? "_total" : "";
    piece += `# HELP ${name}${total} ${help}\n# TYPE ${name}${total} ${kind}\n`;
    for (const lines of family.series()) {
      piece += lines;
      if (piece.length >= pieceLength) {
        yield piece;
        piece = "";
        await nextTurn();
      }
    }
  }
  yield format === "openmetrics" ? `${piece}# EOF\n` : piece;
}
