import { readFileSync, writeFileSync } from "node:fs";
import { format } from "prettier";

const page = new URL("../../docs/performance.md", import.meta.url);
const picture = new URL("../../docs/bench.svg", import.meta.url);

const begin = "<!-- npm run bench writes from here -->";
const end = "<!-- to here -->";

/** Puts the figures between the marks of docs/performance.md, and the picture beside it. */
export async function publish(figures: string, svg: string): Promise<void> {
  const text = readFileSync(page, "utf8");
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) {
    throw new Error(`docs/performance.md lacks its marks: ${begin} and ${end}`);
  }
  const whole = `${text.slice(0, from)}${begin}\n\n![CPU time per request](bench.svg)\n\n${figures}\n${text.slice(to)}`;
  writeFileSync(page, await format(whole, { parser: "markdown" }));
  writeFileSync(picture, svg);
}
