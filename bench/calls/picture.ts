import { calls } from "./calls.ts";
import type { Found } from "./race.ts";
import { standings } from "./standings.ts";
import type { Standing } from "./standings.ts";
import { times } from "./table.ts";

const width = 800;
const labelWidth = 270;
const barWidth = 360;
const rowHeight = 24;
const barHeight = 14;
const headingHeight = 40;
const top = 56;

/** The CPU time of requests as bars, in SVG that can be read on light and dark pages. */
export function toPicture(found: Found): string {
  const panels: string[] = [];
  let y = top;
  for (const [call, all] of standings(found)) {
    panels.push(
      `<text class="call" x="0" y="${y + 26}">${escape(calls[call].title)}</text>`,
      ...bars(all, y + headingHeight),
    );
    y += headingHeight + all.length * rowHeight;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 8}" width="${width}" height="${y + 8}" role="img" aria-label="CPU time per request beside other servers">`,
    "<style>",
    "text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-size:17px;font-weight:600}.call{font-size:14px;font-weight:600}",
    ".ours{font-weight:600}.quiet{fill:#59636e}.bar{fill:#a8b1bb}.bar.ours{fill:#0969da}.aim{stroke:#bc4c00;stroke-width:2}",
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}.bar{fill:#57606a}.bar.ours{fill:#4493f8}.aim{stroke:#f0883e}}",
    "</style>",
    '<text class="title" x="0" y="20">CPU time per request, lockoutd’s = 1</text>',
    '<text class="quiet" x="0" y="42">Longer is costlier. The others’ handlers are empty. A bar that reaches its mark has met the aim.</text>',
    ...panels,
    "</svg>",
    "",
  ].join("\n");
}

function bars(all: readonly Standing[], firstY: number): readonly string[] {
  const known = all.flatMap(({ ratio, aim }) => [ratio ?? 0, aim ?? 0]);
  const scale = barWidth / Math.max(1, ...known);
  return all.flatMap(({ title, ours, ratio, aim }, place) => {
    const y = firstY + place * rowHeight;
    const middle = y + barHeight / 2;
    const value = ours ? 1 : ratio;
    const told = value === undefined ? "not measured" : times(value);
    const goal = aim === undefined ? "" : `, aim ${aim}×`;
    const emphasis = ours ? " ours" : "";
    const end =
      labelWidth + Math.max(value ?? 0, aim ?? 0) * scale + rowHeight / 2;
    return [
      `<text class="label${emphasis}" x="${labelWidth - 10}" y="${middle + 4.5}" text-anchor="end">${escape(title)}</text>`,
      `<rect class="bar${emphasis}" x="${labelWidth}" y="${y}" width="${((value ?? 0) * scale).toFixed(1)}" height="${barHeight}" rx="2"/>`,
      ...(aim === undefined ? [] : [mark(labelWidth + aim * scale, y)]),
      `<text class="quiet" x="${end.toFixed(1)}" y="${middle + 4.5}">${ours ? "1" : told}${goal}</text>`,
    ];
  });
}

function mark(x: number, y: number): string {
  const at = x.toFixed(1);
  return `<line class="aim" x1="${at}" x2="${at}" y1="${y - 3}" y2="${y + barHeight + 3}"/>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
