import { readFileSync, writeFileSync } from "node:fs";
import { format } from "prettier";

const readme = new URL("../../README.md", import.meta.url);
const page = new URL("../../docs/explanation/performance.md", import.meta.url);
const picture = new URL("../../docs/explanation/bench.svg", import.meta.url);

const begin = "<!-- npm run bench writes from here -->";
const end = "<!-- to here -->";

/** What a whole run gives to be read, as Markdown and SVG. */
export interface Published {
  readonly figures: string;
  readonly ratios: string;
  readonly svg: string;
}

/** Puts the figures between the marks of docs/explanation/performance.md, the ratios between those of the README, and the picture beside them. */
export async function publish({
  figures,
  ratios,
  svg,
}: Published): Promise<void> {
  await writeBetween(page, `![CPU time per request](bench.svg)\n\n${figures}`);
  await writeBetween(
    readme,
    `![CPU time per request](docs/explanation/bench.svg)\n\n${ratios}`,
  );
  writeFileSync(picture, svg);
}

async function writeBetween(file: URL, block: string): Promise<void> {
  const text = readFileSync(file, "utf8");
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) {
    throw new Error(`${file.pathname} lacks its marks: ${begin} and ${end}`);
  }
  const whole = `${text.slice(0, from)}${begin}\n\n${block}\n${text.slice(to)}`;
  writeFileSync(file, await format(whole, { parser: "markdown" }));
}
