/** A command as it was typed, and what it printed. */
export interface Step {
  readonly command: string;
  readonly output: string;
}

const columns = 100;
const rows = 26;
const lineHeight = 18;
const columnWidth = 8;
const margin = 14;

/** How long a command is shown before its output, and this before the next command, of which each line adds some, in seconds. */
const typed = 0.8;
const read = 1;
const perLine = 0.12;
const atTheEnd = 4;

/**
 * A recording of a terminal as an SVG that needs no script: the lines move up as in a terminal, again and again. It begins with the
 * first command and all its output, so that it is never empty. Where motion is not wanted it shows the end.
 */
export function drawRecording(steps: readonly Step[]): string {
  const lines: string[] = [];
  const frames: { readonly seconds: number; readonly lines: number }[] = [];
  for (const { command, output } of steps) {
    lines.push(
      ...wrap(`$ ${command}`).map((line) => `<tspan class="c">${line}</tspan>`),
    );
    if (frames.length > 0) {
      frames.push({ seconds: typed, lines: lines.length });
    }
    const printed = output.trimEnd().split("\n").flatMap(wrap);
    lines.push(...printed, "");
    frames.push({
      seconds: read + perLine * printed.length,
      lines: lines.length,
    });
  }
  const total = frames.reduce((sum, { seconds }) => sum + seconds, atTheEnd);
  let at = 0;
  const keyframes = frames.map((frame) => {
    const percent = ((100 * at) / total).toFixed(2);
    at += frame.seconds;
    return `${percent}% { transform: ${moved(frame.lines)}; }`;
  });
  const width = columns * columnWidth + 2 * margin;
  const height = rows * lineHeight + 2 * margin;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A terminal: a server is started, a user is locked by wrong passwords, shown and unlocked">
<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #d0d7de; white-space: pre; }
.c { fill: #7ee787; }
.s { transform: ${moved(lines.length)}; animation: play ${total.toFixed(1)}s step-end infinite; }
@keyframes play { ${keyframes.join(" ")} }
@media (prefers-reduced-motion: reduce) { .s { animation: none; } }
</style>
<clipPath id="screen"><rect x="0" y="${margin}" width="${width}" height="${rows * lineHeight}"/></clipPath>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<g clip-path="url(#screen)"><g class="s">
${lines
  .map(
    (line, row) =>
      `<text x="${margin}" y="${margin + (row + 1) * lineHeight - 5}" xml:space="preserve">${line}</text>`,
  )
  .join("\n")}
</g></g>
</svg>
`;
}

/** The lines stand at the bottom, as many as there are. */
function moved(lines: number): string {
  return `translateY(${(rows - lines) * lineHeight}px)`;
}

/** A line as a terminal shows it, escaped for XML. */
function wrap(line: string): readonly string[] {
  const pieces = line.match(new RegExp(`.{1,${columns}}`, "gu")) ?? [""];
  return pieces.map((piece) =>
    piece
      .trimEnd()
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;"),
  );
}
